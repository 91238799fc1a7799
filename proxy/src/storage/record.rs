use std::{fmt, sync::Arc};

use bytes::Bytes;

use super::Key;

/// A point in a store's life. Every transaction that writes makes the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// Before everything; as what a record was modified at: there is no record.
    pub const ZERO: Self = Self(0);

    /// Where an empty store stands: to clients 0 would mean that they have none.
    pub const FIRST: Self = Self(1);

    /// The one behind it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key's value, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: Key,
    /// Its value.
    pub value: Bytes,
    /// When the key came into being, for the last time.
    pub created: Revision,
    /// When the value was written.
    pub modified: Revision,
}

impl Record {
    /// What it takes: its key and its value.
    pub(super) fn bytes(&self) -> usize {
        self.key.as_bytes().len() + self.value.len()
    }
}

/// What a read is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAt {
    /// All that was acknowledged.
    Latest,
    /// The store as it was at a revision.
    Exactly(Revision),
}

/// Records of a range, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The revision that they were read at.
    pub revision: Revision,
    /// The records.
    pub records: Vec<Arc<Record>>,
    /// So many more of the range lie behind the limit.
    pub remaining: usize,
}
