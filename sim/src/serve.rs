//! A run of `weir serve`: an API server with its store on a disk, two extension servers behind TLS, clients that write objects and that
//! ask the extensions. All of it follows from the seed.

mod caller;
mod client;
mod extension;
mod operator;
mod plan;
mod server;
mod validate;
mod watcher;

use std::{cell::Cell, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use turmoil::Sim;
use weir::world::{Bug, Dice};

use self::{caller::Caller, client::Client, extension::Extension};
pub use self::{
    plan::{Act, Ask, ClientPlan, Plan, Step},
    validate::validate,
};
use crate::{
    cast::backend::pen,
    fault,
    history::History,
    production::{Busy, Production, Run},
    scenario::names,
    stage::stay_up,
    world::{Cluster, Knobs, Machine, ProcessKnobs},
};

/// A run, before it is played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it has in common with other plots.
    pub production: Production,
    /// Workers of the API server.
    pub workers: usize,
    /// What clients do.
    pub plan: Plan,
}

impl Scenario {
    /// What the seed says.
    pub fn draw(seed: u64, bug: Option<Bug>) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..13].copy_from_slice(b"serve");
        let dice = Dice::new(key);
        let mut knobs = dice.split("knobs");
        let mut faults = fault::draw(&dice.split("faults"), FAULTS_WITHIN, &names(CLIENTS), SERVER, &names(EXTENSIONS));
        faults.extend(fault::draw_failing_disk(&dice.split("disk"), FAULTS_WITHIN, SERVER));
        let production = Production {
            seed,
            link_latency: Duration::from_millis(1 + knobs.below(5)),
            knobs: Knobs { chop: knobs.below(2) == 0, ..Knobs::default() },
            faults,
            bug,
        };
        Self { production, workers: WORKERS, plan: Plan::draw(&dice.split("plan")) }
    }

    /// Plays it. `each_step` hears the simulated time before every step.
    pub fn play(&self, each_step: &mut dyn FnMut(Duration)) -> Run {
        self.production.play(each_step, |sim, cluster, history| self.cast(sim, cluster, history), |_| None)
    }

    fn cast(&self, sim: &mut Sim<'_>, cluster: &Arc<Cluster>, history: &Arc<History>) -> Busy {
        // Beside the clients the operator, who brings the extensions on, and the watchers.
        let mut busy = Busy::new(self.plan.clients.len() + 1 + WATCHED.len());
        let plan = Rc::new(self.plan.clone());
        let extensions: Vec<Extension> =
            (0..EXTENSIONS.1).map(|nth| Extension::new(nth, &plan, pen(history))).collect();
        let authorities: Vec<String> = extensions.iter().map(Extension::authority).collect();
        for extension in extensions {
            let machine = busy.machine(sim, cluster, extension.name(), ProcessKnobs::default());
            host(sim, machine, move |world| {
                let extension = extension.clone();
                async move { extension.serve(world).await }
            });
        }
        let knobs = ProcessKnobs { workers: self.workers, ..ProcessKnobs::default() };
        let server = busy.machine(sim, cluster, SERVER, knobs);
        let at = SocketAddr::new(server.address(), server::PORT);
        server::furnish(server.disk());
        host(sim, server, server::serve);

        let clients = busy.clients();
        for (nth, name) in names(CLIENTS).into_iter().enumerate() {
            let machine = busy.machine(sim, cluster, &name, ProcessKnobs::default());
            let plans: Vec<_> = plan.clients.iter().cloned().enumerate().skip(nth).step_by(CLIENTS.1).collect();
            let authorities = if nth == 0 { authorities.clone() } else { Vec::new() };
            let (clients, pen) = (Rc::clone(&clients), pen(history));
            sim.client(name, async move {
                let world = machine.boot().expect("nothing befalls the clients' machines");
                if !authorities.is_empty() {
                    let caller = Caller::new(world.clone(), at);
                    let done = done(&clients);
                    tokio::task::spawn_local(async move {
                        operator::bring_on(caller, &authorities).await;
                        done();
                    });
                    for what in WATCHED {
                        let (caller, pen) = (Caller::new(world.clone(), at), Rc::clone(&pen));
                        let done = self::done(&clients);
                        tokio::task::spawn_local(async move {
                            watcher::watch(caller, pen, what).await;
                            done();
                        });
                    }
                }
                for (number, plan) in plans {
                    let client = Client::new(number, Caller::new(world.clone(), at), Rc::clone(&pen));
                    let done = done(&clients);
                    tokio::task::spawn_local(async move {
                        client.play(&plan).await;
                        done();
                    });
                }
                stay_up().await
            });
        }
        busy
    }
}

/// A machine that runs something whenever it is up.
fn host<F>(sim: &mut Sim<'_>, machine: Arc<Machine>, task: impl Fn(weir::world::World) -> F + 'static)
where
    F: Future<Output = ()> + 'static,
{
    let task = Rc::new(task);
    sim.host(machine.name().to_owned(), move || {
        let (machine, task) = (Arc::clone(&machine), Rc::clone(&task));
        async move {
            if let Some(world) = machine.boot() {
                task(world).await;
            }
            stay_up().await
        }
    });
}

fn done(clients: &Rc<Cell<usize>>) -> impl FnOnce() + use<> {
    let clients = Rc::clone(clients);
    move || clients.set(clients.get() - 1)
}

/// Machines that clients share.
const CLIENTS: (&str, usize) = ("clients", 2);
const EXTENSIONS: (&str, usize) = ("extension", 2);
const SERVER: &str = "server";
const WORKERS: usize = 2;
/// The collections that are watched.
const WATCHED: [&str; 2] = [plan::NAMESPACES, plan::SERVICES];
/// Faults begin before this.
const FAULTS_WITHIN: Duration = Duration::from_secs(6);
/// By now every fault is over: from here on everything must work, after a while.
const HEALED: Duration = Duration::from_secs(8);
