use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::watch;

use super::{Key, KeyRange, Record, Retention, Revision, StoreError};

/// All that one transaction changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The revision that it made.
    pub revision: Revision,
    /// What it changed, sorted by key, each key once.
    pub events: Vec<Event>,
}

impl Batch {
    /// What it holds: every record, as it was and as it is.
    pub(super) fn bytes(&self) -> usize {
        let now = |event: &Event| match event {
            Event::Put { record, .. } => record.bytes(),
            Event::Deleted { .. } => 0,
        };
        self.events.iter().map(now).sum::<usize>() + self.superseded_bytes()
    }

    /// The records that it replaced or removed.
    pub(super) fn superseded_bytes(&self) -> usize {
        self.events.iter().filter_map(Event::before).map(|before| before.bytes()).sum()
    }
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

    /// The record as it was before, if there was one.
    pub(super) fn before(&self) -> Option<&Arc<Record>> {
        match self {
            Self::Put { before, .. } => before.as_ref(),
            Self::Deleted { before } => Some(before),
        }
    }
}

/// The last batches of a store, in order: what all its watches read from.
#[derive(Debug)]
pub(super) struct EventLog {
    retention: Retention,
    inner: Mutex<Inner>,
    /// The revision of the newest batch; whoever waits for one waits here.
    newest: watch::Sender<Revision>,
}

#[derive(Debug)]
struct Inner {
    /// Every batch behind this revision is in the log.
    begins: Revision,
    batches: VecDeque<Arc<Batch>>,
    /// What they hold together.
    bytes: usize,
}

impl Inner {
    fn begin(at: Revision) -> Self {
        Self { begins: at, batches: VecDeque::new(), bytes: 0 }
    }
}

impl EventLog {
    /// The log of a store that stands at a revision.
    pub(super) fn new(at: Revision, retention: Retention) -> Arc<Self> {
        Arc::new(Self { retention, inner: Mutex::new(Inner::begin(at)), newest: watch::Sender::new(at) })
    }

    /// Adds a batch, forgets the oldest if there are too many or they hold too much, and wakes who waits.
    pub(super) fn add(&self, batch: Arc<Batch>) {
        let revision = batch.revision;
        let mut inner = self.inner();
        inner.bytes += batch.bytes();
        inner.batches.push_back(batch);
        while inner.batches.len() > self.retention.events || inner.bytes > self.retention.event_bytes {
            // The newest is kept, or whoever waits for it would never see it.
            let Some(oldest) = (if inner.batches.len() > 1 { inner.batches.pop_front() } else { None }) else { break };
            inner.bytes -= oldest.bytes();
            inner.begins = oldest.revision;
        }
        drop(inner);
        self.newest.send_replace(revision);
    }

    /// Begins anew at a revision: whoever has not read so far has missed something.
    pub(super) fn restart(&self, at: Revision) {
        *self.inner() = Inner::begin(at);
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
