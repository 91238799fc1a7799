use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use bytes::Bytes;

use super::{Batch, Event, Key, Record, Revision, StoreError};
use crate::config::limits::STORE_TXN_BYTES_MAX;

/// What is to be done at once, if what it expects holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// What has to hold.
    pub expect: Vec<Expect>,
    /// What is done, in this order, if all of it holds.
    pub then: Vec<Op>,
    /// What is done, in this order, if not.
    pub otherwise: Vec<Op>,
}

/// A key whose record was modified last at a revision; at [`Revision::ZERO`]: a key without a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The key.
    pub key: Key,
    /// When its record was modified.
    pub modified: Revision,
}

/// One step of a transaction. It sees what the steps before it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a record.
    Put {
        /// Its key.
        key: Key,
        /// Its value.
        value: Bytes,
    },
    /// Removes a record, if there is one.
    Delete(Key),
    /// Reads a record.
    Get(Key),
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The revision that it made; if it wrote nothing, the one that it found.
    pub revision: Revision,
    /// Which steps were done.
    pub outcome: Outcome,
    /// For each step done: the record as written, as it was before it was removed, or as read.
    pub records: Vec<Option<Arc<Record>>>,
}

/// Which steps of a transaction were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What it expected held: `then`.
    Then,
    /// It did not hold: `otherwise`.
    Otherwise,
}

impl Txn {
    /// Writes a record where there is none; otherwise reads the one that is there.
    pub fn create(key: Key, value: Bytes) -> Self {
        Self::replace(key, Revision::ZERO, value)
    }

    /// Writes a record if it was modified last at `modified`; otherwise reads it.
    pub fn replace(key: Key, modified: Revision, value: Bytes) -> Self {
        Self {
            expect: vec![Expect { key: key.clone(), modified }],
            otherwise: vec![Op::Get(key.clone())],
            then: vec![Op::Put { key, value }],
        }
    }

    /// Removes a record if it was modified last at `modified`; otherwise reads it.
    pub fn remove(key: Key, modified: Revision) -> Self {
        Self {
            expect: vec![Expect { key: key.clone(), modified }],
            otherwise: vec![Op::Get(key.clone())],
            then: vec![Op::Delete(key)],
        }
    }

    /// That it is not larger than any may be. Go: `etcd/server/v3/etcdserver/v3_server.go` `processInternalRaftRequestOnce`.
    pub(super) fn check_size(&self) -> Result<(), StoreError> {
        let expected = self.expect.iter().map(|expect| expect.key.as_bytes().len());
        let ops = self.then.iter().chain(&self.otherwise).map(|op| match op {
            Op::Put { key, value } => key.as_bytes().len() + value.len(),
            Op::Delete(key) | Op::Get(key) => key.as_bytes().len(),
        });
        let bytes: usize = expected.chain(ops).sum();
        if bytes > STORE_TXN_BYTES_MAX { Err(StoreError::TooLarge) } else { Ok(()) }
    }
}

/// Decides a transaction on a store that stands at `revision`: what is answered, and what is to be written; none if nothing is.
pub(super) fn decide<E>(
    txn: Txn,
    revision: Revision,
    read: impl Fn(&Key) -> Result<Option<Arc<Record>>, E>,
) -> Result<(Committed, Option<Batch>), E> {
    let mut outcome = Outcome::Then;
    for Expect { key, modified } in &txn.expect {
        if read(key)?.map_or(Revision::ZERO, |record| record.modified) != *modified {
            outcome = Outcome::Otherwise;
        }
    }
    let ops = match outcome {
        Outcome::Then => txn.then,
        Outcome::Otherwise => txn.otherwise,
    };
    let next = revision.next();
    let mut touched: BTreeMap<Key, Touched> = BTreeMap::new();
    let mut records = Vec::with_capacity(ops.len());
    for op in ops {
        let (Op::Put { key, .. } | Op::Delete(key) | Op::Get(key)) = &op;
        let slot = match touched.entry(key.clone()) {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(slot) => slot.insert(Touched::as_it_is(read(key)?)),
        };
        records.push(match op {
            Op::Get(_) => slot.now.clone(),
            Op::Delete(_) => {
                slot.written |= slot.now.is_some();
                slot.now.take()
            }
            Op::Put { key, value } => {
                let created = slot.now.as_ref().map_or(next, |record| record.created);
                slot.written = true;
                slot.now = Some(Arc::new(Record { key, value, created, modified: next }));
                slot.now.clone()
            }
        });
    }
    let events: Vec<Event> = touched.into_values().filter_map(Touched::event).collect();
    let batch = (!events.is_empty()).then_some(Batch { revision: next, events });
    let revision = if batch.is_some() { next } else { revision };
    Ok((Committed { revision, outcome, records }, batch))
}

/// A key that a transaction looked at.
struct Touched {
    before: Option<Arc<Record>>,
    now: Option<Arc<Record>>,
    written: bool,
}

impl Touched {
    fn as_it_is(record: Option<Arc<Record>>) -> Self {
        Self { before: record.clone(), now: record, written: false }
    }

    fn event(self) -> Option<Event> {
        match (self.now, self.before) {
            _ if !self.written => None,
            (Some(record), before) => Some(Event::Put { record, before }),
            (None, Some(before)) => Some(Event::Deleted { before }),
            (None, None) => None,
        }
    }
}
