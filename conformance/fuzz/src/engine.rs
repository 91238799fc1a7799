//! The engine: takes an input that is known, changes it, plays it, and keeps it if it took an edge that none took before.

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use weir::world::Dice;

use crate::{counters::Counters, findings, mutation::mutate, seeds, targets::Target, verdict, watchdog::Watchdog};

/// How fuzzing a target ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The time is over and nothing was found.
    Clean,
    /// Inputs break promises; they were written down, one for each place where that was seen.
    Found,
}

/// How often it is said how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Plays the seeds of a target, and what can be made of them, for so long.
///
/// # Errors
/// A file cannot be read or written.
pub fn fuzz(target: &Target, time: Duration) -> io::Result<Outcome> {
    let mut run = Run::new(target)?;
    for input in seeds::all(target)?.into_iter().chain(known(target)?) {
        run.play(&input)?;
    }
    run.report("seeds are played");
    let mut reported = run.start;
    while run.start.elapsed() < time {
        let input = run.next_input();
        run.play(&input)?;
        if reported.elapsed() > REPORT_EVERY {
            reported = Instant::now();
            run.report("going on");
        }
    }
    run.report("time is over");
    Ok(if run.broken.is_empty() { Outcome::Clean } else { Outcome::Found })
}

struct Run<'a> {
    target: &'a Target,
    counters: Counters,
    watchdog: Watchdog,
    corpus: Vec<Vec<u8>>,
    dice: Dice,
    start: Instant,
    played: u64,
    /// Where promises were broken.
    broken: BTreeSet<String>,
}

impl<'a> Run<'a> {
    fn new(target: &'a Target) -> io::Result<Self> {
        let seed = weir::world::real::seed()?;
        let run = Self {
            target,
            counters: Counters::new(),
            watchdog: Watchdog::new(seeds::folder(target)),
            corpus: Vec::new(),
            dice: Dice::new(seed),
            start: Instant::now(),
            played: 0,
            broken: BTreeSet::new(),
        };
        if run.counters.count() == 0 {
            return Err(io::Error::other("this build counts no edges: use conformance/fuzz/run"));
        }
        Ok(run)
    }

    /// Two inputs of the corpus, mixed and changed; the young ones are taken more often.
    fn next_input(&mut self) -> Vec<u8> {
        let count = self.corpus.len() as u64;
        let young = count.saturating_sub(1 + self.dice.below(count / 8 + 1));
        let any = self.dice.below(count);
        let chosen = if self.dice.below(3) == 0 { young } else { any };
        let other = self.dice.below(count) as usize;
        let mut input = self.corpus.get(chosen as usize).cloned().unwrap_or_default();
        let other = self.corpus.get(other).map_or(&[][..], |other| other);
        mutate(&mut input, other, self.target.words, &mut self.dice);
        input
    }

    fn play(&mut self, input: &[u8]) -> io::Result<()> {
        self.counters.clear();
        self.watchdog.begin(input);
        let broken = verdict::of(self.target, input);
        self.watchdog.end();
        self.played += 1;
        if let Some(broken) = broken {
            if self.broken.insert(broken.place.clone()) {
                self.write_down(input, &broken.place)?;
            }
        } else if self.counters.has_news() {
            findings::write(&kept(self.target), "kept", input)?;
            self.corpus.push(input.to_vec());
        }
        Ok(())
    }

    /// Writes down a shorter input that breaks the same promise.
    fn write_down(&self, input: &[u8], place: &str) -> io::Result<()> {
        let breaks = |input: &[u8]| {
            self.watchdog.begin(input);
            let broken = verdict::of(self.target, input).filter(|broken| broken.place == place);
            self.watchdog.end();
            broken
        };
        let smallest = findings::minimise(input, |input| breaks(input).is_some());
        let path = findings::keep(&seeds::folder(self.target), &smallest)?;
        let words = breaks(&smallest).map(|broken| broken.words).unwrap_or_default();
        let name = self.target.name;
        eprintln!("{name}: FOUND {}: {place}: {words}: {}", path.display(), smallest.escape_ascii());
        Ok(())
    }

    fn report(&self, what: &str) {
        eprintln!(
            "{}: {what}: {} s, {} inputs played, {} kept, {} of {} edges taken",
            self.target.name,
            self.start.elapsed().as_secs(),
            self.played,
            self.corpus.len(),
            self.counters.edges(),
            self.counters.count(),
        );
    }
}

/// What earlier runs have kept.
fn known(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    Ok(findings::read(&kept(target))?.into_iter().map(|(_, input)| input).collect())
}

/// Where inputs are kept that took an edge that none took before.
fn kept(target: &Target) -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| seeds::root().join("target"), PathBuf::from);
    folder.join("fuzz").join(target.name)
}
