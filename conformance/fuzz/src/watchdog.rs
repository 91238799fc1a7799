//! Ends the program when one input takes too long, and keeps that input.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::findings;

/// One input, far above what any needs on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Watches over the input that is being played.
pub(crate) struct Watchdog(Playing);

/// Since when an input is played, if any is.
type Playing = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

impl Watchdog {
    /// Inputs that take too long are kept in `folder`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        let playing = Playing::default();
        let seen = Arc::downgrade(&playing);
        std::thread::spawn(move || {
            while let Some(playing) = seen.upgrade() {
                if let Ok(playing) = playing.lock()
                    && let Some((since, input)) = &*playing
                    && since.elapsed() > PATIENCE
                {
                    let kept = findings::keep(&folder, input);
                    eprintln!("an input takes longer than {PATIENCE:?}: {kept:?}");
                    std::process::exit(1);
                }
                drop(playing);
                std::thread::sleep(PATIENCE / 20);
            }
        });
        Self(playing)
    }

    /// This input is played from now on.
    pub(crate) fn begin(&self, input: &[u8]) {
        if let Ok(mut playing) = self.0.lock() {
            match &mut *playing {
                Some((since, kept)) => {
                    *since = Instant::now();
                    kept.clear();
                    kept.extend_from_slice(input);
                }
                none => *none = Some((Instant::now(), input.to_vec())),
            }
        }
    }

    /// It was played to its end.
    pub(crate) fn end(&self) {
        if let Ok(mut playing) = self.0.lock() {
            *playing = None;
        }
    }
}
