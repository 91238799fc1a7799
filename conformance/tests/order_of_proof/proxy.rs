//! The proxy under test: `weir reverse-proxy`, by its command line.

use std::net::SocketAddr;

use clap::Parser as _;
use tokio::sync::oneshot;
use weir::{
    config::{Cli, Command as WeirCommand},
    serve,
    world::{Mode, World},
};
use weir_conformance::process::address_in;

use super::{message::Http, tls};

/// Where the proxy is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    /// What it speaks to clients.
    pub(crate) front: Http,
    /// The number of its process, when it has one of its own.
    pub(crate) process: Option<u32>,
}

/// What a proxy stands between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Between {
    /// What is spoken with the client.
    pub(crate) front: Http,
    /// What is spoken with the backend.
    pub(crate) back: Http,
    /// How long bytes of an answer of known length wait for more.
    pub(crate) flush: Flush,
}

/// How long bytes of an answer of known length wait for more.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flush {
    /// Until a buffer is full: the default.
    WhenFull,
    /// Not at all.
    AtOnce,
}

/// The command line, without the program's name.
pub(crate) fn arguments(between: Between, listen: &str, backend: &str) -> Vec<String> {
    let certificate = |file: &str| tls::folder().join(file).display().to_string();
    let scheme = if between.back == Http::Two { "https" } else { "http" };
    let mut arguments = vec!["reverse-proxy".to_owned()];
    let mut flag = |name: &str, value: String| arguments.push(format!("--{name}={value}"));
    flag("listen", listen.to_owned());
    flag("to", format!("{scheme}://{backend}"));
    if let Flush::AtOnce = between.flush {
        flag("flush-interval", "-1ns".to_owned());
    }
    flag("workers", "1".to_owned());
    if between.front == Http::Two {
        flag("tls-cert-file", certificate("serving.pem"));
        flag("tls-private-key-file", certificate("serving-key.pem"));
    }
    if between.back == Http::Two {
        flag("to-ca-file", certificate("ca.pem"));
    }
    arguments
}

/// Serves within this process, in a world where the files of the command line exist. Never returns.
pub(crate) async fn serve(world: World, arguments: Vec<String>, ready: oneshot::Sender<SocketAddr>) {
    let cli = Cli::try_parse_from(std::iter::once("weir".to_owned()).chain(arguments));
    let WeirCommand::ReverseProxy(flags) = cli.unwrap_or_else(|error| panic!("{error}")).command else {
        unreachable!("the line names this command");
    };
    let served = serve::reverse_proxy::run(&world, &flags, |line| {
        // Nobody waits for it in the simulator.
        let _ = ready.send(address_in(line));
    });
    panic!("the proxy ended: {:?}", served.await);
}

/// Puts the files of the command line onto a simulated disk.
pub(crate) fn install_certificates(world: &World) {
    for file in ["serving.pem", "serving-key.pem", "ca.pem"] {
        let path = tls::folder().join(file);
        let pem = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        world.disk.replace(&path, &pem, Mode::Public).expect("a disk without faults");
    }
}
