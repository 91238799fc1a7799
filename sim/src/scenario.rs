//! One run: who plays, what they do, what befalls them. All of it follows from the seed.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use turmoil::Sim;
use weir::world::{Bug, Dice};

use crate::{
    cast::{backend, client::Client, proxy},
    fault,
    history::{Event, History},
    production::{Busy, FAULTS_WITHIN, HEALED, Production, Run},
    stage::stay_up,
    traffic::Traffic,
    world::{Cluster, Knobs, ProcessKnobs},
};

/// A run, before it is played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it has in common with other plots.
    pub production: Production,
    /// Workers of the proxy.
    pub workers: usize,
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
        let window = [1_000, 16_384, 65_536][knobs.below(3) as usize];
        let production = Production {
            seed,
            link_latency: Duration::from_millis(1 + knobs.below(5)),
            knobs: Knobs { window, chop: knobs.below(4) > 0 },
            faults: fault::draw(&dice.split("faults"), FAULTS_WITHIN, &names(CLIENTS), PROXY, &names(BACKENDS)),
            bug,
        };
        Self { production, workers: 1 + knobs.below(3) as usize, traffic: Traffic::draw(&dice.split("traffic")) }
    }

    /// Plays it. `each_step` hears the simulated time before every step.
    pub fn play(&self, each_step: &mut dyn FnMut(Duration)) -> Run {
        let left_over = |cluster: &Cluster| {
            let [to_clients, to_backends] = [CLIENTS, BACKENDS].map(|(kind, _)| cluster.open_between(PROXY, kind));
            Some(Event::LeftOver { to_clients, to_backends })
        };
        self.production.play(each_step, |sim, cluster, history| self.cast(sim, cluster, history), left_over)
    }

    fn cast(&self, sim: &mut Sim<'_>, cluster: &Arc<Cluster>, history: &Arc<History>) -> Busy {
        let mut busy = Busy::new(self.traffic.clients.len());
        let clients = busy.clients();
        let mut machine = |sim: &Sim<'_>, name: &str, process| busy.machine(sim, cluster, name, process);
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
        busy
    }
}

pub(crate) fn names((of, count): (&str, usize)) -> Vec<String> {
    (0..count).map(|nth| format!("{of}-{nth}")).collect()
}

/// Machines that clients share.
const CLIENTS: (&str, usize) = ("clients", 2);
const BACKENDS: (&str, usize) = ("backend", 2);
const PROXY: &str = "proxy";
/// Numbers of the requests that ask whether everything works.
pub(crate) const PROBES_FROM: u64 = 1_000_000;

#[cfg(test)]
mod tests;
