//! The API server under test: `weir serve`, as shipped.

use std::{path::Path, time::Duration};

use clap::Parser as _;
use weir::{
    config::{Cli, Command},
    serve::api_server,
    world::{Disk as _, Mode, World},
};

use crate::world::SimDisk;

/// The port that it listens on.
pub(super) const PORT: u16 = 6443;
/// What clients show to be let in.
pub(super) const TOKEN: &str = "open-sesame";

/// Puts on its disk what an operator puts there.
pub(super) fn furnish(disk: &SimDisk) {
    let tokens = format!("{TOKEN},operator,1,\"system:masters\"\n");
    disk.replace(Path::new(TOKENS), tokens.as_bytes(), Mode::Secret).expect("a disk without faults");
}

/// Runs the command until a signal ends it; starts it again when it fails, as what starts it on a machine does.
pub(super) async fn serve(world: World) {
    let port = PORT.to_string();
    let line = ["weir", "serve", "--bind-address", "0.0.0.0", "--secure-port", &port];
    let line = line.into_iter().chain(["--data-dir", "/data", "--token-auth-file", TOKENS]);
    let Ok(Cli { command: Command::Serve(flags) }) = Cli::try_parse_from(line) else {
        panic!("the command line is right");
    };
    while let Err(error) = api_server::run(&world, &flags, |_ready| {}).await {
        tracing::warn!(%error, "weir serve does not serve");
        tokio::time::sleep(RESTART_DELAY).await;
    }
}

const TOKENS: &str = "/etc/weir/tokens.csv";
const RESTART_DELAY: Duration = Duration::from_millis(500);
