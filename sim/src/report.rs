//! What a run comes to, in one line.

use std::{fmt, time::Duration};

use weir::world::Bug;

use crate::{
    history::{Event, Fingerprint},
    plot::Plot,
    production::{End, Run},
    validate::Broken,
};

/// A run in one line.
#[derive(Clone, Debug)]
pub struct Report {
    plot: Plot,
    seed: u64,
    bug: Option<Bug>,
    simulated: Duration,
    events: usize,
    fingerprint: Fingerprint,
    /// What was broken.
    pub broken: Option<String>,
}

impl Report {
    /// Judges a run of a plot, by its promises.
    pub(crate) fn of(
        (plot, seed, bug): (Plot, u64, Option<Bug>),
        run: &Run,
        validate: impl FnOnce(&[(Duration, Event)]) -> Result<(), Broken>,
    ) -> Self {
        let events = run.history.events();
        let broken = match &run.end {
            End::Panicked(panic) => Some(format!("panic: {}", panic.replace('\n', " "))),
            End::TimeUp => Some("the clients did not end in time".to_owned()),
            End::Finished => validate(&events).err().map(|broken| broken.to_string()),
        };
        let fingerprint = run.history.fingerprint();
        Self { plot, seed, bug, simulated: run.simulated, events: events.len(), fingerprint, broken }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, simulated, events, fingerprint, .. } = self;
        let verdict = if self.broken.is_some() { "broken" } else { "kept" };
        write!(f, "seed {seed} {verdict} {:.3}s {events} events {fingerprint}", simulated.as_secs_f64())?;
        match &self.broken {
            Some(broken) => write!(f, " {broken}; {}", replay(self.plot, *seed, self.bug)),
            None => Ok(()),
        }
    }
}

/// The line that plays a seed again.
pub fn replay(plot: Plot, seed: u64, bug: Option<Bug>) -> String {
    let bug = bug.map_or(String::new(), |bug| format!(" --bug {}", bug_name(bug)));
    format!("replay: weir-sim run --plot {plot} --seed {seed}{bug}")
}

/// The bugs that can be planted, with the names that the command line knows them by.
pub const BUGS: [(&str, Bug); 19] = [
    ("keeps-hop-by-hop", Bug::KeepsHopByHop),
    ("acknowledges-before-sync", Bug::AcknowledgesBeforeSync),
    ("routes-to-the-other-backend", Bug::RoutesToTheOtherBackend),
    ("keeps-connections-that-spoke", Bug::KeepsConnectionsThatSpoke),
    ("repeats-posts", Bug::RepeatsPosts),
    ("calls-cut-answers-whole", Bug::CallsCutAnswersWhole),
    ("keeps-cuts-to-itself", Bug::KeepsCutsToItself),
    ("calls-cut-requests-whole", Bug::CallsCutRequestsWhole),
    ("loses-trailers", Bug::LosesTrailers),
    ("swallows-informational", Bug::SwallowsInformational),
    ("asks-for-nobody", Bug::AsksForNobody),
    ("loses-early-bytes", Bug::LosesEarlyBytes),
    ("keeps-half-tunnels", Bug::KeepsHalfTunnels),
    ("leaks-connections", Bug::LeaksConnections),
    ("stops-at-once", Bug::StopsAtOnce),
    ("shares-one-window", Bug::SharesOneWindow),
    ("never-asks-whether-it-lives", Bug::NeverAsksWhetherItLives),
    ("loses-what-is-left-behind", Bug::LosesWhatIsLeftBehind),
    ("ends-at-goaway", Bug::EndsAtGoaway),
];

/// A bug's name on the command line.
pub fn bug_name(bug: Bug) -> &'static str {
    BUGS.iter().find(|(_, known)| *known == bug).map_or("unnamed", |(name, _)| name)
}
