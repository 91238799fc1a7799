use std::{ffi::OsString, fmt, io};

use super::LocalBoxFuture;

/// What runs on a worker: built there, so it needs no `Send` itself.
pub type LocalTask = Box<dyn FnOnce() -> LocalBoxFuture<'static, ()> + Send>;

/// Workers, threads, signals, environment.
pub trait Process: fmt::Debug + Send + Sync {
    /// How many workers a server starts when it is not told.
    fn workers(&self) -> usize;

    /// Starts a worker: a thread with a current-thread runtime, or a local task in the simulator.
    fn start(&self, name: &str, body: LocalTask) -> Running;

    /// What the operating system asks of the process, from now on: what it asks later ends the process no more by itself.
    ///
    /// # Errors
    /// Signals cannot be listened to.
    fn signals(&self) -> io::Result<Signals>;

    /// A variable of the environment.
    fn env(&self, name: &str) -> Option<OsString>;
}

/// A worker that was started. Dropping it does not end the worker.
pub struct Running(pub(super) LocalBoxFuture<'static, bool>);

impl Running {
    /// `ended` is ready when the worker has ended: true when it ran to its end, false when it panicked.
    pub fn new(ended: LocalBoxFuture<'static, bool>) -> Self {
        Self(ended)
    }

    /// Waits for the worker's end: true when it ran to its end, false when it panicked.
    pub async fn ended(self) -> bool {
        self.0.await
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// What the operating system asks of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM or SIGINT: finish what runs, then end. A second one ends at once.
    Stop,
    /// SIGHUP: read certificates and configuration again.
    Reload,
}

/// The signals of a process, one after the other.
pub struct Signals(tokio::sync::mpsc::Receiver<Signal>);

impl Signals {
    /// Signals that arrive through a channel.
    pub fn new(from: tokio::sync::mpsc::Receiver<Signal>) -> Self {
        Self(from)
    }

    /// The next signal; pends for ever when there will be none.
    pub async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signals")
    }
}
