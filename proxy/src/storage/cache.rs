use std::{num::NonZeroUsize, sync::Arc};

use arc_swap::ArcSwapOption;

use super::{
    Committed, Key, KeyRange, Listing, ReadAt, Record, Retention, Revision, Store, StoreError, Txn, Watch,
    event_log::EventLog,
    snapshot::{Snapshot, Snapshots},
};
use crate::{
    config::limits::{STORE_RETRY_DELAY, STORE_REVISION_WAIT},
    observe::Asked,
};

/// The watch cache: a store's records as an immutable snapshot, and its last events. All workers share one.
///
/// A write that was acknowledged is in the snapshot, on every worker. Reading takes no lock.
///
/// Go: `k8s.io/apiserver/pkg/storage/cacher`.
#[derive(Clone, Debug)]
pub struct Cache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    snapshots: Snapshots,
    log: Arc<EventLog>,
    /// Why the feed brings nothing; none: it does.
    starved: ArcSwapOption<String>,
}

/// How new a read has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListAt {
    /// All that was acknowledged. Go: `resourceVersion` is not given.
    Latest,
    /// This revision or a later one; waits for it a little while.
    NotOlderThan(Revision),
    /// The store as it was at this revision.
    Exactly(Revision),
}

impl Cache {
    /// A cache in front of a store. It stays as it is unless its feed runs, and writes through it wait for that.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open(store: Arc<dyn Store>) -> Result<(Self, Feed), StoreError> {
        Self::open_keeping(store, Retention::default()).await
    }

    /// The same, which keeps so much of what was.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open_keeping(store: Arc<dyn Store>, retention: Retention) -> Result<(Self, Feed), StoreError> {
        let (first, watch) = read_all(&*store).await?;
        let log = EventLog::new(first.revision, retention);
        let (snapshots, starved) = (Snapshots::new(first, retention), ArcSwapOption::empty());
        let cache = Self(Arc::new(Inner { store, snapshots, log, starved }));
        Ok((cache.clone(), Feed { cache, watch }))
    }

    /// The records of a range, sorted by key, at most `limit`. The next page is the range from behind the last key, exactly at
    /// the listing's revision.
    ///
    /// # Errors
    /// The revision was compacted, or is not reached in time; the store cannot be read.
    pub async fn list(&self, keys: &KeyRange, at: ListAt, limit: Option<NonZeroUsize>) -> Result<Listing, StoreError> {
        match at {
            ListAt::Latest => {}
            ListAt::NotOlderThan(revision) => self.reach(revision).await?,
            ListAt::Exactly(revision) => {
                self.reach(revision).await?;
                return match self.0.snapshots.at(revision) {
                    Some(snapshot) => Ok(snapshot.list(keys, limit)),
                    None => self.0.store.range(keys, ReadAt::Exactly(revision), limit).await,
                };
            }
        }
        Ok(self.0.snapshots.newest().list(keys, limit))
    }

    /// One record, and the revision that it was read at.
    ///
    /// # Errors
    /// As [`Cache::list`].
    pub async fn get(&self, key: &Key, at: ListAt) -> Result<(Revision, Option<Arc<Record>>), StoreError> {
        let mut listing = self.list(&KeyRange::one(key), at, None).await?;
        Ok((listing.revision, listing.records.pop()))
    }

    /// Does all of a transaction, or nothing. From then on every read on every worker sees it.
    ///
    /// # Errors
    /// As [`Store::commit`]; and [`StoreError::Unknown`] when it is written and the feed does not bring it in time.
    pub async fn commit(&self, txn: Txn) -> Result<Committed, StoreError> {
        let committed = self.0.store.commit(txn).await?;
        let reached = tokio::time::timeout(STORE_REVISION_WAIT, self.0.log.reach(committed.revision)).await;
        reached.map_err(|_| StoreError::Unknown("it is written, and the watch cache does not see it".to_owned()))?;
        Ok(committed)
    }

    /// What changes in a range behind a revision. A watch from behind a listing's revision misses nothing.
    ///
    /// # Errors
    /// [`StoreError::Compacted`]: the revision is forgotten; list anew.
    pub async fn watch(&self, keys: &KeyRange, after: Revision) -> Result<Watch, StoreError> {
        self.0.log.watch(keys, after)
    }

    /// Whether it takes writes and sees them, as far as it knows without trying.
    ///
    /// # Errors
    /// Why it does not.
    pub fn health(&self) -> Result<(), StoreError> {
        if let Some(why) = &*self.0.starved.load() {
            return Err(StoreError::Unavailable(format!("the watch cache gets nothing from it: {why}")));
        }
        self.0.store.health()
    }

    /// The revision that reads see.
    pub fn revision(&self) -> Revision {
        self.0.snapshots.newest().revision
    }

    async fn reach(&self, revision: Revision) -> Result<(), StoreError> {
        let reached = tokio::time::timeout(STORE_REVISION_WAIT, self.0.log.reach(revision)).await;
        reached.map_err(|_| StoreError::Future(self.revision()))
    }
}

impl Asked for Cache {
    fn ask(&self) -> Result<(), String> {
        self.health().map_err(|error| error.to_string())
    }
}

/// What keeps a cache up to date: run it as a task or a worker of its own.
#[derive(Debug)]
pub struct Feed {
    cache: Cache,
    watch: Watch,
}

impl Feed {
    /// Brings every change of the store into the cache, for ever.
    pub async fn run(mut self) {
        let cache = self.cache.clone();
        let Inner { store, snapshots, log, starved } = &*cache.0;
        loop {
            match self.watch.next().await {
                Ok(batch) => {
                    // First the snapshot: who hears of an event finds it there.
                    snapshots.add(&batch);
                    log.add(batch);
                }
                Err(error) => {
                    tracing::warn!(%error, "the watch cache begins anew");
                    self.watch = loop {
                        match read_all(&**store).await {
                            Ok((first, watch)) => {
                                let revision = first.revision;
                                snapshots.restart(first);
                                log.restart(revision);
                                starved.store(None);
                                break watch;
                            }
                            Err(error) => {
                                tracing::error!(%error, "the store cannot be read");
                                starved.store(Some(Arc::new(error.to_string())));
                            }
                        }
                        tokio::time::sleep(STORE_RETRY_DELAY).await;
                    };
                }
            }
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.cache.0.starved.store(Some(Arc::new("its feed has ended".to_owned())));
    }
}

async fn read_all(store: &dyn Store) -> Result<(Snapshot, Watch), StoreError> {
    let all = KeyRange::all();
    let listing = store.range(&all, ReadAt::Latest, None).await?;
    let watch = store.watch(&all, listing.revision).await?;
    Ok((Snapshot::of(listing), watch))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::storage::Memory;

    /// A write waited for ever when the feed had ended, and nobody could tell.
    #[tokio::test(start_paused = true)]
    async fn a_write_that_the_feed_does_not_bring_is_unknown_and_not_waited_for() {
        let store: Arc<dyn Store> = Arc::new(Memory::new());
        let (cache, feed) = Cache::open(Arc::clone(&store)).await.unwrap();
        let key = Key::new("/registry/namespaces/a");
        let written = cache.commit(Txn::create(key.clone(), Bytes::from_static(b"{}"))).await;
        assert!(matches!(written, Err(StoreError::Unknown(_))), "{written:?}");
        let kept = store.range(&KeyRange::one(&key), ReadAt::Latest, None).await.unwrap();
        assert_eq!(kept.records.len(), 1);
        drop(feed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cache_whose_feed_has_ended_is_not_well() {
        let (cache, feed) = Cache::open(Arc::new(Memory::new())).await.unwrap();
        assert_eq!(cache.health(), Ok(()));
        assert!(tokio::time::timeout(STORE_RETRY_DELAY, feed.run()).await.is_err(), "it runs for ever");
        let sick = cache.health().unwrap_err().to_string();
        assert!(sick.ends_with("its feed has ended"), "{sick}");
    }
}
