//! What can be played.

use std::{fmt, sync::Arc, time::Duration};

use clap::ValueEnum;
use weir::world::Bug;

use crate::{history::History, report::Report, scenario::Scenario, serve, validate::validate};

/// What is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Plot {
    /// `weir serve`: an API server with a store, extension servers, clients that write and that ask extensions.
    #[default]
    Serve,
    /// `weir reverse-proxy`: clients, backends, every kind of body.
    ReverseProxy,
}

/// A seed that was played.
#[derive(Debug)]
pub struct Played {
    /// Who played and what befell them, to be read.
    pub scenario: String,
    /// All that happened.
    pub history: Arc<History>,
    /// What it comes to.
    pub report: Report,
}

impl Plot {
    /// Plays a seed. `each_step` hears the simulated time before every step.
    pub fn play(self, seed: u64, bug: Option<Bug>, each_step: &mut dyn FnMut(Duration)) -> Played {
        let what = (self, seed, bug);
        match self {
            Self::Serve => {
                let scenario = serve::Scenario::draw(seed, bug);
                let run = scenario.play(each_step);
                let report = Report::of(what, &run, |events| serve::validate(events, &scenario));
                Played { scenario: format!("{scenario:#?}"), history: run.history, report }
            }
            Self::ReverseProxy => {
                let scenario = Scenario::draw(seed, bug);
                let run = scenario.play(each_step);
                let report = Report::of(what, &run, |events| validate(events, &scenario));
                Played { scenario: format!("{scenario:#?}"), history: run.history, report }
            }
        }
    }
}

/// As the command line knows it.
impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serve => "serve",
            Self::ReverseProxy => "reverse-proxy",
        })
    }
}
