use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard},
};

use arc_swap::ArcSwap;
use rpds::RedBlackTreeMapSync;

use super::{Batch, Event, Key, KeyRange, Listing, Record, Retention, Revision};

/// All records at one revision. A later one shares what did not change.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) revision: Revision,
    records: RedBlackTreeMapSync<Key, Arc<Record>>,
}

impl Snapshot {
    /// What a listing of everything says.
    pub(super) fn of(listing: Listing) -> Self {
        let records = listing.records.into_iter().map(|record| (record.key.clone(), record)).collect();
        Self { revision: listing.revision, records }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Record>> {
        self.records.get(key).cloned()
    }

    pub(super) fn list(&self, keys: &KeyRange, limit: Option<NonZeroUsize>) -> Listing {
        if keys.is_empty() {
            return Listing { revision: self.revision, ..Listing::default() };
        }
        let mut found = self.records.range(keys.bounds()).map(|(_, record)| record);
        let records = found.by_ref().take(limit.map_or(usize::MAX, NonZeroUsize::get)).cloned().collect();
        Listing { revision: self.revision, records, remaining: found.count() }
    }

    fn with(&self, batch: &Batch) -> Self {
        let mut records = self.records.clone();
        for event in &batch.events {
            match event {
                Event::Put { record, .. } => records.insert_mut(record.key.clone(), Arc::clone(record)),
                Event::Deleted { before } => drop(records.remove_mut(&before.key)),
            }
        }
        Self { revision: batch.revision, records }
    }
}

/// The newest snapshot, read without a lock, and some before it.
#[derive(Debug)]
pub(super) struct Snapshots {
    retention: Retention,
    newest: ArcSwap<Snapshot>,
    older: Mutex<Older>,
}

/// The snapshots before the newest.
#[derive(Debug, Default)]
struct Older {
    /// The oldest first; with each, what it has and those behind it do not.
    snapshots: VecDeque<(Arc<Snapshot>, usize)>,
    /// The sum of that.
    bytes: usize,
}

impl Older {
    fn pop(&mut self) {
        if let Some((_, bytes)) = self.snapshots.pop_front() {
            self.bytes -= bytes;
        }
    }
}

impl Snapshots {
    /// Begins with a snapshot.
    pub(super) fn new(first: Snapshot, retention: Retention) -> Self {
        Self { retention, newest: ArcSwap::from_pointee(first), older: Mutex::default() }
    }

    pub(super) fn newest(&self) -> Arc<Snapshot> {
        self.newest.load_full()
    }

    /// The one that a revision saw; none if it is forgotten or not reached yet.
    pub(super) fn at(&self, revision: Revision) -> Option<Arc<Snapshot>> {
        let older = self.older();
        let newest = self.newest();
        if newest.revision <= revision {
            return (newest.revision == revision).then_some(newest);
        }
        let behind = older.snapshots.partition_point(|(snapshot, _)| snapshot.revision <= revision);
        older.snapshots.get(behind.checked_sub(1)?).map(|(snapshot, _)| Arc::clone(snapshot))
    }

    /// The oldest revision that [`Snapshots::at`] knows.
    pub(super) fn oldest(&self) -> Revision {
        let older = self.older();
        older.snapshots.front().map_or_else(|| self.newest().revision, |(oldest, _)| oldest.revision)
    }

    /// Applies a batch to the newest. One writer at a time calls this.
    pub(super) fn add(&self, batch: &Batch) {
        let mut older = self.older();
        let before = self.newest();
        self.newest.store(Arc::new(before.with(batch)));
        let bytes = batch.superseded_bytes();
        older.snapshots.push_back((before, bytes));
        older.bytes += bytes;
        while older.snapshots.len() > self.retention.events || older.bytes > self.retention.event_bytes {
            older.pop();
        }
    }

    /// Forgets those before a revision.
    pub(super) fn forget_before(&self, revision: Revision) {
        let mut older = self.older();
        while older.snapshots.front().is_some_and(|(snapshot, _)| snapshot.revision < revision) {
            older.pop();
        }
    }

    /// Begins anew with a snapshot.
    pub(super) fn restart(&self, first: Snapshot) {
        let mut older = self.older();
        *older = Older::default();
        self.newest.store(Arc::new(first));
    }

    fn older(&self) -> MutexGuard<'_, Older> {
        self.older.lock().expect("nothing panics while it holds the snapshots")
    }
}
