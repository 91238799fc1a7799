//! `weir reverse-proxy`: Go's `httputil.ReverseProxy`, single host, as a process.

mod tls;

use std::{borrow::Cow, os::unix::net::SocketAddr, rc::Rc, sync::Arc};

use bytes::Bytes;

use super::{ServeError, listen_to_signals, run_workers};
use crate::{
    config::{
        BadFlag, ReverseProxyFlags,
        flags::{Mode, send_timeout},
        limits, parse_duration,
    },
    forward::{FlushInterval, ReverseProxy, Rules},
    listen::{Server, Settings},
    upstream::{BadOrigin, Origin, Transport, TransportConfig, egress::Egress},
    wire::{http2::Tunnels, url::Url},
    world::{Address, World},
};

/// What the flags say.
#[derive(Clone, Debug)]
struct ReverseProxyConfig {
    /// Where it listens.
    listen: Address,
    /// Where everything goes; its path and query go in front of those of each request.
    target: Url,
    /// The backend of the target.
    origin: Origin,
    /// How requests are rewritten.
    mode: Mode,
    /// How long bytes of an answer of known length may wait.
    flush: FlushInterval,
    /// How connections of clients are treated.
    server: Settings,
    /// How the backend is reached.
    transport: TransportConfig,
    /// How many workers serve.
    workers: usize,
}

/// Runs `weir reverse-proxy` until a signal ends it. `ready` gets the ready line, `weir reverse-proxy: http://127.0.0.1:8080`. Proxies on
/// the way to the backend are the environment's.
///
/// # Errors
/// A flag, a file or a variable cannot be used, the address cannot be listened at, or a worker panicked.
pub async fn run(world: &World, flags: &ReverseProxyFlags, ready: impl FnOnce(&str)) -> Result<(), ServeError> {
    let mut config = ReverseProxyConfig::from_flags(world, flags)?;
    config.transport.egress = Egress::from_environment(world)?;
    let signals = listen_to_signals(world)?;
    let listeners = world.net.listen(&config.listen, config.workers).map_err(|source| ServeError::Listen {
        flags: "--listen",
        address: config.listen.to_string(),
        source,
    })?;
    let scheme = if config.server.tls.is_some() { "https" } else { "http" };
    let at = listeners.first().and_then(|listener| listener.local());
    let at = at.map_or_else(|| format!("unix:{}", config.listen), |address| format!("{scheme}://{address}"));
    ready(&format!("weir reverse-proxy: {at}"));
    let renewal = tls::Renewal::new(world, flags, config.server.tls.clone());
    let backend = renewal.backend();
    let reload = || renewal.look();
    run_workers(world, signals, listeners, reload, move |worker| {
        let (config, backend) = (config.clone(), backend.clone());
        Box::pin(async move {
            let transport = Transport::new(worker.world.clone(), config.transport.clone());
            tokio::task::spawn_local(tls::renew(transport.clone(), backend));
            let handler = Rc::new(handler(&worker.world, &config, transport));
            Server::new(handler, config.server, worker.world).run(worker.listener, worker.stop).await;
        })
    })
    .await
}

fn handler(world: &World, config: &ReverseProxyConfig, transport: Transport) -> ReverseProxy {
    let rules = match config.mode {
        Mode::Director => Rules::single_host(config.target.clone()),
        Mode::Rewrite => Rules::rewrite_to(config.target.clone()),
    };
    ReverseProxy::new(transport, config.origin.clone(), rules, world.planted).flush_interval(config.flush)
}

impl ReverseProxyConfig {
    /// What the flags say, with the files that they name.
    ///
    /// # Errors
    /// A flag or file cannot be used; the error names it.
    fn from_flags(world: &World, flags: &ReverseProxyFlags) -> Result<Self, BadFlag> {
        let (target, origin) = backend(&flags.to)?;
        if !origin.tls {
            refuse_tls_flags(flags)?;
        }
        let workers = if flags.workers == 0 { world.process.workers() } else { flags.workers };
        let mut server = Settings::bounded(tls::serving(world, flags)?);
        server.send_timeout = send_timeout(&flags.send_timeout)?;
        if flags.http2_websockets {
            if flags.tls_cert_file.is_none() {
                return Err(BadFlag::switch(
                    "http2-websockets",
                    "expected --tls-cert-file beside it: HTTP/2 needs TLS",
                ));
            }
            server.http2.tunnels = Tunnels::Taken;
        }
        Ok(Self {
            listen: listen_address(&flags.listen)?,
            target,
            origin,
            mode: flags.mode,
            flush: flush_interval(&flags.flush_interval)?,
            server,
            transport: transport(tls::backend(world, flags)?),
            workers,
        })
    }
}

/// Go's transport, but that all connections which idle may be those to the one backend.
fn transport(tls: Arc<rustls::ClientConfig>) -> TransportConfig {
    let idle_max = limits::SINGLE_BACKEND_IDLE_CONNECTIONS_MAX;
    TransportConfig {
        idle_connections_per_origin_max: idle_max,
        idle_connections_max: idle_max,
        ..TransportConfig::new(tls)
    }
}

fn listen_address(text: &str) -> Result<Address, BadFlag> {
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        SocketAddr::from_pathname(path).map_err(|error| BadFlag::new("listen", text, error))?;
        return Ok(Address::Unix(path.into()));
    }
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    let address = full.parse();
    address.map(Address::Tcp).map_err(|_| BadFlag::new("listen", text, "expected IP:PORT, :PORT or unix:PATH"))
}

/// Whoever says how to verify the backend means to verify it.
fn refuse_tls_flags(flags: &ReverseProxyFlags) -> Result<(), BadFlag> {
    let reason = "expected an https backend in --to, found an http one";
    match &flags.to_ca_file {
        Some(file) => Err(BadFlag::new("to-ca-file", file.display(), reason)),
        None if flags.to_insecure_skip_tls_verify => Err(BadFlag::switch("to-insecure-skip-tls-verify", reason)),
        None => Ok(()),
    }
}

fn backend(text: &str) -> Result<(Url, Origin), BadFlag> {
    let bad = |reason: &str| BadFlag::new("to", without_user(text), reason);
    if text.contains('#') {
        return Err(bad("found a fragment, expected none: it is never sent to a backend"));
    }
    let url = Url::parse(&Bytes::copy_from_slice(text.as_bytes())).map_err(|error| bad(&error.to_string()))?;
    if url.host.ends_with(b":") {
        return Err(bad(&BadOrigin::Port.to_string())); // Go takes it for the scheme's port; who wrote it was not done
    }
    let origin = Origin::of(&url).map_err(|error| bad(&error.to_string()))?;
    Ok((url, origin))
}

/// What stands in front of the last `@` may be a password.
fn without_user(text: &str) -> Cow<'_, str> {
    match text.rsplit_once('@') {
        Some((before, behind)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://***@{behind}").into()
        }
        None => text.into(),
    }
}

fn flush_interval(text: &str) -> Result<FlushInterval, BadFlag> {
    match parse_duration(text) {
        Ok(Some(interval)) if interval.is_zero() => Ok(FlushInterval::Never),
        Ok(Some(interval)) => Ok(FlushInterval::Every(interval)),
        Ok(None) => Ok(FlushInterval::Always),
        Err(error) => Err(BadFlag::new("flush-interval", text, error)),
    }
}
