//! A machine with a disk, and every store on it.

use std::{net::Ipv4Addr, num::NonZeroUsize, path::Path, sync::Arc};

use tokio::task::LocalSet;
use weir::{
    storage::{
        Cache, Committed, Embedded, Key, KeyRange, ListAt, Listing, Memory, Op, ReadAt, Revision, Store, StoreError,
        Txn, Watch,
    },
    world::{Bug, LocalBoxFuture},
};
use weir_sim::world::{Cluster, Knobs, Machine, ProcessKnobs};

pub(crate) const FILE: &str = "/data/store.redb";

/// A machine of its own.
pub(crate) fn machine(bug: Option<Bug>) -> Arc<Machine> {
    let cluster = Cluster::new(1, Knobs::default(), bug, None);
    Machine::new(&cluster, "store", Ipv4Addr::LOCALHOST.into(), ProcessKnobs::default())
}

/// Runs a life of a process: when it is over, nothing of it runs any more.
pub(crate) fn life<T>(body: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, body)
}

pub(crate) async fn open(machine: &Machine) -> Result<Embedded, StoreError> {
    Embedded::open(&machine.boot().unwrap(), Path::new(FILE)).await
}

/// Runs a test on every store.
pub(crate) fn on_each<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Store>) -> F) {
    on_plain(&test);
    life(async { test(Through::of(Arc::new(Memory::new())).await).await });
    let machine = machine(None);
    life(async { test(Through::of(Arc::new(open(&machine).await.unwrap())).await).await });
}

/// Runs a test on every store that keeps records itself.
pub(crate) fn on_plain<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Store>) -> F) {
    life(async { test(Arc::new(Memory::new())).await });
    let machine = machine(None);
    life(async { test(Arc::new(open(&machine).await.unwrap())).await });
}

/// A store as it looks through its watch cache.
#[derive(Debug)]
struct Through {
    cache: Cache,
    store: Arc<dyn Store>,
}

impl Through {
    async fn of(store: Arc<dyn Store>) -> Arc<dyn Store> {
        let (cache, feed) = Cache::open(Arc::clone(&store)).await.unwrap();
        tokio::task::spawn_local(feed.run());
        Arc::new(Self { cache, store })
    }
}

impl Store for Through {
    fn range<'a>(
        &'a self,
        keys: &'a KeyRange,
        at: ReadAt,
        limit: Option<NonZeroUsize>,
    ) -> LocalBoxFuture<'a, Result<Listing, StoreError>> {
        let at = match at {
            ReadAt::Latest => ListAt::Latest,
            ReadAt::Exactly(revision) => ListAt::Exactly(revision),
        };
        Box::pin(self.cache.list(keys, at, limit))
    }

    fn commit(&self, txn: Txn) -> LocalBoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(self.cache.commit(txn))
    }

    fn watch<'a>(&'a self, keys: &'a KeyRange, after: Revision) -> LocalBoxFuture<'a, Result<Watch, StoreError>> {
        Box::pin(self.cache.watch(keys, after))
    }

    fn health(&self) -> Result<(), StoreError> {
        self.cache.health()
    }

    fn compact(&self, revision: Revision) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        self.store.compact(revision)
    }
}

pub(crate) fn put(key: &str, value: &str) -> Op {
    Op::Put { key: key.into(), value: value.to_owned().into() }
}

pub(crate) fn delete(key: &str) -> Op {
    Op::Delete(key.into())
}

/// Does something, whatever there is.
pub(crate) async fn just(store: &dyn Store, op: Op) -> Committed {
    store.commit(Txn { then: vec![op], ..Txn::default() }).await.unwrap()
}

pub(crate) async fn all(store: &dyn Store, at: ReadAt) -> Result<Listing, StoreError> {
    store.range(&KeyRange::all(), at, None).await
}

/// The keys and values of a listing.
pub(crate) fn pairs(listing: &Listing) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    listing.records.iter().map(|record| (text(record.key.as_bytes()), text(&record.value))).collect()
}

pub(crate) fn key(text: &str) -> Key {
    text.into()
}
