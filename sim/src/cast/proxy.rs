//! The proxy under test: `weir reverse-proxy`, as shipped.

use clap::Parser as _;
use weir::{
    config::{Cli, Command},
    serve::reverse_proxy,
    world::World,
};

use super::backend;

/// The port that the proxy listens on.
pub(crate) const PORT: u16 = 8443;

/// Runs the command until a signal ends it.
pub(crate) async fn serve(world: World, backends: &str) {
    let listen = format!(":{PORT}");
    let to = format!("http://{backends}:{}", backend::PORT);
    let line = ["weir", "reverse-proxy", "--listen", &listen, "--to", &to];
    match Cli::try_parse_from(line).expect("the command line is right").command {
        Command::ReverseProxy(flags) => {
            reverse_proxy::run(&world, &flags, |_ready| {}).await.expect("the machine has just started");
        }
        Command::Serve(_) => unreachable!("the line names another command"),
    }
}
