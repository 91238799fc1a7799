//! A store in one file of one process: an MVCC history over redb.

mod backend;
mod file;
mod tables;
mod writer;

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, OnceLock},
};

use tokio::sync::{mpsc, oneshot};

use self::{
    file::StoreFile,
    writer::{Job, Task, Writer},
};
use super::{
    Committed, KeyRange, Listing, ReadAt, Retention, Revision, Store, StoreError, Txn, Watch, event_log::EventLog,
};
use crate::{
    config::limits::STORE_QUEUE_MAX,
    world::{LocalBoxFuture, World},
};

/// A store in one file, which no other process has open: what it acknowledged survives a loss of power.
///
/// One writer groups the transactions that wait into one commit and one sync. Reads see a snapshot and wait for nobody.
/// When the disk fails, nothing more is written: what a failed sync left behind is known only after a restart.
#[derive(Debug)]
pub struct Embedded {
    file: Arc<StoreFile>,
    jobs: mpsc::Sender<Job>,
    log: Arc<EventLog>,
    failure: Failure,
}

/// Why nothing is written any more; empty while it is.
type Failure = Arc<OnceLock<String>>;

impl Embedded {
    /// Opens the store in a file, or makes it, checks all of it, and starts its writer.
    ///
    /// # Errors
    /// The file is open in another process, cannot be read or written, or is no whole store of this format; the text names it.
    pub async fn open(world: &World, path: &Path) -> Result<Self, StoreError> {
        Self::open_keeping(world, path, Retention::default()).await
    }

    /// The same, which keeps so much of what was.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub async fn open_keeping(world: &World, path: &Path, retention: Retention) -> Result<Self, StoreError> {
        let file = Arc::new(StoreFile::open(&*world.disk, path)?);
        let (newest, history) = file.measure()?;
        let log = EventLog::new(newest, retention);
        let (jobs, queue) = mpsc::channel(STORE_QUEUE_MAX);
        let failure = Failure::default();
        let writer = Writer {
            file: Arc::clone(&file),
            log: Arc::clone(&log),
            durability: writer::durability(world.planted),
            retention,
            history,
            failure: Arc::clone(&failure),
        };
        world.process.start("store", Box::new(move || Box::pin(writer.run(queue))));
        Ok(Self { file, jobs, log, failure })
    }

    async fn ask(&self, task: Task) -> Result<Committed, StoreError> {
        let (reply, replied) = oneshot::channel();
        if self.jobs.send(Job { task, reply }).await.is_err() {
            return Err(StoreError::Unavailable(WRITER_ENDED.to_owned()));
        }
        replied.await.unwrap_or_else(|_| Err(StoreError::Unknown(WRITER_ENDED.to_owned())))
    }
}

/// What everybody is told when the writer has failed.
fn read_only(why: &str) -> StoreError {
    StoreError::Unavailable(format!("it is read-only until a restart, since it failed: {why}"))
}

const WRITER_ENDED: &str = "its writer has ended";

impl Store for Embedded {
    fn range<'a>(
        &'a self,
        keys: &'a KeyRange,
        at: ReadAt,
        limit: Option<NonZeroUsize>,
    ) -> LocalBoxFuture<'a, Result<Listing, StoreError>> {
        Box::pin(async move { self.file.range(keys, at, limit) })
    }

    fn commit(&self, txn: Txn) -> LocalBoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(async move {
            txn.check_size()?;
            self.ask(Task::Commit(txn)).await
        })
    }

    fn watch<'a>(&'a self, keys: &'a KeyRange, after: Revision) -> LocalBoxFuture<'a, Result<Watch, StoreError>> {
        Box::pin(async move { self.log.watch(keys, after) })
    }

    fn health(&self) -> Result<(), StoreError> {
        match self.failure.get() {
            Some(why) => Err(read_only(why)),
            None if self.jobs.is_closed() => Err(StoreError::Unavailable(WRITER_ENDED.to_owned())),
            None => Ok(()),
        }
    }

    fn compact(&self, revision: Revision) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.ask(Task::Compact(revision)).await.map(drop) })
    }
}
