//! A small simulated network for one conversation, played in the caller's thread.

use std::{
    cell::{Cell, RefCell},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use weir::world::{Bug, LocalBoxFuture, World};

use crate::{
    panics::Watch,
    world::{Cluster, Knobs, Machine, ProcessKnobs, epoch},
};

/// A small simulated network: hosts that serve, clients that ask. The run ends when all clients have ended.
///
/// It makes no promise that two runs are the same to the byte: that needs a process of its own.
pub struct Stage {
    seed: u64,
    link_latency: Duration,
    knobs: Knobs,
    bug: Option<Bug>,
    actors: Vec<(String, Part)>,
    workers: usize,
}

enum Part {
    Host(Rc<dyn Fn(World) -> LocalBoxFuture<'static, ()>>),
    Client(Box<dyn FnOnce(World) -> LocalBoxFuture<'static, Result<(), String>>>),
}

/// Why a run on a stage failed.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A client said that something is wrong.
    #[error("{client}: {said}")]
    Client {
        /// The client's name.
        client: String,
        /// What it said.
        said: String,
    },
    /// Something panicked, on a host or a client.
    #[error("panicked: {0}")]
    Panicked(String),
    /// Clients had not ended when the simulated time was up.
    #[error("not ended within {limit:?} of simulated time: {waiting:?}")]
    TimeUp {
        /// The limit.
        limit: Duration,
        /// The clients that had not ended.
        waiting: Vec<String>,
    },
}

impl Stage {
    /// An empty stage. Links take 1 ms, bytes are not chopped, no bug is planted.
    pub fn new(seed: u64) -> Self {
        Self { seed, link_latency: TICK, knobs: Knobs::default(), bug: None, actors: Vec::new(), workers: 1 }
    }

    /// How long every message takes from one machine to another, in whole milliseconds.
    pub fn link_latency(mut self, milliseconds: u64) -> Self {
        self.link_latency = Duration::from_millis(milliseconds);
        self
    }

    /// Whether reads come short, writes are torn and both sometimes have to be asked twice. Default no.
    pub fn chop(mut self, chop: bool) -> Self {
        self.knobs.chop = chop;
        self
    }

    /// Plants a bug on every machine.
    pub fn bug(mut self, bug: Option<Bug>) -> Self {
        self.bug = bug;
        self
    }

    /// How many bytes of a connection may be on their way or unread in one direction. Default 64 KiB.
    pub fn window(mut self, bytes: usize) -> Self {
        self.knobs.window = bytes;
        self
    }

    /// How many workers `world.process` tells to every host. Default 1.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Adds a machine that serves for as long as the run lasts. Its name resolves on all machines.
    pub fn host(&mut self, name: &str, task: impl Fn(World) -> LocalBoxFuture<'static, ()> + 'static) {
        self.actors.push((name.to_owned(), Part::Host(Rc::new(task))));
    }

    /// Adds a machine that asks. The run ends when all clients have ended.
    pub fn client(
        &mut self,
        name: &str,
        task: impl FnOnce(World) -> LocalBoxFuture<'static, Result<(), String>> + 'static,
    ) {
        self.actors.push((name.to_owned(), Part::Client(Box::new(task))));
    }

    /// Plays until all clients have ended, or `limit` of simulated time has passed. The first client that complains is the error.
    pub fn run(self, limit: Duration) -> Result<(), StageError> {
        let watch = Watch::start();
        let mut sim = network(self.seed, self.link_latency);
        let cluster = Cluster::new(self.seed, self.knobs, self.bug, None);
        let actors: Vec<_> = self
            .actors
            .into_iter()
            .map(|(name, part)| {
                let address: IpAddr = sim.lookup(name.as_str());
                let process = ProcessKnobs { workers: self.workers, ..ProcessKnobs::default() };
                let machine = Machine::new(&cluster, &name, address, process);
                (name, machine, part)
            })
            .collect();

        let waiting: Rc<RefCell<Vec<String>>> = Rc::default();
        let complaint: Rc<Cell<Option<StageError>>> = Rc::default();
        for (name, machine, part) in actors {
            match part {
                Part::Host(task) => sim.host(name, move || {
                    let (task, machine) = (Rc::clone(&task), Arc::clone(&machine));
                    async move {
                        task(machine.boot().expect(NEVER_STOPPED)).await;
                        stay_up().await
                    }
                }),
                Part::Client(task) => {
                    waiting.borrow_mut().push(name.clone());
                    let (waiting, complaint) = (Rc::clone(&waiting), Rc::clone(&complaint));
                    sim.client(name.clone(), async move {
                        let said = task(machine.boot().expect(NEVER_STOPPED)).await;
                        waiting.borrow_mut().retain(|client| *client != name);
                        if let Err(said) = said {
                            let first = complaint.take();
                            complaint.set(first.or(Some(StageError::Client { client: name, said })));
                        }
                        stay_up().await
                    });
                }
            }
        }

        while !waiting.borrow().is_empty() {
            let stepped = sim.step();
            if let Some(panic) = watch.seen() {
                return Err(StageError::Panicked(panic));
            }
            if let Err(error) = stepped {
                return Err(StageError::Panicked(error.to_string()));
            }
            if sim.elapsed() > limit {
                let waiting = waiting.borrow().clone();
                return Err(complaint.take().unwrap_or(StageError::TimeUp { limit, waiting }));
            }
        }
        complaint.take().map_or(Ok(()), Err)
    }
}

/// A machine whose program has ended stays up, and its kernel still answers for the connections; turmoil would stop it.
pub(crate) async fn stay_up() -> turmoil::Result {
    std::future::pending().await
}

/// A network without hosts, in which nothing happens that the seed does not say.
pub(crate) fn network<'a>(seed: u64, link_latency: Duration) -> turmoil::Sim<'a> {
    turmoil::Builder::new()
        .rng_seed(seed)
        .epoch(epoch())
        .tick_duration(TICK)
        .simulation_duration(Duration::MAX)
        .min_message_latency(link_latency)
        .max_message_latency(link_latency)
        .tcp_capacity(TCP_CAPACITY)
        .build()
}

const NEVER_STOPPED: &str = "a stage has no faults";

/// turmoil's clocks are right only if its tick is a whole number of milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// Segments that a socket holds; turmoil panics past it, so it is out of reach.
const TCP_CAPACITY: usize = 1 << 20;
