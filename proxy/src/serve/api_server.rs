//! `weir serve`: an API server with aggregation, as a process.

mod admin;
mod config;
mod own_versions;
mod users;

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use self::{config::ApiServerConfig, own_versions::own_versions};
use super::{ServeError, Worker, run_workers};
use crate::{
    aggregate::{Aggregation, Credential, Proxy},
    chain::{self, Chain, Routed},
    config::{BadFlag, ServeFlags, certificates::Keep},
    discovery::Sources,
    listen::Server,
    observe::{Check, Health},
    openapi::Specs,
    rest::Registry,
    router::{Router, Shared},
    storage::{Cache, Embedded, Memory, Store, StoreError},
    world::World,
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

    let shutdown = Check::passing("shutdown").for_readiness();
    let shared = shared(world, &config, cache, address, &shutdown)?;
    let running = run_workers(world, listeners, move |worker| {
        let (config, shared, shutdown) = (config.clone(), shared.clone(), shutdown.clone());
        Box::pin(work(worker, config, shared, shutdown))
    });
    ready(&line);
    running.await
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
    if number == 0 {
        let mut stopping = stop.clone();
        tokio::task::spawn_local(async move {
            stopping.wait().await;
            shutdown.fail("process is shutting down");
        });
    }
    let proxy = Proxy::new(&world, Arc::clone(&shared.aggregation));
    let handler = Chain::new(chain::filters(&world, &config.parts), Routed::new(Router::new(shared, proxy)));
    Server::new(Rc::new(handler), config.server, world).run(listener, stop).await;
}

/// What the workers share.
fn shared(
    world: &World,
    config: &ApiServerConfig,
    cache: Cache,
    address: SocketAddr,
    shutdown: &Check,
) -> Result<Shared, BadFlag> {
    let credential = Credential::from_pem(&config.front_proxy.certificates, &config.front_proxy.key)
        .map_err(|error| BadFlag::new("proxy-client-cert-file", "", error))?;
    let sources = Sources::new(&address.to_string(), &own_versions())
        .expect("a subresource of ours has the scope of its resource");
    Ok(Shared {
        health: Health::new(vec![Check::passing("ping"), Check::passing("log"), shutdown.clone()]),
        metrics: config.parts.metrics.clone(),
        registry: Registry::with(cache, world, config.allow),
        aggregation: Arc::new(Aggregation::new(Some(credential))),
        sources: Arc::new(sources),
        specs: Arc::new(Specs::new(Arc::clone(&world.clock))),
    })
}
