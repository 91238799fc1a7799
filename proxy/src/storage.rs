//! Objects as bytes under keys, with revisions, transactions and watches: etcd's own shape.
//!
//! [`Store`] is what keeps them: [`Memory`] until the process ends, [`Embedded`] in a file. [`Cache`] stands in front of one
//! and answers almost all reads from a snapshot. Kinds, resource versions and retries lie above, in `rest`.

mod cache;
mod embedded;
mod error;
mod event_log;
mod key;
mod memory;
mod record;
mod retention;
mod snapshot;
mod txn;

use std::{fmt, num::NonZeroUsize};

pub use self::{
    cache::{Cache, Feed, ListAt},
    embedded::Embedded,
    error::StoreError,
    event_log::{Batch, Event, Watch},
    key::{Key, KeyRange},
    memory::Memory,
    record::{Listing, ReadAt, Record, Revision},
    retention::Retention,
    txn::{Committed, Expect, Op, Outcome, Txn},
};
use crate::world::LocalBoxFuture;

/// What keeps records. Its answers may wait for a disk or a network, and are the same from every worker.
///
/// Go: `k8s.io/apiserver/pkg/storage/etcd3`, what it asks of etcd.
pub trait Store: fmt::Debug + Send + Sync {
    /// The records of a range, sorted by key, as they are at one revision; at most `limit`.
    ///
    /// # Errors
    /// The revision was compacted or is not reached yet; the store cannot be read.
    fn range<'a>(
        &'a self,
        keys: &'a KeyRange,
        at: ReadAt,
        limit: Option<NonZeroUsize>,
    ) -> LocalBoxFuture<'a, Result<Listing, StoreError>>;

    /// Does all of a transaction, or nothing. When this returns, what was written survives a loss of power, as far as the store
    /// promises that at all.
    ///
    /// # Errors
    /// Nothing was written, as when there is too much to write ([`StoreError::TooLarge`]); behind [`StoreError::Unknown`] alone it may
    /// have been.
    fn commit(&self, txn: Txn) -> LocalBoxFuture<'_, Result<Committed, StoreError>>;

    /// What changes in a range behind a revision: every change once, in order.
    ///
    /// # Errors
    /// The revision was compacted.
    fn watch<'a>(&'a self, keys: &'a KeyRange, after: Revision) -> LocalBoxFuture<'a, Result<Watch, StoreError>>;

    /// Whether it takes writes, as far as it knows without trying.
    ///
    /// # Errors
    /// Why it does not.
    fn health(&self) -> Result<(), StoreError>;

    /// Forgets what records were like before `revision`: they can be read as they are at it and behind.
    ///
    /// # Errors
    /// The revision is not reached yet; the store cannot be written.
    fn compact(&self, revision: Revision) -> LocalBoxFuture<'_, Result<(), StoreError>>;
}
