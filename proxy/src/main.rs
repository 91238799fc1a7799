//! The `weir` command.

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;
use weir::{
    config::{Cli, Command},
    serve::{self, ServeError},
    world,
};

/// The C library keeps seven pieces of a size at hand, and a proxy has hundreds under way: `docs/decisions/0029`.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse(); // a bad command line ends the process here, with 2
    // Who reads the log may have left: that is told nobody, and no reason to panic.
    tracing_subscriber::fmt()
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .init();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("the runtime cannot be built: {error}"), 1),
    };
    let world = match world::real::seed() {
        Ok(seed) => world::real::world(seed),
        Err(error) => return failed(&error.to_string(), 1),
    };
    let done = tokio::task::LocalSet::new().block_on(&runtime, async {
        match cli.command {
            Command::Serve(flags) => serve::api_server::run(&world, &flags, |line| println!("{line}")).await,
            Command::ReverseProxy(flags) => serve::reverse_proxy::run(&world, &flags, |line| println!("{line}")).await,
        }
    });
    runtime.shutdown_background(); // the resolver may still ask a name server that does not answer, for minutes
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ (ServeError::Config(_) | ServeError::Environment(_))) => failed(&error.to_string(), 2),
        Err(error) => failed(&error.to_string(), 1),
    }
}

fn failed(text: &str, code: u8) -> ExitCode {
    eprintln!("weir: {text}");
    ExitCode::from(code)
}
