//! What is in the file: every record as every revision wrote it, back to the oldest that can be read.

use std::{num::NonZeroUsize, ops::Bound, sync::Arc};

use bytes::Bytes;
use redb::{
    Error, ReadTransaction, ReadableTable as _, StorageError, Table, TableDefinition, TableError, WriteTransaction,
};

use crate::storage::{Batch, Event, Key, KeyRange, Listing, Record, Retention, Revision};

/// A key, and the revision that wrote it.
type Place = (&'static [u8], u64);
/// When the key came into being, and the value; none: it was removed.
type Version = (u64, Option<&'static [u8]>);

/// All that was written.
const RECORDS: TableDefinition<'static, Place, Version> = TableDefinition::new("records");
/// The revisions and the keys that they wrote: what compaction has to look at.
const CHANGES: TableDefinition<'static, (u64, &'static [u8]), ()> = TableDefinition::new("changes");
/// [`FORMAT`], [`REVISION`], [`OLDEST`].
const ABOUT: TableDefinition<'static, &'static str, u64> = TableDefinition::new("about");
/// The layout of these tables.
const FORMAT: &str = "format";
/// The newest revision.
const REVISION: &str = "revision";
/// The oldest revision that can be read.
const OLDEST: &str = "oldest";

/// The layout that this code reads and writes.
pub(super) const FORMAT_NOW: u64 = 1;

/// The revisions that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) oldest: Revision,
    pub(super) newest: Revision,
}

/// The layout that the file says it has; none: it has no tables of ours.
pub(super) fn format(read: &ReadTransaction) -> Result<Option<u64>, Error> {
    match read.open_table(ABOUT) {
        Ok(about) => Ok(about.get(FORMAT)?.map(|format| format.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes the tables of an empty store.
pub(super) fn make(write: &WriteTransaction) -> Result<(), Error> {
    write.open_table(RECORDS)?;
    write.open_table(CHANGES)?;
    let mut about = write.open_table(ABOUT)?;
    for (name, value) in [(FORMAT, FORMAT_NOW), (REVISION, Revision::FIRST.0), (OLDEST, Revision::FIRST.0)] {
        about.insert(name, value)?;
    }
    Ok(())
}

/// The revisions that can be read.
pub(super) fn span(read: &ReadTransaction) -> Result<Span, Error> {
    span_of(&read.open_table(ABOUT)?)
}

fn span_of(about: &impl redb::ReadableTable<&'static str, u64>) -> Result<Span, Error> {
    let number = |name| match about.get(name) {
        Ok(Some(number)) => Ok(Revision(number.value())),
        Ok(None) => Err(Error::from(StorageError::Corrupted(format!("no {name}")))),
        Err(error) => Err(error.into()),
    };
    Ok(Span { oldest: number(OLDEST)?, newest: number(REVISION)? })
}

/// The newest revision, and the bytes of what it does not have.
pub(super) fn measure(read: &ReadTransaction) -> Result<(Revision, u64), Error> {
    let (mut history, mut before) = (0, (Vec::new(), 0));
    for version in read.open_table(RECORDS)?.iter()? {
        let (place, version) = version?;
        let ((key, _), (_, value)) = (place.value(), version.value());
        let bytes = cost(key, value);
        if before.0 == key {
            history += before.1;
        }
        // What says that a key was removed is history from the beginning: it is counted as if something had come behind it.
        history += if value.is_none() { bytes } else { 0 };
        before = (key.to_vec(), if value.is_none() { 0 } else { bytes });
    }
    Ok((span(read)?.newest, history))
}

/// What a version takes; none: its key was removed.
fn cost(key: &[u8], value: Option<&[u8]>) -> u64 {
    (key.len() + value.map_or(0, <[u8]>::len)) as u64
}

/// The records of a range as they were at a revision that can be read.
pub(super) fn list(
    read: &ReadTransaction,
    keys: &KeyRange,
    at: Revision,
    limit: Option<NonZeroUsize>,
) -> Result<Listing, Error> {
    let mut listing = Listing { revision: at, ..Listing::default() };
    if keys.is_empty() {
        return Ok(listing);
    }
    let limit = limit.map_or(usize::MAX, NonZeroUsize::get);
    let records = read.open_table(RECORDS)?;
    let end = keys.end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded((end.as_bytes(), 0)));
    let start = Bound::Included((keys.start.as_bytes(), 0));
    // The versions of a key stand side by side, the oldest first: the last one that is not too new counts.
    let mut found: Option<Arc<Record>> = None;
    let mut take = |found: &mut Option<Arc<Record>>| match found.take() {
        Some(record) if listing.records.len() < limit => listing.records.push(record),
        Some(_) => listing.remaining += 1,
        None => {}
    };
    for version in records.range::<(&[u8], u64)>((start, end))? {
        let (place, version) = version?;
        let ((key, modified), (created, value)) = (place.value(), version.value());
        if found.as_ref().is_some_and(|found| found.key.as_bytes() != key) {
            take(&mut found);
        }
        if modified <= at.0 {
            found = value.map(|value| record(key, modified, created, value));
        }
    }
    take(&mut found);
    Ok(listing)
}

fn record(key: &[u8], modified: u64, created: u64, value: &[u8]) -> Arc<Record> {
    Arc::new(Record {
        key: Key::new(Bytes::copy_from_slice(key)),
        value: Bytes::copy_from_slice(value),
        created: Revision(created),
        modified: Revision(modified),
    })
}

/// The tables while they are written.
pub(super) struct Draft<'a> {
    records: Table<'a, Place, Version>,
    changes: Table<'a, (u64, &'static [u8]), ()>,
    about: Table<'a, &'static str, u64>,
    pub(super) span: Span,
    /// The bytes of what the newest revision does not have.
    pub(super) history: u64,
    /// There is something to commit.
    pub(super) changed: bool,
}

impl<'a> Draft<'a> {
    /// `history` is what [`measure`] says, or the draft before this one that was committed.
    pub(super) fn of(write: &'a WriteTransaction, history: u64) -> Result<Self, Error> {
        let about = write.open_table(ABOUT)?;
        let span = span_of(&about)?;
        Ok(Self {
            records: write.open_table(RECORDS)?,
            changes: write.open_table(CHANGES)?,
            about,
            span,
            history,
            changed: false,
        })
    }

    /// The newest version of a record.
    pub(super) fn get(&self, key: &Key) -> Result<Option<Arc<Record>>, Error> {
        let key = key.as_bytes();
        let Some(version) = self.records.range((key, 0)..=(key, u64::MAX))?.next_back() else { return Ok(None) };
        let (place, version) = version?;
        let ((key, modified), (created, value)) = (place.value(), version.value());
        Ok(value.map(|value| record(key, modified, created, value)))
    }

    /// Writes a batch down.
    pub(super) fn add(&mut self, batch: &Batch) -> Result<(), Error> {
        let revision = batch.revision;
        for event in &batch.events {
            let version = match event {
                Event::Put { record, .. } => (record.created.0, Some(&*record.value)),
                Event::Deleted { before } => (before.created.0, None),
            };
            let key = event.key().as_bytes();
            self.history += event.before().map_or(0, |before| cost(key, Some(&before.value)));
            self.history += if version.1.is_none() { cost(key, None) } else { 0 };
            self.records.insert((key, revision.0), version)?;
            self.changes.insert((revision.0, key), ())?;
        }
        self.about.insert(REVISION, revision.0)?;
        self.span.newest = revision;
        self.changed = true;
        Ok(())
    }

    /// Forgets the oldest of what is more than is to be kept.
    pub(super) fn forget(&mut self, retention: Retention) -> Result<(), Error> {
        self.compact(Revision(self.span.newest.0.saturating_sub(retention.revisions)))?;
        while self.history > retention.history_bytes && self.span.oldest < self.span.newest {
            self.compact(self.span.oldest.next())?;
        }
        Ok(())
    }

    /// Forgets what was superseded at `oldest` or before.
    pub(super) fn compact(&mut self, oldest: Revision) -> Result<(), Error> {
        if oldest <= self.span.oldest {
            return Ok(());
        }
        let until = (oldest.next().0, [].as_slice());
        let mut changed = Vec::new();
        for change in self.changes.extract_from_if(..until, |_, ()| true)? {
            changed.push(change?.0.value().1.to_vec());
        }
        for key in changed {
            let mut superseded = Vec::new();
            let mut last = None;
            for version in self.records.range((key.as_slice(), 0)..=(key.as_slice(), oldest.0))? {
                let (place, version) = version?;
                superseded.extend(last.replace((place.value().1, version.value().1.is_none())));
            }
            superseded.extend(last.filter(|(_, removed)| *removed));
            for (modified, _) in superseded {
                let removed = self.records.remove((key.as_slice(), modified))?;
                self.history -= removed.map_or(0, |version| cost(&key, version.value().1));
            }
        }
        self.about.insert(OLDEST, oldest.0)?;
        self.span.oldest = oldest;
        self.changed = true;
        Ok(())
    }
}
