//! `weir serve`: an API server with aggregation, as a process.

mod admin;
mod config;
mod users;

use std::{net::SocketAddr, pin::pin, rc::Rc, sync::Arc};

use self::config::ApiServerConfig;
use super::{ServeError, Worker, run_workers};
use crate::{
    aggregate::{self, Aggregation, Credential, Proxy, Told},
    chain::{self, Chain, Routed},
    config::{BadFlag, ServeFlags, certificates::Keep},
    discovery::{Sources, local_versions},
    listen::Server,
    observe::{Check, Health},
    openapi::Specs,
    rest::Registry,
    router::{Router, Shared},
    storage::{Cache, Embedded, Memory, Store, StoreError},
    world::{Stop, World},
};

/// Runs `weir serve` until a signal ends it. `ready` gets the ready line, as soon as requests are served.
///
/// # Errors
/// A flag or file cannot be used, the store is another process's, the address cannot be listened at, or a worker panicked.
pub async fn run(world: &World, flags: &ServeFlags, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let keep = match &flags.data_dir[..] {
        "" => Keep::Memory,
        folder => Keep::Folder(folder.into()),
    };
    // First of all: whoever has the store may write the other files too.
    let cache = open(world, &keep).await.map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
    let config = ApiServerConfig::from_flags(world, flags, &keep)?;
    let listeners = world
        .net
        .listen(&config.listen, config.workers)
        .map_err(|source| ServeError::Listen { address: config.listen.to_string(), source })?;
    let at = listeners.first().and_then(|listener| listener.local()).map_or(flags.secure_port, |local| local.port());
    let address = config.address(at);
    let server = format!("https://{address}");
    let kubeconfig = config.admin.write_kubeconfig(world, &server, &config.authority)?;
    let line = format!("weir serve: {server} kubeconfig {}", kubeconfig.display());

    let checks = Checks::new();
    let shared = shared(world, &config, cache, address, &checks)?;
    shared.registry.bootstrap().await.map_err(|status| ServeError::Bootstrap(status.message))?;
    let (aggregation, installed, shutdown) = (Arc::clone(&shared.aggregation), checks.installed, checks.shutdown);
    let mut running = pin!(run_workers(world, listeners, move |worker| {
        Box::pin(work(worker, config.clone(), shared.clone(), shutdown.clone()))
    }));
    tokio::select! {
        biased;
        ended = &mut running => return ended,
        () = aggregation.completed() => {}
    }
    installed.pass();
    ready(&line);
    running.await
}

/// What `/readyz` and its like look at.
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
        let checks = vec![Check::passing("ping"), Check::passing("log"), installed.clone(), shutdown.clone()];
        Self { health: Health::new(checks), installed, shutdown }
    }
}

/// Opens the store, and keeps a cache of it up to date from now on.
async fn open(world: &World, keep: &Keep) -> Result<Cache, StoreError> {
    let store: Arc<dyn Store> = match keep {
        Keep::Memory => Arc::new(Memory::new()),
        Keep::Folder(folder) => Arc::new(Embedded::open(world, &folder.join("store.redb")).await?),
    };
    let (cache, feed) = Cache::open(store).await?;
    world.process.start("watch-cache", Box::new(move || Box::pin(feed.run())));
    Ok(cache)
}

/// What one worker does.
async fn work(worker: Worker, config: ApiServerConfig, shared: Shared, shutdown: Check) {
    let Worker { number, world, listener, stop } = worker;
    let first = number == 0;
    let loops = control(world.clone(), &shared, stop.clone(), shutdown);
    let proxy = Proxy::new(&world, Arc::clone(&shared.aggregation));
    let handler =
        Chain::new(chain::filters(&world, &config.parts), Routed::new(Router::new(shared, proxy, stop.clone())));
    let server = Server::new(Rc::new(handler), config.server, world).run(listener, stop);
    if first {
        tokio::join!(server, loops);
    } else {
        server.await;
    }
}

/// What runs behind the requests, once for the process, until it is time to stop.
fn control(world: World, shared: &Shared, mut stop: Stop, shutdown: Check) -> impl Future<Output = ()> + use<> {
    let told = Told {
        aggregation: Arc::clone(&shared.aggregation),
        sources: Arc::clone(&shared.sources),
        specs: Arc::clone(&shared.specs),
    };
    let loops = aggregate::control(world, shared.registry.clone(), told, stop.clone());
    let told_to_stop = async move {
        stop.wait().await;
        shutdown.fail("process is shutting down");
    };
    async move {
        tokio::join!(loops, told_to_stop);
    }
}

/// What the workers share.
fn shared(
    world: &World,
    config: &ApiServerConfig,
    cache: Cache,
    address: SocketAddr,
    checks: &Checks,
) -> Result<Shared, BadFlag> {
    let credential = Credential::from_pem(&config.front_proxy.certificates, &config.front_proxy.key)
        .map_err(|error| BadFlag::new("proxy-client-cert-file", "", error))?;
    let sources = Sources::new(&address.to_string(), &local_versions())
        .expect("a subresource of ours has the scope of its resource");
    Ok(Shared {
        health: checks.health.clone(),
        metrics: config.parts.metrics.clone(),
        registry: Registry::with(cache, world, config.allow),
        aggregation: Arc::new(Aggregation::new(Some(credential))),
        sources: Arc::new(sources),
        specs: Arc::new(Specs::new(Arc::clone(&world.clock))),
    })
}
