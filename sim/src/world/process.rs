//! A machine's process: workers are local tasks, signals come from whoever holds the machine.

use std::{ffi::OsString, io, sync::Mutex};

use tokio::sync::mpsc;
use weir::world::{LocalTask, Process, Running, Signal, Signals};

use super::Machine;

impl Process for Machine {
    fn workers(&self) -> usize {
        self.process.workers
    }

    fn start(&self, _name: &str, body: LocalTask) -> Running {
        let task = tokio::task::spawn_local(async move { body().await });
        Running::new(Box::pin(async move { task.await.is_ok() }))
    }

    fn signals(&self) -> io::Result<Signals> {
        let (tell, told) = mpsc::channel(4);
        self.signals.0.lock().expect("no sender panics").push(tell);
        Ok(Signals::new(told))
    }

    fn env(&self, name: &str) -> Option<OsString> {
        self.process.env.get(name).cloned()
    }
}

/// Those who listen to a machine's signals.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<Vec<mpsc::Sender<Signal>>>);

impl Listeners {
    /// Tells them; one that does not keep up misses it, as signals of one kind merge.
    pub(super) fn tell(&self, signal: Signal) {
        self.0
            .lock()
            .expect("no sender panics")
            .retain(|listener| !matches!(listener.try_send(signal), Err(mpsc::error::TrySendError::Closed(_))));
    }
}
