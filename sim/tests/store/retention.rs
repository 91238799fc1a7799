//! How much is kept of what was, by number and by bytes; and how much may be written at a time.

use std::{path::Path, sync::Arc};

use weir::{
    config::limits::STORE_TXN_BYTES_MAX,
    storage::{Embedded, KeyRange, Memory, Op, ReadAt, Retention, Revision, Store, StoreError, Txn},
};
use weir_sim::world::Machine;

use crate::stage::{FILE, all, delete, just, key, life, machine, on_each, put};

/// Ten values of 1000 bytes, in whatever is bounded by bytes.
const FEW: Retention = Retention { events: 1000, event_bytes: 10_000, revisions: 1000, history_bytes: 10_000 };

fn value(nth: usize) -> String {
    format!("{nth:0998}")
}

async fn open(machine: &Machine) -> Embedded {
    Embedded::open_keeping(&machine.boot().unwrap(), Path::new(FILE), FEW).await.unwrap()
}

/// The oldest revision that can be read.
async fn oldest(store: &dyn Store) -> Revision {
    match all(store, ReadAt::Exactly(Revision::FIRST)).await {
        Err(StoreError::Compacted(oldest)) => oldest,
        other => panic!("nothing is forgotten: {other:?}"),
    }
}

#[test]
fn a_transaction_that_is_too_large_is_refused_and_writes_nothing() {
    on_each(|store| async move {
        let large = |bytes: usize| Op::Put { key: key("/a"), value: vec![b'x'; bytes].into() };
        let most = STORE_TXN_BYTES_MAX - "/a".len();
        let fits = just(&*store, large(most)).await.revision;
        for then in
            [vec![large(most + 1)], vec![large(most), put("/b", "")], vec![large(most / 2), large(most / 2 + 1)]]
        {
            let refused = store.commit(Txn { then, ..Txn::default() }).await;
            assert_eq!(refused, Err(StoreError::TooLarge));
        }
        let refused = store.commit(Txn::create(key("/b"), vec![b'x'; STORE_TXN_BYTES_MAX].into())).await;
        assert_eq!(refused.unwrap_err().to_string(), "etcdserver: request is too large");
        assert_eq!(all(&*store, ReadAt::Latest).await.unwrap().revision, fits);
        assert_eq!(just(&*store, delete("/a")).await.revision, fits.next());
    });
}

/// A thousand events of 250 kB were half a GiB.
#[test]
fn events_and_snapshots_in_memory_are_bounded_by_bytes() {
    life(async {
        let store = Memory::keeping(FEW);
        for nth in 0..100 {
            just(&store, put("/a", &value(nth))).await;
        }
        // Each event has a value as it was and as it is: five of them.
        let Err(StoreError::Compacted(begins)) = store.watch(&KeyRange::all(), Revision::FIRST).await else {
            panic!("nothing is forgotten")
        };
        assert_eq!(begins, Revision(101 - 5));
        assert_eq!(oldest(&store).await, Revision(101 - 10));
    });
}

#[test]
fn an_event_that_is_larger_than_all_that_is_kept_is_told_to_who_waits() {
    life(async {
        let store = Arc::new(Memory::keeping(FEW));
        let mut watch = store.watch(&KeyRange::all(), Revision::FIRST).await.unwrap();
        for nth in [1, 2] {
            let written = just(&*store, put("/a", &"x".repeat(FEW.event_bytes * nth))).await.revision;
            assert_eq!(watch.next().await.unwrap().revision, written);
        }
    });
}

/// Changes of one object of 250 kB made a file of 2 GiB in a minute.
#[test]
fn the_history_in_the_file_is_bounded_by_bytes_across_restarts() {
    let machine = machine(None);
    let mut newest = Revision::FIRST;
    for begun in [0, 100, 200] {
        newest = life(async {
            let store = open(&machine).await;
            for nth in begun..begun + 100 {
                newest = just(&store, put("/a", &value(nth))).await.revision;
                if nth > 20 {
                    assert_eq!(oldest(&store).await, Revision(newest.0 - 10), "write {nth}");
                }
            }
            newest
        });
    }
    let mut length = 0;
    machine.disk().change_file(Path::new(FILE), |bytes| length = bytes.len());
    assert!(length < 300_000, "300 values of 1000 bytes are in {length} bytes of file");
}

#[test]
fn what_is_made_and_removed_leaves_nothing_in_the_file() {
    let machine = machine(None);
    for life_of_process in 0..3 {
        life(async {
            let store = open(&machine).await;
            for nth in 0..50 {
                let name = format!("/{life_of_process}/{nth}");
                just(&store, put(&name, &value(nth))).await;
                just(&store, delete(&name)).await;
            }
            let newest = all(&store, ReadAt::Latest).await.unwrap().revision;
            // A value, its key, and that it is gone: nine of them, and the tenth is not whole.
            let kept = newest.0 - oldest(&store).await.0;
            assert!((18..=20).contains(&kept), "{kept} revisions");
        });
    }
}
