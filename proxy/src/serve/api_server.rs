//! `weir serve`: an API server with aggregation, as a process.

mod admin;
mod config;
mod users;

use std::rc::Rc;

use self::config::ApiServerConfig;
use super::{ServeError, run_workers};
use crate::{
    chain::{self, Chain, Routed},
    config::ServeFlags,
    listen::Server,
    observe::{Check, Health},
    router::Router,
    world::World,
};

/// Runs `weir serve` until a signal ends it. `ready` gets the ready line, as soon as requests are served.
///
/// # Errors
/// A flag or file cannot be used, the address cannot be listened at, or a worker panicked.
pub async fn run(world: &World, flags: &ServeFlags, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let config = ApiServerConfig::from_flags(world, flags)?;
    let listeners = world
        .net
        .listen(&config.listen, config.workers)
        .map_err(|source| ServeError::Listen { address: config.listen.to_string(), source })?;
    let at = listeners.first().and_then(|listener| listener.local()).map_or(flags.secure_port, |local| local.port());
    let server = config.server_url(at);
    let kubeconfig = config.admin.write_kubeconfig(world, &server, &config.authority)?;
    let line = format!("weir serve: {server} kubeconfig {}", kubeconfig.display());

    let checks = Checks::new();
    checks.installed.pass();
    let running = run_workers(world, listeners, move |world, listener, stop| {
        let (config, checks) = (config.clone(), checks.clone());
        Box::pin(async move {
            let router = Router::new(checks.health.clone(), config.parts.metrics.clone(), checks.installed.clone());
            let handler = Chain::new(chain::filters(&world, &config.parts), Routed::new(router));
            let mut stopping = stop.clone();
            let shutdown = checks.shutdown.clone();
            tokio::task::spawn_local(async move {
                stopping.wait().await;
                shutdown.fail("process is shutting down");
            });
            Server::new(Rc::new(handler), config.server, world).run(listener, stop).await;
        })
    });
    ready(&line);
    running.await
}

/// What `/readyz` and its like look at.
#[derive(Clone, Debug)]
struct Checks {
    health: Health,
    /// Every APIService that is stored has its path.
    installed: Check,
    /// The process has not been told to stop.
    shutdown: Check,
}

impl Checks {
    fn new() -> Self {
        let installed = Check::pending("poststarthook/apiservice-registration-controller");
        let shutdown = Check::passing("shutdown").for_readiness();
        let health =
            Health::new(vec![Check::passing("ping"), Check::passing("log"), installed.clone(), shutdown.clone()]);
        Self { health, installed, shutdown }
    }
}
