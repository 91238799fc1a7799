//! Disks that are full, broken, altered or taken.

use std::{path::Path, sync::Arc};

use weir::storage::{ReadAt, Store as _, StoreError, Txn};
use weir_sim::world::Machine;

use crate::stage::{FILE, all, just, life, machine, open, pairs, put};

async fn written(machine: &Machine) -> Vec<(String, String)> {
    let store = open(machine).await.unwrap();
    for nth in 0..20 {
        just(&store, put(&format!("/{nth}"), &format!("{nth} ").repeat(200))).await;
    }
    pairs(&all(&store, ReadAt::Latest).await.unwrap())
}

fn length(machine: &Machine) -> u64 {
    let mut length = 0;
    machine.disk().change_file(Path::new(FILE), |bytes| length = bytes.len());
    length as u64
}

#[test]
fn a_full_disk_is_an_answer_and_loses_nothing() {
    let machine = machine(None);
    life(written(&machine));
    let there = life(async {
        machine.disk().set_room(Some(length(&machine)));
        let store = open(&machine).await.unwrap();
        let large = "x".repeat(100_000);
        let mut count = 0;
        let full = loop {
            match store.commit(Txn { then: vec![put(&format!("/large/{count}"), &large)], ..Txn::default() }).await {
                Ok(_) => count += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(full, StoreError::Full);
        let there = pairs(&all(&store, ReadAt::Latest).await.unwrap());
        assert_eq!(there.len(), 20 + count);
        machine.disk().set_room(None);
        just(&store, put("/later", "there is room again")).await;
        [there, vec![("/later".into(), "there is room again".into())]].concat()
    });
    life(async {
        let mut found = pairs(&all(&open(&machine).await.unwrap(), ReadAt::Latest).await.unwrap());
        found.sort();
        let mut there = there;
        there.sort();
        assert_eq!(found, there);
    });
}

#[test]
fn a_store_whose_disk_fails_is_read_only_and_says_why() {
    let machine = machine(None);
    life(async {
        let store = open(&machine).await.unwrap();
        just(&store, put("/a", "1")).await;
        assert_eq!(store.health(), Ok(()));
        machine.disk().fail_after(Some(0));
        let txn = Txn { then: vec![put("/a", "2")], ..Txn::default() };
        let unknown = store.commit(txn.clone()).await.unwrap_err();
        assert!(matches!(&unknown, StoreError::Unknown(why) if why.contains(FILE)), "{unknown}");
        machine.disk().fail_after(None);
        let refused = store.commit(txn).await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("read-only until a restart") && text.contains(FILE), "{text}");
        assert_eq!(store.health(), Err(refused));
    });
}

#[test]
fn a_file_that_is_in_use_is_not_opened_and_the_error_names_it() {
    let machine = machine(None);
    life(async {
        let _first = open(&machine).await.unwrap();
        let error = open(&machine).await.unwrap_err();
        assert_eq!(error, StoreError::Unavailable(format!("{FILE}: in use by another process")));
    });
}

#[test]
fn an_altered_file_is_refused_by_name_or_reads_as_it_was_written() {
    let good = machine(None);
    let there = life(written(&good));
    let mut image = Vec::new();
    good.disk().change_file(Path::new(FILE), |bytes| image.clone_from(bytes));
    let used: Vec<usize> = (0..image.len()).filter(|at| image[*at] != 0).collect();
    let flips = used.iter().step_by(used.len() / 150).map(|at| (*at, image.len()));
    let cuts = (0..20).map(|nth| (usize::MAX, image.len() * nth / 20));
    let mut refused = 0;
    for (flipped, length) in flips.chain(cuts) {
        let machine = machine(None);
        life(async {
            // A file comes into being by being opened.
            drop(open(&machine).await);
            machine.disk().drop_processes();
            machine.disk().change_file(Path::new(FILE), |bytes| {
                bytes.clone_from(&image);
                bytes.truncate(length);
                if let Some(byte) = bytes.get_mut(flipped) {
                    *byte ^= 0x10;
                }
            });
            match open(&machine).await {
                Ok(store) => {
                    let read = pairs(&all(&store, ReadAt::Latest).await.unwrap());
                    assert!(read == there || length == 0, "byte {flipped} of {length}: another content");
                }
                Err(StoreError::Corrupt(text) | StoreError::Unavailable(text)) => {
                    assert!(text.starts_with(FILE), "{text}");
                    refused += 1;
                }
                Err(error) => panic!("byte {flipped} of {length}: {error}"),
            }
        });
    }
    assert!(refused > 20, "only {refused} were refused");
}

#[test]
fn transactions_that_wait_together_are_synced_together() {
    let count = |at_once: bool| {
        let machine = machine(None);
        life(async {
            let store = Arc::new(open(&machine).await.unwrap());
            let before = machine.disk().writes();
            let mut tasks = Vec::new();
            for nth in 0..32 {
                let store = Arc::clone(&store);
                let task = tokio::task::spawn_local(async move { just(&*store, put(&format!("/{nth}"), "x")).await });
                if at_once { tasks.push(task) } else { drop(task.await.unwrap()) }
            }
            for task in tasks {
                task.await.unwrap();
            }
            machine.disk().writes() - before
        })
    };
    assert!(count(true) * 8 < count(false));
}
