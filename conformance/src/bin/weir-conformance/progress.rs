use std::{
    io::{IsTerminal as _, stderr},
    time::{Duration, Instant},
};

/// How far a run is, told on stderr: with each step to a person, else every ten seconds.
pub(crate) struct Progress {
    total: usize,
    done: usize,
    told: Instant,
}

impl Progress {
    /// Of a run that begins now.
    pub(crate) fn of(total: usize) -> Self {
        Self { total, done: 0, told: Instant::now() }
    }

    /// One more is about to be played.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        if stderr().is_terminal() {
            eprint!("{} of {}\r", self.done, self.total); // the next line takes its place
        } else if self.told.elapsed() >= INTERVAL {
            eprintln!("{} of {}", self.done, self.total);
            self.told = Instant::now();
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(10);
