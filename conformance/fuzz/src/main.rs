//! `weir-fuzz TARGET SECONDS`: what `conformance/fuzz/run` calls.

use std::{process::ExitCode, time::Duration};

use weir_fuzz::{Outcome, TARGETS, fuzz};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds] = &arguments[..] else {
        eprintln!("usage: weir-fuzz TARGET SECONDS; targets: all, {}", names());
        return ExitCode::from(2);
    };
    let Ok(seconds) = seconds.parse() else {
        eprintln!("{seconds:?}: expected a number of seconds");
        return ExitCode::from(2);
    };
    let mut chosen = TARGETS.iter().filter(|target| name == "all" || target.name == name).peekable();
    if chosen.peek().is_none() {
        eprintln!("{name:?}: expected one of: all, {}", names());
        return ExitCode::from(2);
    }
    for target in chosen {
        match fuzz(target, Duration::from_secs(seconds)) {
            Ok(Outcome::Clean) => {}
            Ok(Outcome::Found) => return ExitCode::FAILURE,
            Err(error) => {
                eprintln!("{}: {error}", target.name);
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}

fn names() -> String {
    TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", ")
}
