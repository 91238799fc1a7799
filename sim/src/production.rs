//! How any plot is played: the network is built, the cast comes on, faults befall it until all clients have ended.

mod stagehands;

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use turmoil::Sim;
use weir::world::Bug;

use self::stagehands::Stagehands;
use crate::{
    fault::Fault,
    history::{Event, History},
    panics::Watch,
    stage::network,
    world::{Cluster, Knobs, Machine, ProcessKnobs},
};

/// What is the same for every plot.
#[derive(Clone, Debug)]
pub struct Production {
    /// What everything is drawn from.
    pub seed: u64,
    /// How long a message takes when nothing is slow.
    pub link_latency: Duration,
    /// The connections.
    pub knobs: Knobs,
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

/// Who plays.
pub(crate) struct Busy {
    machines: Vec<Arc<Machine>>,
    /// Clients that have not done all they had to do.
    clients: Rc<Cell<usize>>,
}

impl Busy {
    pub(crate) fn new(clients: usize) -> Self {
        Self { machines: Vec::new(), clients: Rc::new(Cell::new(clients)) }
    }

    /// A machine of this name.
    pub(crate) fn machine(
        &mut self,
        sim: &Sim<'_>,
        cluster: &Arc<Cluster>,
        name: &str,
        process: ProcessKnobs,
    ) -> Arc<Machine> {
        let machine = Machine::new(cluster, name, sim.lookup(name), process);
        self.machines.push(Arc::clone(&machine));
        machine
    }

    /// Clients that have not done all they had to do.
    pub(crate) fn clients(&self) -> Rc<Cell<usize>> {
        Rc::clone(&self.clients)
    }
}

impl Production {
    /// Plays it. `each_step` hears the simulated time before every step; `cast` brings everybody on; `curtain` is what is written
    /// down when all has been quiet for a while.
    pub(crate) fn play(
        &self,
        each_step: &mut dyn FnMut(Duration),
        cast: impl FnOnce(&mut Sim<'_>, &Arc<Cluster>, &Arc<History>) -> Busy,
        curtain: impl Fn(&Cluster) -> Option<Event>,
    ) -> Run {
        let watch = Watch::start();
        let history = Arc::new(History::default());
        let mut sim = network(self.seed, self.link_latency);
        each_step(Duration::ZERO);
        let cluster = Cluster::new(self.seed, self.knobs, self.bug, Some(Arc::clone(&history)));
        let busy = cast(&mut sim, &cluster, &history);
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
                if let Some(event) = curtain(&cluster) {
                    history.add_at(now, event);
                }
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
}

/// Faults begin before this.
pub(crate) const FAULTS_WITHIN: Duration = Duration::from_secs(3);
/// By now every fault is over: from here on everything must work.
pub(crate) const HEALED: Duration = Duration::from_secs(5);
/// How long after the last client's end the proxy has let go of everything that it does not keep on purpose.
const SETTLE: Duration = Duration::from_secs(2);
/// Past this the run has failed.
const LIMIT: Duration = Duration::from_secs(180);
