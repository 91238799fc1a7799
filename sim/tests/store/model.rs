//! Random transactions of concurrent writers, held against a model: a map for every revision.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;
use weir::storage::{Batch, Event, Key, KeyRange, Op, ReadAt, Revision, Store, Txn};

use crate::stage::{all, life, machine, on_each, open};

/// What one of the writers does, one after the other.
type Plan = Vec<(Vec<u8>, bool)>;

/// Each step writes keys; it creates, or it takes away what is there.
fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let step = (prop::collection::vec(0..6_u8, 1..3), any::<bool>());
    prop::collection::vec(prop::collection::vec(step, 0..12), 1..4)
}

fn txn(writer: usize, nth: usize, keys: &[u8], puts: bool) -> Txn {
    let op = |key: &u8| {
        let key = Key::from(format!("/{key}"));
        if puts { Op::Put { key, value: format!("{writer} {nth}").into() } } else { Op::Delete(key) }
    };
    Txn { then: keys.iter().map(op).collect(), ..Txn::default() }
}

/// Lets all writers write at once; gives what they were told, in the order of revisions.
async fn write(store: &Arc<dyn Store>, plans: Vec<Plan>) -> BTreeMap<Revision, Txn> {
    let told = Arc::new(Mutex::new(BTreeMap::new()));
    let writers: Vec<_> = plans
        .into_iter()
        .enumerate()
        .map(|(writer, plan)| {
            let (store, told) = (Arc::clone(store), Arc::clone(&told));
            tokio::task::spawn_local(async move {
                let mut last = Revision::ZERO;
                for (nth, (keys, puts)) in plan.into_iter().enumerate() {
                    let txn = txn(writer, nth, &keys, puts);
                    let done = store.commit(txn.clone()).await.unwrap();
                    assert!(done.revision >= last, "revisions go back");
                    last = done.revision;
                    let newest = all(&*store, ReadAt::Latest).await.unwrap().revision;
                    assert!(newest >= done.revision, "a read does not see what was acknowledged before it");
                    let changed = puts || done.records.iter().any(Option::is_some);
                    if changed {
                        assert!(told.lock().unwrap().insert(done.revision, txn).is_none(), "two writes, one revision");
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    std::mem::take(&mut told.lock().unwrap())
}

/// The states that the transactions make, from the empty one on.
fn states(told: &BTreeMap<Revision, Txn>) -> BTreeMap<Revision, BTreeMap<Key, Vec<u8>>> {
    let mut state = BTreeMap::new();
    let mut states = BTreeMap::from([(Revision::FIRST, state.clone())]);
    for (revision, txn) in told {
        for op in &txn.then {
            match op {
                Op::Put { key, value } => drop(state.insert(key.clone(), value.to_vec())),
                Op::Delete(key) => drop(state.remove(key)),
                Op::Get(_) => {}
            }
        }
        states.insert(*revision, state.clone());
    }
    states
}

async fn read(store: &dyn Store, at: ReadAt) -> BTreeMap<Key, Vec<u8>> {
    let listing = all(store, at).await.unwrap();
    listing.records.iter().map(|record| (record.key.clone(), record.value.to_vec())).collect()
}

fn apply(state: &mut BTreeMap<Key, Vec<u8>>, batch: &Batch) {
    for event in &batch.events {
        let (before, now) = match event {
            Event::Put { record, before } => (before.as_ref(), Some(record)),
            Event::Deleted { before } => (Some(before), None),
        };
        let was = match now {
            Some(record) => state.insert(record.key.clone(), record.value.to_vec()),
            None => state.remove(event.key()),
        };
        assert_eq!(was, before.map(|before| before.value.to_vec()), "an event does not follow from the one before");
    }
}

async fn check(store: Arc<dyn Store>, plans: Vec<Plan>) {
    let mut live = store.watch(&KeyRange::all(), Revision::FIRST).await.unwrap();
    let watcher = tokio::task::spawn_local(async move {
        let (mut state, mut seen) = (BTreeMap::new(), BTreeMap::from([(Revision::FIRST, BTreeMap::new())]));
        while let Ok(Ok(batch)) = tokio::time::timeout(std::time::Duration::from_secs(1), live.next()).await {
            apply(&mut state, &batch);
            assert!(seen.insert(batch.revision, state.clone()).is_none(), "an event was given twice");
        }
        seen
    });
    let states = states(&write(&store, plans).await);
    assert_eq!(watcher.await.unwrap(), states);
    assert!(states.keys().copied().eq((1..=states.len() as u64).map(Revision)), "revisions have gaps");
    for (revision, state) in &states {
        assert_eq!(read(&*store, ReadAt::Exactly(*revision)).await, *state);
        let mut late = store.watch(&KeyRange::all(), *revision).await.unwrap();
        let mut state = state.clone();
        for (revision, after) in states.range(revision.next()..) {
            let batch = late.next().await.unwrap();
            apply(&mut state, &batch);
            assert_eq!((batch.revision, &state), (*revision, after));
        }
        assert_eq!(late.revision(), Revision(states.len() as u64));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn reads_and_watches_agree_with_the_model_at_every_revision(plans in plans()) {
        on_each(|store| check(store, plans.clone()));
    }

    #[test]
    fn a_store_that_is_opened_again_has_every_revision(plans in plans()) {
        let machine = machine(None);
        let states = life(async {
            let store: Arc<dyn Store> = Arc::new(open(&machine).await.unwrap());
            states(&write(&store, plans).await)
        });
        life(async {
            let store = open(&machine).await.unwrap();
            for (revision, state) in &states {
                assert_eq!(read(&store, ReadAt::Exactly(*revision)).await, *state);
            }
            assert_eq!(read(&store, ReadAt::Latest).await, *states.last_key_value().unwrap().1);
        });
    }
}
