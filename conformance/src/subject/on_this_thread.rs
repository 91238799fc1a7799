//! A process whose workers are tasks of the caller's thread, and whose signals are the caller's.

use std::{ffi::OsString, sync::Mutex};

use tokio::sync::mpsc;
use weir::world::{LocalTask, Process, Running, Signal, Signals};

/// A process whose workers are tasks of the caller's thread: a subject that is not given the processor cannot be taken for one that has
/// nothing to say.
#[derive(Debug)]
pub struct OnThisThread(Mutex<Option<mpsc::Receiver<Signal>>>);

/// Stops such a process.
#[derive(Debug)]
pub struct Stop(mpsc::Sender<Signal>);

impl OnThisThread {
    /// The process, and what stops it.
    pub fn new() -> (Self, Stop) {
        let (tell, told) = mpsc::channel(2);
        (Self(Mutex::new(Some(told))), Stop(tell))
    }
}

impl Stop {
    /// Stops it, and does not wait for requests that run.
    pub async fn stop(&self) {
        for _ in 0..2 {
            let _sent = self.0.send(Signal::Stop).await; // it may have ended by itself
        }
    }
}

impl Process for OnThisThread {
    fn workers(&self) -> usize {
        1
    }

    fn start(&self, _name: &str, body: LocalTask) -> Running {
        let task = tokio::task::spawn_local(async move { body().await });
        Running::new(Box::pin(async move { task.await.is_ok() }))
    }

    fn signals(&self) -> Signals {
        let told = self.0.lock().expect("nobody panics with it").take();
        Signals::new(told.unwrap_or_else(|| mpsc::channel(1).1))
    }

    fn env(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}
