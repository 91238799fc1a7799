//! One run: who plays, what they do, what befalls them. All of it follows from the seed.

mod stagehands;

use std::{cell::Cell, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use turmoil::Sim;
use weir::world::{Bug, Dice};

use self::stagehands::Stagehands;
use crate::{
    cast::{backend, client::Client, proxy},
    fault::{self, Fault},
    history::{Event, History},
    panics::Watch,
    stage::{TCP_CAPACITY, TICK, stay_up},
    traffic::Traffic,
    world::{Cluster, Knobs, Machine, ProcessKnobs, epoch},
};

/// A run, before it is played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What everything is drawn from.
    pub seed: u64,
    /// How long a message takes when nothing is slow.
    pub link_latency: Duration,
    /// The connections.
    pub knobs: Knobs,
    /// Workers of the proxy.
    pub workers: usize,
    /// What clients ask and backends answer.
    pub traffic: Traffic,
    /// What befalls the cluster.
    pub faults: Vec<Fault>,
    /// The bug planted into the proxy.
    pub bug: Option<Bug>,
}

/// A run that was played.
#[derive(Debug)]
pub struct Run {
    /// All that happened.
    pub history: Arc<History>,
    /// How it ended.
    pub end: End,
    /// How much simulated time passed.
    pub simulated: Duration,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All clients did all they had to do.
    Finished,
    /// Something panicked.
    Panicked(String),
    /// Clients were still busy when the time was up.
    TimeUp,
}

impl Scenario {
    /// What the seed says.
    pub fn draw(seed: u64, bug: Option<Bug>) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(b"plot");
        let dice = Dice::new(key);
        let mut knobs = dice.split("knobs");
        let window = [1_000, 16_384, 65_536][knobs.below(3) as usize];
        Self {
            seed,
            link_latency: Duration::from_millis(1 + knobs.below(5)),
            knobs: Knobs { window, chop: knobs.below(4) > 0 },
            workers: 1 + knobs.below(3) as usize,
            traffic: Traffic::draw(&dice.split("traffic")),
            faults: fault::draw(&dice.split("faults"), FAULTS_WITHIN, &names(CLIENTS), PROXY, &names(BACKENDS)),
            bug,
        }
    }

    /// Plays it. `each_step` hears the simulated time before every step.
    pub fn play(&self, each_step: &mut dyn FnMut(Duration)) -> Run {
        let watch = Watch::start();
        let history = Arc::new(History::default());
        let mut sim = turmoil::Builder::new()
            .rng_seed(self.seed)
            .epoch(epoch())
            .tick_duration(TICK)
            .simulation_duration(Duration::MAX)
            .min_message_latency(self.link_latency)
            .max_message_latency(self.link_latency)
            .tcp_capacity(TCP_CAPACITY)
            .build();
        each_step(Duration::ZERO);
        let cluster = Cluster::new(self.seed, self.knobs, self.bug, Some(Arc::clone(&history)));
        let busy = self.cast(&mut sim, &cluster, &history);
        let mut hands = Stagehands::new(self, busy.machines);

        let mut settled_at = None;
        let end = loop {
            let now = sim.elapsed();
            each_step(now);
            history.set_now(now);
            hands.work(&mut sim, &cluster, &history);
            let stepped = sim.step();
            if let Some(panic) = watch.seen() {
                break End::Panicked(panic);
            }
            if let Err(error) = stepped {
                break End::Panicked(error.to_string());
            }
            if busy.clients.get() == 0 && now >= *settled_at.get_or_insert(now + SETTLE) {
                let [to_clients, to_backends] = [CLIENTS, BACKENDS].map(|(kind, _)| cluster.open_between(PROXY, kind));
                history.add_at(now, Event::LeftOver { to_clients, to_backends });
                break End::Finished;
            }
            if now > LIMIT {
                break End::TimeUp;
            }
        };
        // What tasks write down while they are dropped is no part of the run.
        history.close();
        Run { history, end, simulated: sim.elapsed() }
    }

    fn cast(&self, sim: &mut Sim<'_>, cluster: &Arc<Cluster>, history: &Arc<History>) -> Busy {
        let mut machines = Vec::new();
        let mut machine = |sim: &Sim<'_>, name: &str, process| {
            let machine = Machine::new(cluster, name, sim.lookup(name), process);
            machines.push(Arc::clone(&machine));
            machine
        };
        let traffic = Rc::new(self.traffic.clone());
        let backends: Vec<_> = names(BACKENDS)
            .into_iter()
            .map(|name| {
                let machine = machine(sim, &name, ProcessKnobs::default());
                let (traffic, history) = (Rc::clone(&traffic), backend::pen(history));
                let address = machine.address();
                sim.host(name.clone(), move || {
                    let (name, traffic, history) = (name.clone(), Rc::clone(&traffic), Rc::clone(&history));
                    let machine = Arc::clone(&machine);
                    async move {
                        if let Some(world) = machine.boot() {
                            backend::serve(world, name, traffic, history).await;
                        }
                        stay_up().await
                    }
                });
                address
            })
            .collect();
        cluster.name("backends", backends);

        let at = machine(sim, PROXY, ProcessKnobs { workers: self.workers, ..ProcessKnobs::default() });
        let proxy_at = SocketAddr::new(at.address(), proxy::PORT);
        sim.host(PROXY, move || {
            let machine = Arc::clone(&at);
            async move {
                if let Some(world) = machine.boot() {
                    proxy::serve(world, "backends").await;
                }
                stay_up().await
            }
        });

        let clients = Rc::new(Cell::new(self.traffic.clients.len()));
        for (nth, name) in names(CLIENTS).into_iter().enumerate() {
            let machine = machine(sim, &name, ProcessKnobs::default());
            let plans: Vec<_> = self.traffic.clients.iter().cloned().enumerate().skip(nth).step_by(2).collect();
            let (clients, pen) = (Rc::clone(&clients), backend::pen(history));
            sim.client(name, async move {
                let world = machine.boot().expect("nothing befalls the clients' machines");
                for (number, plan) in plans {
                    let client = Client { world: world.clone(), proxy: proxy_at, note: Rc::clone(&pen) };
                    let clients = Rc::clone(&clients);
                    tokio::task::spawn_local(async move {
                        let begun = tokio::time::Instant::now();
                        client.play(&plan).await;
                        tokio::time::sleep_until(begun + HEALED).await;
                        let first = PROBES_FROM + 3 * number as u64;
                        client.probe([first, first + 1, first + 2]).await;
                        clients.set(clients.get() - 1);
                    });
                }
                stay_up().await
            });
        }
        Busy { machines, clients }
    }
}

/// Who plays.
struct Busy {
    machines: Vec<Arc<Machine>>,
    /// Clients that have not done all they had to do.
    clients: Rc<Cell<usize>>,
}

fn names((of, count): (&str, usize)) -> Vec<String> {
    (0..count).map(|nth| format!("{of}-{nth}")).collect()
}

/// Machines that clients share.
const CLIENTS: (&str, usize) = ("clients", 2);
const BACKENDS: (&str, usize) = ("backend", 2);
const PROXY: &str = "proxy";
/// Faults begin before this.
const FAULTS_WITHIN: Duration = Duration::from_secs(3);
/// By now every fault is over: from here on everything must work.
pub(crate) const HEALED: Duration = Duration::from_secs(5);
/// Numbers of the requests that ask whether everything works.
pub(crate) const PROBES_FROM: u64 = 1_000_000;
/// How long after the last client's end the proxy has let go of everything that it does not keep on purpose.
const SETTLE: Duration = Duration::from_secs(2);
/// Past this the run has failed.
const LIMIT: Duration = Duration::from_secs(180);

#[cfg(test)]
mod tests;
