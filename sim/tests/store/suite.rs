//! The suite that every store passes.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use weir::{
    config::limits::STORE_EVENTS_KEPT,
    storage::{Event, Expect, KeyRange, Op, Outcome, ReadAt, Revision, StoreError, Txn},
};

use crate::stage::{all, delete, just, key, on_each, on_plain, pairs, put};

fn expect(name: &str, modified: Revision) -> Expect {
    Expect { key: key(name), modified }
}

#[test]
fn an_empty_store_stands_at_its_first_revision() {
    on_each(|store| async move {
        let listing = all(&*store, ReadAt::Latest).await.unwrap();
        assert_eq!((listing.revision, listing.records.len()), (Revision::FIRST, 0));
    });
}

#[test]
fn a_transaction_is_done_only_if_all_that_it_expects_holds() {
    on_each(|store| async move {
        let first = just(&*store, put("/there", "1")).await.revision;
        let there = just(&*store, put("/there", "2")).await.revision;
        for (held, expected) in [
            (Outcome::Then, vec![]),
            (Outcome::Then, vec![expect("/there", there)]),
            (Outcome::Otherwise, vec![expect("/there", first)]),
            (Outcome::Otherwise, vec![expect("/there", Revision::ZERO)]),
            (Outcome::Then, vec![expect("/absent", Revision::ZERO)]),
            (Outcome::Otherwise, vec![expect("/absent", there)]),
            (Outcome::Then, vec![expect("/there", there), expect("/absent", Revision::ZERO)]),
            (Outcome::Otherwise, vec![expect("/there", there), expect("/absent", there)]),
            (Outcome::Otherwise, vec![expect("/there", first), expect("/absent", Revision::ZERO)]),
        ] {
            let (then, otherwise) = (vec![Op::Get(key("/there"))], vec![]);
            let done = store.commit(Txn { expect: expected.clone(), then, otherwise }).await.unwrap();
            assert_eq!((done.outcome, done.revision), (held, there), "{expected:?}");
            assert_eq!(done.records.len(), usize::from(held == Outcome::Then));
        }
    });
}

#[test]
fn create_replace_and_remove_answer_with_the_record_that_was_in_their_way() {
    on_each(|store| async move {
        let made = store.commit(Txn::create(key("/a"), "1".into())).await.unwrap();
        assert_eq!(made.outcome, Outcome::Then);
        let again = store.commit(Txn::create(key("/a"), "2".into())).await.unwrap();
        assert_eq!((again.outcome, &again.records), (Outcome::Otherwise, &made.records));
        let stale = store.commit(Txn::remove(key("/a"), Revision::FIRST)).await.unwrap();
        assert_eq!((stale.outcome, &stale.records), (Outcome::Otherwise, &made.records));
        let new = store.commit(Txn::replace(key("/a"), made.revision, "3".into())).await.unwrap();
        let record = new.records[0].clone().unwrap();
        assert_eq!((&*record.value, record.created, record.modified), (&b"3"[..], made.revision, new.revision));
        let gone = store.commit(Txn::remove(key("/a"), new.revision)).await.unwrap();
        assert_eq!((gone.revision, &gone.records), (new.revision.next(), &new.records));
        let back = store.commit(Txn::create(key("/a"), "4".into())).await.unwrap();
        assert_eq!(back.records[0].as_ref().unwrap().created, back.revision);
    });
}

#[test]
fn a_step_sees_what_the_steps_before_it_did_and_all_of_them_are_one_revision() {
    on_each(|store| async move {
        just(&*store, put("/b", "old")).await;
        let then = vec![put("/a", "1"), put("/a", "2"), Op::Get(key("/a")), delete("/b"), Op::Get(key("/b"))];
        let done = store.commit(Txn { then, ..Txn::default() }).await.unwrap();
        let values: Vec<_> =
            done.records.iter().map(|found| found.as_ref().map(|record| record.value.to_vec())).collect();
        let value = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(values, [value("1"), value("2"), value("2"), value("old"), None]);
        let listing = all(&*store, ReadAt::Latest).await.unwrap();
        assert_eq!((listing.revision, pairs(&listing)), (done.revision, vec![("/a".into(), "2".into())]));
        let mut watch = store.watch(&KeyRange::all(), Revision(2)).await.unwrap();
        let batch = watch.next().await.unwrap();
        let keys: Vec<_> = batch.events.iter().map(|event| event.key().to_string()).collect();
        assert_eq!((batch.revision, keys), (done.revision, vec!["/a".into(), "/b".into()]));
    });
}

#[test]
fn what_changes_nothing_makes_no_revision() {
    on_each(|store| async move {
        let there = just(&*store, put("/a", "1")).await.revision;
        assert_eq!(just(&*store, delete("/absent")).await.revision, there);
        assert_eq!(just(&*store, Op::Get(key("/a"))).await.revision, there);
        let none = vec![put("/b", "1"), delete("/b")];
        let nothing = store.commit(Txn { then: none, ..Txn::default() }).await.unwrap();
        assert_eq!(nothing.revision, there);
        assert_eq!(just(&*store, put("/a", "1")).await.revision, there.next(), "the same value is a change");
    });
}

#[test]
fn a_listing_is_read_in_pages_at_one_revision_while_others_write() {
    on_each(|store| async move {
        for name in ["/a/1", "/a/2", "/a/3", "/a/4", "/a/5", "/b/1"] {
            just(&*store, put(name, "old")).await;
        }
        let (keys, two) = (KeyRange::prefix("/a/"), NonZeroUsize::new(2));
        let first = store.range(&keys, ReadAt::Latest, two).await.unwrap();
        assert_eq!((first.records.len(), first.remaining), (2, 3));
        just(&*store, delete("/a/3")).await;
        just(&*store, put("/a/4", "new")).await;
        just(&*store, put("/a/22", "new")).await;
        let (mut read, mut page) = (pairs(&first), first.clone());
        while page.remaining > 0 {
            let rest = keys.from(page.records.last().unwrap().key.successor());
            page = store.range(&rest, ReadAt::Exactly(first.revision), two).await.unwrap();
            assert_eq!(page.revision, first.revision);
            read.extend(pairs(&page));
        }
        let old: Vec<_> = (1..=5).map(|nth| (format!("/a/{nth}"), "old".to_owned())).collect();
        assert_eq!(read, old);
    });
}

#[test]
fn every_revision_can_be_read_until_it_is_compacted() {
    on_plain(|store| async move {
        let mut wanted = vec![(Revision::FIRST, vec![])];
        for op in [put("/a", "1"), put("/b", "1"), put("/a", "2"), delete("/a"), put("/c", "1"), put("/a", "3")] {
            just(&*store, op).await;
            let listing = all(&*store, ReadAt::Latest).await.unwrap();
            wanted.push((listing.revision, pairs(&listing)));
        }
        for (revision, pairs_then) in &wanted {
            assert_eq!(pairs(&all(&*store, ReadAt::Exactly(*revision)).await.unwrap()), *pairs_then);
        }
        let newest = wanted.last().unwrap().0;
        assert_eq!(all(&*store, ReadAt::Exactly(newest.next())).await, Err(StoreError::Future(newest)));
        assert_eq!(store.compact(newest.next()).await, Err(StoreError::Future(newest)));
        for oldest in 1..=newest.0 {
            store.compact(Revision(oldest)).await.unwrap();
            for (revision, pairs_then) in &wanted {
                let read = all(&*store, ReadAt::Exactly(*revision)).await.map(|listing| pairs(&listing));
                let gone = Err(StoreError::Compacted(Revision(oldest)));
                assert_eq!(read, if revision.0 < oldest { gone } else { Ok(pairs_then.clone()) });
            }
        }
    });
}

#[test]
fn a_watch_gives_what_happened_behind_its_revision_and_what_happens_then() {
    on_each(|store| async move {
        just(&*store, put("/a/1", "old")).await;
        let begun = just(&*store, put("/b/1", "x")).await.revision;
        just(&*store, put("/a/1", "new")).await;
        let mut watch = store.watch(&KeyRange::prefix("/a/"), begun).await.unwrap();
        let Event::Put { record, before } = watch.next().await.unwrap().events[0].clone() else { panic!("a put") };
        assert_eq!((&*record.value, &*before.unwrap().value), (&b"new"[..], &b"old"[..]));
        let writer = Arc::clone(&store);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            writer.commit(Txn { then: vec![delete("/a/1"), put("/b/1", "y")], ..Txn::default() }).await.unwrap();
        });
        let batch = watch.next().await.unwrap();
        assert_eq!(batch.events, [Event::Deleted { before: record }], "what is outside of the range is left out");
        assert_eq!(batch.revision, watch.revision());
    });
}

#[test]
fn a_watch_knows_how_far_it_has_come_where_nothing_concerns_it() {
    on_each(|store| async move {
        let mut watch = store.watch(&KeyRange::prefix("/a/"), Revision::FIRST).await.unwrap();
        let elsewhere = just(&*store, put("/b/1", "x")).await.revision;
        assert_eq!(watch.revision(), elsewhere);
        let here = just(&*store, put("/a/1", "x")).await.revision;
        just(&*store, put("/b/1", "y")).await;
        assert_eq!(watch.revision(), elsewhere, "not past an event that it has not given");
        assert_eq!(watch.next().await.unwrap().revision, here);
        assert_eq!(watch.revision(), here.next());
    });
}

#[test]
fn a_watch_that_reads_too_slowly_ends_and_one_that_reads_goes_on() {
    on_each(|store| async move {
        let mut slow = store.watch(&KeyRange::all(), Revision::FIRST).await.unwrap();
        let mut quick = store.watch(&KeyRange::all(), Revision::FIRST).await.unwrap();
        for nth in 0..=STORE_EVENTS_KEPT {
            just(&*store, put("/a", &nth.to_string())).await;
            quick.next().await.unwrap();
        }
        let oldest = Revision::FIRST.next();
        assert_eq!(slow.next().await, Err(StoreError::Compacted(oldest)));
        assert_eq!(store.watch(&KeyRange::all(), Revision::FIRST).await.err(), Some(StoreError::Compacted(oldest)));
        assert_eq!(store.watch(&KeyRange::all(), oldest).await.unwrap().next().await.unwrap().revision, oldest.next());
    });
}
