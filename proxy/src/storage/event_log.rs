use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::watch;

use super::{Key, KeyRange, Record, Revision, StoreError};
use crate::config::limits::STORE_EVENTS_KEPT;

/// All that one transaction changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The revision that it made.
    pub revision: Revision,
    /// What it changed, sorted by key, each key once.
    pub events: Vec<Event>,
}

/// A change of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was written.
    Put {
        /// As it is now.
        record: Arc<Record>,
        /// As it was before; none: it was created.
        before: Option<Arc<Record>>,
    },
    /// It was removed.
    Deleted {
        /// As it was before.
        before: Arc<Record>,
    },
}

impl Event {
    /// The record's key.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { record, .. } => &record.key,
            Self::Deleted { before } => &before.key,
        }
    }
}

/// The last batches of a store, in order: what all its watches read from.
#[derive(Debug)]
pub(super) struct EventLog {
    inner: Mutex<Inner>,
    /// The revision of the newest batch; whoever waits for one waits here.
    newest: watch::Sender<Revision>,
}

#[derive(Debug)]
struct Inner {
    /// Every batch behind this revision is in the log.
    begins: Revision,
    batches: VecDeque<Arc<Batch>>,
}

impl EventLog {
    /// The log of a store that stands at a revision.
    pub(super) fn new(at: Revision) -> Arc<Self> {
        let inner = Mutex::new(Inner { begins: at, batches: VecDeque::new() });
        Arc::new(Self { inner, newest: watch::Sender::new(at) })
    }

    /// Adds a batch, forgets the oldest if there are too many, and wakes who waits.
    pub(super) fn add(&self, batch: Arc<Batch>) {
        let revision = batch.revision;
        let mut inner = self.inner();
        inner.batches.push_back(batch);
        if inner.batches.len() > STORE_EVENTS_KEPT
            && let Some(oldest) = inner.batches.pop_front()
        {
            inner.begins = oldest.revision;
        }
        drop(inner);
        self.newest.send_replace(revision);
    }

    /// Begins anew at a revision: whoever has not read so far has missed something.
    pub(super) fn restart(&self, at: Revision) {
        *self.inner() = Inner { begins: at, batches: VecDeque::new() };
        self.newest.send_replace(at);
    }

    /// The revision of the newest batch.
    pub(super) fn revision(&self) -> Revision {
        *self.newest.borrow()
    }

    /// Waits until the log has come to a revision.
    pub(super) async fn reach(&self, revision: Revision) {
        // It fails when the sender is gone, which `self` holds.
        let _ = self.newest.subscribe().wait_for(|newest| *newest >= revision).await;
    }

    /// Watches a range from behind a revision.
    pub(super) fn watch(self: &Arc<Self>, keys: &KeyRange, after: Revision) -> Result<Watch, StoreError> {
        self.first_behind(after)?;
        Ok(Watch { log: Arc::clone(self), newest: self.newest.subscribe(), keys: keys.clone(), passed: after })
    }

    fn first_behind(&self, passed: Revision) -> Result<Option<Arc<Batch>>, StoreError> {
        let inner = self.inner();
        if passed < inner.begins {
            return Err(StoreError::Compacted(inner.begins));
        }
        let nth = inner.batches.partition_point(|batch| batch.revision <= passed);
        Ok(inner.batches.get(nth).cloned())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds the log")
    }
}

/// What changes in a range, from a revision on. It may be read on any worker.
///
/// It keeps no events of its own: it reads the store's log, which is bounded, and ends when the log has forgotten what it has not read.
#[derive(Debug)]
pub struct Watch {
    log: Arc<EventLog>,
    newest: watch::Receiver<Revision>,
    keys: KeyRange,
    passed: Revision,
}

impl Watch {
    /// The next revision that changed something in the range: all that it changed there. Nothing is lost when this is dropped
    /// before it is ready.
    ///
    /// # Errors
    /// [`StoreError::Compacted`]: it was read too slowly, and something was missed. It does not recover.
    pub async fn next(&mut self) -> Result<Arc<Batch>, StoreError> {
        loop {
            self.newest.mark_unchanged();
            if let Some(batch) = self.advance()? {
                self.passed = batch.revision;
                return Ok(batch);
            }
            // It fails when the sender is gone, which `self.log` holds.
            let _ = self.newest.changed().await;
        }
    }

    /// All changes up to this revision were given by [`Watch::next`]: what a bookmark may say.
    pub fn revision(&mut self) -> Revision {
        // A watch that is too slow says so in `next`.
        let _ = self.advance();
        self.passed
    }

    /// Passes what does not concern the range; gives what does, without passing it.
    fn advance(&mut self) -> Result<Option<Arc<Batch>>, StoreError> {
        while let Some(batch) = self.log.first_behind(self.passed)? {
            let within = batch.events.iter().filter(|event| self.keys.contains(event.key())).count();
            if within == batch.events.len() {
                return Ok(Some(batch));
            } else if within > 0 {
                let events = batch.events.iter().filter(|event| self.keys.contains(event.key())).cloned().collect();
                return Ok(Some(Arc::new(Batch { revision: batch.revision, events })));
            }
            self.passed = batch.revision;
        }
        Ok(None)
    }
}
