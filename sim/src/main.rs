//! The `weir-sim` command: plays seeds, each in a process of its own.

mod determinism;
mod swarm;

use std::{process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use weir::world::Bug;
use weir_sim::{plot::Plot, report::BUGS};

/// Plays the shipped proxy in a pretend cluster, under the faults that a seed draws.
///
/// Exit codes: 0 every promise was kept, 1 one was broken, 2 the command line is wrong.
#[derive(Parser)]
#[command(name = "weir-sim", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays one seed and prints its outcome and the SHA-256 of its history.
    Run {
        #[command(flatten)]
        one: One,
    },
    /// Plays one seed after the other until the time is up.
    Swarm {
        /// How long, as `60s`, `5m` or `1h`.
        #[arg(long = "for", value_name = "TIME", value_parser = time)]
        lasts: Duration,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// Stop at the first seed that breaks a promise.
        #[arg(long)]
        stop: bool,
        /// What is played.
        #[arg(long, value_enum, default_value_t)]
        plot: Plot,
        #[command(flatten)]
        planted: Planted,
    },
    /// Plays one seed in this process.
    #[command(hide = true)]
    Play {
        #[command(flatten)]
        one: One,
    },
}

#[derive(Args, Clone, Copy)]
struct One {
    /// What is played.
    #[arg(long, value_enum, default_value_t)]
    plot: Plot,
    /// What everything follows from.
    #[arg(long)]
    seed: u64,
    /// Print every event too.
    #[arg(long)]
    history: bool,
    #[command(flatten)]
    planted: Planted,
}

#[derive(Args, Clone, Copy)]
struct Planted {
    /// A bug to plant into the proxy, to prove that it is found.
    #[arg(long, value_name = "NAME", value_parser = bug)]
    bug: Option<Bug>,
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run { one } => swarm::one(one),
        Command::Swarm { lasts, from, stop, plot, planted } => swarm::swarm(lasts, from, stop, (plot, planted)),
        Command::Play { one } => play(one),
    }
}

fn play(one: One) -> ExitCode {
    let run = determinism::Inside::enter(one.seed);
    let played = one.plot.play(one.seed, one.planted.bug, &mut |now| run.set_now(now));
    drop(run);
    if one.history {
        println!("{}\n{}", played.scenario, played.history.lines());
    }
    let report = played.report;
    println!("{report}");
    ExitCode::from(u8::from(report.broken.is_some()))
}

fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return Err("expected a number and s, m or h, as in 60s".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "expected a whole number before the unit, as in 60s".to_owned())?;
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

fn bug(name: &str) -> Result<Bug, String> {
    let known = BUGS.iter().find(|(known, _)| *known == name);
    let names: Vec<&str> = BUGS.iter().map(|(name, _)| *name).collect();
    known.map(|(_, bug)| *bug).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}
