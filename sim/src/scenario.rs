//! One run: who plays, what they do, what befalls them. All of it follows from the seed.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use tokio::task::LocalSet;
use turmoil::Sim;
use weir::world::{Bug, Dice};

use crate::{
    cast::{
        backend::{self, Backend, Pair},
        client::Client,
        proxy,
    },
    fault::{self, Fault},
    history::{Event, History},
    production::{Busy, FAULTS_WITHIN, HEALED, Production, Run},
    stage::stay_up,
    traffic::{Speech, Traffic},
    world::{Cluster, Knobs, Mishaps, ProcessKnobs},
};

/// A run, before it is played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it has in common with other plots.
    pub production: Production,
    /// Workers of the proxy.
    pub workers: usize,
    /// What clients speak with the proxy.
    pub front: Speech,
    /// What the proxy speaks with backends.
    pub back: Speech,
    /// What befalls connections at their clients' and backends' ends.
    pub mishaps: Mishaps,
    /// What clients ask and backends answer.
    pub traffic: Traffic,
}

impl Scenario {
    /// What the seed says.
    pub fn draw(seed: u64, bug: Option<Bug>) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(b"plot");
        let dice = Dice::new(key);
        let mut knobs = dice.split("knobs");
        let front = Speech::draw(&dice.split("front"));
        let back = Speech::draw(&dice.split("back"));
        // Through the smallest window many streams would take longer than anybody waits.
        let smallest = if [front, back].contains(&Speech::Http2) { 16_384 } else { 1_000 };
        let window = [smallest, 16_384, 65_536][knobs.below(3) as usize];
        let (faults, mishaps) = draw_trouble(&dice);
        let production = Production {
            seed,
            link_latency: Duration::from_millis(1 + knobs.below(5)),
            knobs: Knobs { window, chop: knobs.below(4) > 0 },
            faults,
            bug,
        };
        let traffic = Traffic::draw(&dice.split("traffic"), front);
        Self { production, workers: 1 + knobs.below(3) as usize, front, back, mishaps, traffic }
    }

    /// Plays it. `each_step` hears the simulated time before every step.
    pub fn play(&self, each_step: &mut dyn FnMut(Duration)) -> Run {
        let left_over = |cluster: &Cluster| {
            let [to_clients, to_backends] = [CLIENTS, BACKENDS].map(|(kind, _)| cluster.open_between(PROXY, kind));
            Some(Event::LeftOver { to_clients, to_backends })
        };
        self.production.play(each_step, |sim, cluster, history| self.cast(sim, cluster, history), left_over)
    }

    /// By now every fault is over.
    fn healed(&self) -> Duration {
        let ends = self.production.faults.iter().map(|fault| fault.starts + fault.lasts);
        ends.fold(HEALED, |healed, end| healed.max(end + SECOND))
    }

    fn cast(&self, sim: &mut Sim<'_>, cluster: &Arc<Cluster>, history: &Arc<History>) -> Busy {
        let mut busy = Busy::new(self.traffic.clients.len());
        let clients = busy.clients();
        let mut machine = |sim: &Sim<'_>, name: &str, process| busy.machine(sim, cluster, name, process);
        let traffic = Rc::new(self.traffic.clone());
        let pair = Rc::new(Pair::new());
        let (front, back) = (self.front, self.back);
        let beside = ProcessKnobs { mishaps: self.mishaps, ..ProcessKnobs::default() };
        let backends: Vec<_> = names(BACKENDS)
            .into_iter()
            .map(|name| {
                let machine = machine(sim, &name, beside.clone());
                let backend = Backend::new(name.clone(), &traffic, back, &pair, backend::pen(history));
                let address = machine.address();
                sim.host(name, move || {
                    let (machine, backend) = (Arc::clone(&machine), backend.clone());
                    async move {
                        if let Some(world) = machine.boot() {
                            backend.serve(world).await;
                        }
                        stay_up().await
                    }
                });
                address
            })
            .collect();
        cluster.name("backends", backends);

        let at = machine(sim, PROXY, ProcessKnobs { workers: self.workers, ..ProcessKnobs::default() });
        proxy::furnish(at.disk(), &pair);
        let proxy_at = SocketAddr::new(at.address(), proxy::PORT);
        sim.host(PROXY, move || {
            let machine = Arc::clone(&at);
            async move {
                if let Some(world) = machine.boot() {
                    // What is left of a process ends with it.
                    LocalSet::new().run_until(proxy::serve(world, "backends", front, back)).await;
                }
                stay_up().await
            }
        });

        for (nth, name) in names(CLIENTS).into_iter().enumerate() {
            let machine = machine(sim, &name, beside.clone());
            let plans: Vec<_> = self.traffic.clients.iter().cloned().enumerate().skip(nth).step_by(2).collect();
            let (clients, pen, healed) = (Rc::clone(&clients), backend::pen(history), self.healed());
            sim.client(name, async move {
                let world = machine.boot().expect("nothing befalls the clients' machines");
                for (number, plan) in plans {
                    let client = Client::new(world.clone(), proxy_at, front, Rc::clone(&pen));
                    let clients = Rc::clone(&clients);
                    tokio::task::spawn_local(async move {
                        let begun = tokio::time::Instant::now();
                        client.play(&plan).await;
                        tokio::time::sleep_until(begun + healed).await;
                        let first = PROBES_FROM + 3 * number as u64;
                        client.probe([first, first + 1, first + 2]).await;
                        clients.set(clients.get() - 1);
                    });
                }
                stay_up().await
            });
        }
        busy
    }
}

/// What befalls the cluster. Where it is little, more is promised.
fn draw_trouble(dice: &Dice) -> (Vec<Fault>, Mishaps) {
    let (backends, clients) = (names(BACKENDS), names(CLIENTS));
    match dice.split("trouble").below(12) {
        0..4 => (Vec::new(), Mishaps::None),
        4 => (fault::draw_dead_backend(&dice.split("dead backend"), &backends), Mishaps::None),
        5 => (fault::draw_stops(&dice.split("stops"), FAULTS_WITHIN, PROXY), Mishaps::None),
        _ => {
            let mishaps = [Mishaps::None, Mishaps::Stalls, Mishaps::All, Mishaps::All];
            let mishaps = mishaps[dice.split("mishaps").below(4) as usize];
            (fault::draw(&dice.split("faults"), FAULTS_WITHIN, &clients, PROXY, &backends), mishaps)
        }
    }
}

pub(crate) fn names((of, count): (&str, usize)) -> Vec<String> {
    (0..count).map(|nth| format!("{of}-{nth}")).collect()
}

/// Machines that clients share.
const CLIENTS: (&str, usize) = ("clients", 2);
const BACKENDS: (&str, usize) = ("backend", 2);
const PROXY: &str = "proxy";
const SECOND: Duration = Duration::from_secs(1);
/// Numbers of the requests that ask whether everything works.
pub(crate) const PROBES_FROM: u64 = 1_000_000;

#[cfg(test)]
mod tests;
