//! Plays probes in the simulator, where every silence can be waited for.

use std::{cell::RefCell, io, net::SocketAddr, path::PathBuf, rc::Rc, time::Duration};

use clap::Parser as _;
use tokio::sync::Notify;
use weir::{
    config::{Cli, Command},
    serve,
    world::{Address, Bug, LocalBoxFuture, Mode, World},
};
use weir_sim::{Stage, StageError};

use super::{
    Observed, Patience, Place, Probe, Recorder, Rewriting, Speaks,
    conversation::{self, QUESTIONS},
};
use crate::{replay::Certificates, scenario::Protocol};

/// A proxy on a machine of its own: serves at the address with a backend at the other, and says when it is ready.
pub type Proxy = Rc<dyn Fn(World, Wanted) -> LocalBoxFuture<'static, ()>>;

/// What a probe wants of a proxy.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where its backend is.
    pub backend: SocketAddr,
    /// What it speaks with clients. HTTP/2 is spoken over TLS.
    pub front: Speaks,
    /// What it speaks with the backend. HTTP/2 is spoken over TLS.
    pub back: Speaks,
    /// How it rewrites.
    pub mode: Rewriting,
    /// The certificates of the tests.
    pub certificates: Certificates,
    /// It listens.
    pub ready: Rc<Notify>,
}

/// Plays a probe.
///
/// # Errors
/// The proxy panicked, or the conversation does not end.
pub fn play(
    probe: &Probe,
    certificates: &Certificates,
    proxy: &Proxy,
    bug: Option<Bug>,
) -> Result<Observed, StageError> {
    let mut stage = Stage::new(SEED).bug(bug);
    let ready = Rc::new(Notify::new());
    let observed = Rc::new(RefCell::new(None));
    stage.host(PROXY, {
        let (probe, certificates) = (probe.clone(), certificates.clone());
        let (ready, proxy) = (Rc::clone(&ready), Rc::clone(proxy));
        move |world| {
            let (front, back, mode) = (probe.front(), probe.back(), probe.mode());
            let (certificates, ready, proxy) = (certificates.clone(), Rc::clone(&ready), Rc::clone(&proxy));
            Box::pin(async move {
                let (listen, backend) = places(&world).await.expect("both machines have names");
                proxy(world, Wanted { listen, backend, front, back, mode, certificates, ready }).await;
            })
        }
    });
    stage.client(OUTSIDE, {
        let (probe, certificates, observed) = (probe.clone(), certificates.clone(), Rc::clone(&observed));
        move |world| {
            Box::pin(async move {
                let played = outside(&world, &probe, certificates, &ready).await.map_err(|error| error.to_string())?;
                observed.replace(Some(played));
                Ok(())
            })
        }
    });
    stage.run(LIMIT)?;
    Ok(observed.take().expect("the stage has run to its end"))
}

async fn outside(world: &World, probe: &Probe, certificates: Certificates, ready: &Notify) -> io::Result<Observed> {
    let (subject, backend) = places(world).await?;
    let listener = world.net.listen(&Address::Tcp(backend), 1)?.remove(0);
    let back = if probe.back() == Speaks::Http2 { Protocol::Http2 } else { Protocol::Http1 };
    let recorder = Recorder::start(listener, certificates.accept(world, back));
    ready.notified().await;
    let place = Place {
        subject,
        tls: probe.front() == Speaks::Http2,
        certificates,
        patience: Patience::Simulated,
        questions: QUESTIONS,
    };
    conversation::play(world, probe, &place, &recorder).await
}

/// `weir reverse-proxy`, by its command line.
pub fn weir() -> Proxy {
    Rc::new(|world, wanted| Box::pin(serve_weir(world, wanted)))
}

async fn serve_weir(world: World, wanted: Wanted) {
    for file in ["serving.pem", "serving-key.pem", "ca.pem"] {
        let path = wanted.certificates.path(file);
        let pem = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        world.disk.replace(&path, &pem, Mode::Public).expect("a disk without faults");
    }
    let cli = Cli::try_parse_from(command_line(&wanted)).unwrap_or_else(|error| panic!("{error}"));
    let Command::ReverseProxy(flags) = cli.command else { unreachable!("the line names this command") };
    let served = serve::reverse_proxy::run(&world, &flags, |_| wanted.ready.notify_one());
    panic!("the proxy ended: {:?}", served.await);
}

fn command_line(wanted: &Wanted) -> Vec<String> {
    let file = |name: &str| -> PathBuf { wanted.certificates.path(name) };
    let scheme = if wanted.back == Speaks::Http2 { "https" } else { "http" };
    let mut line = vec!["weir".to_owned(), "reverse-proxy".to_owned()];
    let mut flag = |name: &str, value: String| line.push(format!("--{name}={value}"));
    flag("listen", wanted.listen.to_string());
    flag("to", format!("{scheme}://{}", wanted.backend));
    flag("workers", "1".to_owned());
    if wanted.mode == Rewriting::Rewrite {
        flag("mode", "rewrite".to_owned());
    }
    if wanted.front == Speaks::Http2 {
        flag("tls-cert-file", file("serving.pem").display().to_string());
        flag("tls-private-key-file", file("serving-key.pem").display().to_string());
    }
    if wanted.back == Speaks::Http2 {
        line.push("--to-insecure-skip-tls-verify".to_owned());
    }
    line
}

/// Where the proxy and its backend are.
async fn places(world: &World) -> io::Result<(SocketAddr, SocketAddr)> {
    let mut found = [PROXY, OUTSIDE].map(|_| None);
    for (place, name) in found.iter_mut().zip([PROXY, OUTSIDE]) {
        *place = world.net.resolve(name).await?.first().copied();
    }
    let [Some(proxy), Some(outside)] = found else { return Err(io::Error::other("a name without an address")) };
    Ok((SocketAddr::new(proxy, 30_001), SocketAddr::new(outside, 30_002)))
}

const PROXY: &str = "proxy";
const OUTSIDE: &str = "outside";
const SEED: u64 = 1;

/// Of simulated time: far more than all silences of a probe.
const LIMIT: Duration = Duration::from_secs(600);
