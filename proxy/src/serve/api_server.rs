//! `weir serve`: an API server with aggregation, as a process.

mod admin;
mod config;
mod files;
mod renewal;
mod users;

use std::{net::SocketAddr, pin::pin, rc::Rc, sync::Arc};

use tokio::sync::Notify;

use self::config::ApiServerConfig;
use super::{ServeError, Worker, listen_to_signals, run_workers};
use crate::{
    aggregate::{self, Aggregation, Credential, Proxy, Told},
    chain::{self, Chain, Routed},
    config::{BadFlag, ServeFlags, certificates::Keep},
    discovery::{Sources, local_versions},
    listen::Server,
    observe::{Asked, Check, Health},
    openapi::Specs,
    rest::Registry,
    router::{Router, Shared},
    storage::{Cache, Embedded, Memory, Store, StoreError},
    upstream::egress::Egress,
    world::{Running, Stop, World},
};

/// Runs `weir serve` until a signal ends it. `ready` gets the ready line, as soon as requests are served. Proxies on the way to aggregated
/// servers are the environment's.
///
/// # Errors
/// A flag, a file or a variable cannot be used, the store is another process's, the address cannot be listened at, or a worker panicked.
pub async fn run(world: &World, flags: &ServeFlags, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let signals = listen_to_signals(world)?;
    let keep = match &flags.data_dir[..] {
        "" => Keep::Memory,
        folder => Keep::Folder(folder.into()),
    };
    // First of all: whoever has the store may write the other files too.
    let (cache, feed) = open(world, &keep).await.map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
    let config = ApiServerConfig::from_flags(world, flags, &keep)?;
    let egress = Egress::from_environment(world)?;
    let listeners = world.net.listen(&config.listen, config.workers).map_err(|source| ServeError::Listen {
        flags: "--bind-address, --secure-port",
        address: config.listen.to_string(),
        source,
    })?;
    let at = listeners.first().and_then(|listener| listener.local()).map_or(flags.secure_port, |local| local.port());
    let address = config.address(at);
    let server = format!("https://{address}");
    let kubeconfig = config.admin.write_kubeconfig(world, &server, config.renewal.said.authority())?;
    let line = format!("weir serve: {server} kubeconfig {}", kubeconfig.display());

    let checks = Checks::new(&cache);
    let shared = shared(world, &config, cache, address, egress, &checks)?;
    shared.registry.bootstrap().await.map_err(|status| ServeError::Bootstrap(status.message))?;
    let (aggregation, installed, shutdown) = (Arc::clone(&shared.aggregation), checks.installed, checks.shutdown);
    let (admin, asked) = (config.admin.clone(), Arc::new(Notify::new()));
    let behind = Behind { shutdown, server, asked: Arc::clone(&asked) };
    let workers = run_workers(
        world,
        signals,
        listeners,
        || asked.notify_one(),
        move |worker| Box::pin(work(worker, config.clone(), shared.clone(), behind.clone())),
    );
    let mut running = pin!(while_fed(feed, workers));
    let ended = tokio::select! {
        biased;
        ended = &mut running => ended,
        () = aggregation.completed() => {
            installed.pass();
            ready(&line);
            running.await
        }
    };
    admin.clean_up(world);
    ended
}

/// What the loops behind the requests need besides what requests need.
#[derive(Clone)]
struct Behind {
    /// Fails when the process is told to stop.
    shutdown: Check,
    /// Where clients reach the server.
    server: String,
    /// Files are to be read again.
    asked: Arc<Notify>,
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
    fn new(cache: &Cache) -> Self {
        let store: Arc<dyn Asked> = Arc::new(cache.clone());
        let installed = Check::pending("poststarthook/apiservice-registration-controller");
        let shutdown = Check::passing("shutdown").for_readiness();
        let checks = vec![
            Check::passing("ping"),
            Check::passing("log"),
            // The names by which operators know the store of an API server.
            Check::asking("etcd", Arc::clone(&store)),
            Check::asking("etcd-readiness", store).for_readiness(),
            installed.clone(),
            shutdown.clone(),
        ];
        Self { health: Health::new(checks), installed, shutdown }
    }
}

/// Opens the store, and keeps a cache of it up to date from now on.
async fn open(world: &World, keep: &Keep) -> Result<(Cache, Running), StoreError> {
    let store: Arc<dyn Store> = match keep {
        Keep::Memory => Arc::new(Memory::new()),
        Keep::Folder(folder) => Arc::new(Embedded::open(world, &folder.join("store.redb")).await?),
    };
    let (cache, feed) = Cache::open(store).await?;
    let feed = world.process.start("watch-cache", Box::new(move || Box::pin(feed.run())));
    Ok((cache, feed))
}

/// Waits for the workers, as long as they are told of changes: without that they would answer from the past for ever.
async fn while_fed(feed: Running, workers: impl Future<Output = Result<(), ServeError>>) -> Result<(), ServeError> {
    tokio::select! {
        biased;
        ended = workers => ended,
        _ = feed.ended() => Err(ServeError::FeedEnded),
    }
}

/// What one worker does.
async fn work(worker: Worker, config: ApiServerConfig, shared: Shared, behind: Behind) {
    let Worker { number, world, listener, stop } = worker;
    let loops = (number == 0).then(|| control(&world, &config, &shared, behind, &stop));
    let proxy = Proxy::new(&world, Arc::clone(&shared.aggregation));
    let handler =
        Chain::new(chain::filters(&world, &config.parts), Routed::new(Router::new(shared, proxy, stop.clone())));
    let server = Server::new(Rc::new(handler), config.server, world).run(listener, stop);
    match loops {
        Some(loops) => {
            tokio::join!(server, loops);
        }
        None => server.await,
    }
}

/// What runs behind the requests, once for the process, until it is time to stop.
fn control(
    world: &World,
    config: &ApiServerConfig,
    shared: &Shared,
    behind: Behind,
    stop: &Stop,
) -> impl Future<Output = ()> + use<> {
    let told = Told {
        aggregation: Arc::clone(&shared.aggregation),
        sources: Arc::clone(&shared.sources),
        specs: Arc::clone(&shared.specs),
    };
    let loops = aggregate::control(world.clone(), shared.registry.clone(), told, stop.clone());
    let renewed = renewal::Told {
        aggregation: Arc::clone(&shared.aggregation),
        admin: config.admin.clone(),
        server: behind.server,
        recorder: config.parts.metrics.recorder(),
    };
    let renewal = config.renewal.clone().run(world.clone(), renewed, behind.asked, stop.clone());
    let mut stop = stop.clone();
    let told_to_stop = async move {
        stop.wait().await;
        behind.shutdown.fail("process is shutting down");
    };
    async move {
        tokio::join!(loops, renewal, told_to_stop);
    }
}

/// What the workers share.
fn shared(
    world: &World,
    config: &ApiServerConfig,
    cache: Cache,
    address: SocketAddr,
    egress: Egress,
    checks: &Checks,
) -> Result<Shared, BadFlag> {
    let credential =
        Credential::from_pem(&config.renewal.said.front_proxy.certificates, &config.renewal.said.front_proxy.key)
            .map_err(|error| BadFlag::new("proxy-client-cert-file", "", error))?;
    let sources = Sources::new(&address.to_string(), &local_versions())
        .expect("a subresource of ours has the scope of its resource");
    Ok(Shared {
        health: checks.health.clone(),
        metrics: config.parts.metrics.clone(),
        registry: Registry::new(cache, world, config.allow),
        aggregation: Arc::new(Aggregation::new(Some(credential)).through(egress)),
        sources: Arc::new(sources),
        specs: Arc::new(Specs::new(Arc::clone(&world.clock))),
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_server_whose_watch_cache_is_not_fed_ends_and_says_so() {
        for panicked in [false, true] {
            let feed = Running::new(Box::pin(ready(!panicked)));
            assert!(matches!(while_fed(feed, pending()).await, Err(ServeError::FeedEnded)));
        }
        assert!(while_fed(Running::new(Box::pin(pending())), ready(Ok(()))).await.is_ok());
    }
}
