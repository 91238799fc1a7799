//! The proxy under test: `weir reverse-proxy`, as shipped.

use std::path::Path;

use clap::Parser as _;
use weir::{
    config::{Cli, Command},
    serve::reverse_proxy,
    world::{Disk as _, Mode, World},
};

use super::backend::{self, Pair};
use crate::{traffic::Speech, world::SimDisk};

/// The port that the proxy listens on.
pub(crate) const PORT: u16 = 8443;

/// Puts the files on its disk that its command line names.
pub(crate) fn furnish(disk: &SimDisk, pair: &Pair) {
    for (path, pem) in [CERTIFICATE, KEY].into_iter().zip(&pair.pem) {
        disk.replace(Path::new(path), pem.as_bytes(), Mode::Secret).expect("a disk that is well");
    }
}

/// Runs the command until a signal ends it.
pub(crate) async fn serve(world: World, backends: &str, front: Speech, back: Speech) {
    let listen = format!(":{PORT}");
    let scheme = if back == Speech::Plain { "http" } else { "https" };
    let to = format!("{scheme}://{backends}:{}", backend::PORT);
    let mut line = vec!["weir", "reverse-proxy", "--listen", &listen, "--to", &to];
    if front != Speech::Plain {
        line.extend(["--tls-cert-file", CERTIFICATE, "--tls-private-key-file", KEY]);
    }
    if front == Speech::Http2 {
        line.push("--http2-websockets");
    }
    if back != Speech::Plain {
        line.push("--to-insecure-skip-tls-verify");
    }
    match Cli::try_parse_from(line).expect("the command line is right").command {
        Command::ReverseProxy(flags) => {
            reverse_proxy::run(&world, &flags, |_ready| {}).await.expect("the machine has just started");
        }
        Command::Serve(_) => unreachable!("the line names another command"),
    }
}

const CERTIFICATE: &str = "/etc/weir/tls.crt";
const KEY: &str = "/etc/weir/tls.key";
