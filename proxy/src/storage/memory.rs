use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};

use super::{
    Committed, KeyRange, Listing, ReadAt, Retention, Revision, Store, StoreError, Txn, Watch,
    event_log::EventLog,
    snapshot::{Snapshot, Snapshots},
    txn::decide,
};
use crate::world::LocalBoxFuture;

/// A store that lives as long as the process.
#[derive(Debug)]
pub struct Memory {
    snapshots: Snapshots,
    log: Arc<EventLog>,
    /// Held while a transaction is decided and done.
    writing: Mutex<()>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::keeping(Retention::default())
    }

    /// An empty store, which keeps so much of what was.
    pub fn keeping(retention: Retention) -> Self {
        let first = Snapshot::of(Listing { revision: Revision::FIRST, ..Listing::default() });
        let snapshots = Snapshots::new(first, retention);
        Self { snapshots, log: EventLog::new(Revision::FIRST, retention), writing: Mutex::default() }
    }

    fn read(&self, keys: &KeyRange, at: ReadAt, limit: Option<NonZeroUsize>) -> Result<Listing, StoreError> {
        let snapshot = match at {
            ReadAt::Latest => self.snapshots.newest(),
            ReadAt::Exactly(revision) => match self.snapshots.at(revision) {
                Some(snapshot) => snapshot,
                None if revision > self.log.revision() => return Err(StoreError::Future(self.log.revision())),
                None => return Err(StoreError::Compacted(self.snapshots.oldest())),
            },
        };
        Ok(snapshot.list(keys, limit))
    }

    fn write(&self, txn: Txn) -> Result<Committed, StoreError> {
        txn.check_size()?;
        let _writing = self.writing.lock().expect("nothing panics while it writes");
        let newest = self.snapshots.newest();
        let (committed, batch) = decide(txn, newest.revision, |key| Ok::<_, StoreError>(newest.get(key)))?;
        if let Some(batch) = batch {
            self.snapshots.add(&batch);
            self.log.add(Arc::new(batch));
        }
        Ok(committed)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for Memory {
    fn range<'a>(
        &'a self,
        keys: &'a KeyRange,
        at: ReadAt,
        limit: Option<NonZeroUsize>,
    ) -> LocalBoxFuture<'a, Result<Listing, StoreError>> {
        Box::pin(async move { self.read(keys, at, limit) })
    }

    fn commit(&self, txn: Txn) -> LocalBoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(async move { self.write(txn) })
    }

    fn watch<'a>(&'a self, keys: &'a KeyRange, after: Revision) -> LocalBoxFuture<'a, Result<Watch, StoreError>> {
        Box::pin(async move { self.log.watch(keys, after) })
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn compact(&self, revision: Revision) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let newest = self.log.revision();
            if revision > newest {
                return Err(StoreError::Future(newest));
            }
            self.snapshots.forget_before(revision);
            Ok(())
        })
    }
}
