//! A process whose workers are tasks of the caller's thread.

use std::{
    ffi::OsString,
    io,
    sync::{Mutex, MutexGuard},
};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle, LocalSet},
};
use weir::world::{LocalTask, Process, Running, Signals};

/// A process whose workers are tasks of the caller's thread: a subject that is not given the processor cannot be taken for one that has
/// nothing to say. Nobody sends it a signal; it runs until it is killed.
#[derive(Debug, Default)]
pub struct OnThisThread(Mutex<Vec<AbortHandle>>);

impl OnThisThread {
    /// Ends all that was started, with its connections, as the end of a process does: nothing is drained, nobody is told.
    pub fn kill(&self) {
        self.started().drain(..).for_each(|task| task.abort());
    }

    fn started(&self) -> MutexGuard<'_, Vec<AbortHandle>> {
        self.0.lock().expect("nobody panics with it")
    }
}

/// Starts a task of the caller's thread whose own tasks end with it, as those of a thread of its own would.
///
/// Else a subject that waits before it tries again would meet the backend of a later case at the address of its own.
pub fn spawn_apart<T: 'static>(work: impl Future<Output = T> + 'static) -> JoinHandle<T> {
    tokio::task::spawn_local(async move { LocalSet::new().run_until(work).await })
}

impl Process for OnThisThread {
    fn workers(&self) -> usize {
        1
    }

    fn start(&self, _name: &str, body: LocalTask) -> Running {
        let task = spawn_apart(async move { body().await });
        self.started().push(task.abort_handle());
        Running::new(Box::pin(async move { task.await.is_ok() }))
    }

    fn signals(&self) -> io::Result<Signals> {
        let (_nobody, told) = mpsc::channel(1);
        Ok(Signals::new(told))
    }

    fn env(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}
