//! Plays seeds in child processes: a fresh process has no history of its own, and one that hangs can be ended.

use std::{
    cell::{Cell, RefCell},
    io,
    process::{ExitCode, Stdio},
    rc::Rc,
    time::Duration,
};

use tokio::{process::Command, task::LocalSet, time::Instant};
use weir_sim::{
    plot::Plot,
    report::{bug_name, replay},
};

use crate::{One, Planted};

/// Plays one seed in a child and passes its output on.
pub(crate) fn one(one: One) -> ExitCode {
    finish(async move {
        let played = child(one).await?;
        println!("{}", played.said);
        Ok(if played.kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// Plays seeds on all processors until the time is up. Prints those that break a promise, and a summary.
pub(crate) fn swarm(lasts: Duration, from: u64, stop: bool, (plot, planted): (Plot, Planted)) -> ExitCode {
    finish(async move {
        let until = Instant::now() + lasts;
        let next = Rc::new(Cell::new(from));
        let broken: Rc<RefCell<Vec<u64>>> = Rc::default();
        let players: Vec<_> = (0..weir::world::real::world([0; 32]).process.workers())
            .map(|_| {
                let (next, broken) = (Rc::clone(&next), Rc::clone(&broken));
                tokio::task::spawn_local(async move {
                    while Instant::now() < until && (!stop || broken.borrow().is_empty()) {
                        let seed = next.replace(next.get() + 1);
                        let played = child(One { plot, seed, history: false, planted }).await?;
                        if !played.kept {
                            println!("{}", played.said);
                            broken.borrow_mut().push(seed);
                        }
                    }
                    Ok::<(), io::Error>(())
                })
            })
            .collect();
        for player in players {
            player.await??;
        }
        let broken = broken.borrow();
        println!("swarm: {} seeds from {from}, {} broken", next.get() - from, broken.len());
        Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

struct Played {
    kept: bool,
    said: String,
}

async fn child(one: One) -> io::Result<Played> {
    let One { plot, seed, history, planted: Planted { bug } } = one;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("play").arg("--plot").arg(plot.to_string()).arg("--seed").arg(seed.to_string());
    if history {
        command.arg("--history");
    }
    if let Some(bug) = bug {
        command.arg("--bug").arg(bug_name(bug));
    }
    // Nothing of the environment may matter.
    command.env_clear().stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let broken =
        |what: &str| Played { kept: false, said: format!("seed {seed} broken {what}; {}", replay(plot, seed, bug)) };
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(output) => output?,
        Err(_) => return Ok(broken(&format!("still running after {PATIENCE:?}"))),
    };
    let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    Ok(match output.status.code() {
        Some(0 | 1) if !said.is_empty() => Played { kept: output.status.success(), said },
        _ => broken(&format!("the process ended with {}: {}", output.status, complaints.trim_end().replace('\n', " "))),
    })
}

fn finish(work: impl Future<Output = io::Result<ExitCode>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| LocalSet::new().block_on(&runtime, work)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("weir-sim: seeds cannot be played: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A seed takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(120);
