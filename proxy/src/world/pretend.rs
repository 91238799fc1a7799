//! A world that tests set up.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;

use super::{Clock, Wall};

/// A clock on the wall that stands still until it is set again. Timers run as ever.
#[derive(Debug)]
pub(crate) struct SetClock(Mutex<Duration>);

impl SetClock {
    /// It shows so long after the beginning of 1970.
    pub(crate) fn at(since_epoch: Duration) -> Arc<Self> {
        Arc::new(Self(Mutex::new(since_epoch)))
    }

    /// It shows the middle of a year.
    pub(crate) fn in_year(year: u64) -> Arc<Self> {
        Self::at(Duration::from_secs((year - 1970) * YEAR_SECONDS + YEAR_SECONDS / 2))
    }

    /// It shows so much more.
    pub(crate) fn go_on(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn wall(&self) -> Wall {
        Wall(*self.0.lock().unwrap())
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60 + 6 * 60 * 60;
