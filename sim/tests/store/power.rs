//! The power is lost at every write of the disk: what was acknowledged is there.

use std::{collections::BTreeMap, sync::Arc};

use weir::{
    storage::{ReadAt, Revision, Store as _, StoreError, Txn},
    world::{Bug, Dice},
};
use weir_sim::world::Machine;

use crate::stage::{all, delete, just, life, machine, open, pairs, put};

/// What the store had in it at each revision.
type States = BTreeMap<Revision, Vec<(String, String)>>;

fn work() -> Vec<Txn> {
    let value = |nth: usize| format!("{nth} ").repeat(400);
    let txn = |then| Txn { then, ..Txn::default() };
    (0..12)
        .map(|nth| match nth % 4 {
            3 => txn(vec![delete(&format!("/{}", nth - 2)), put(&format!("/{nth}"), &value(nth))]),
            _ => txn(vec![put(&format!("/{nth}"), &value(nth)), put("/same", &value(nth))]),
        })
        .collect()
}

/// All states that the work makes.
fn states() -> States {
    life(async {
        let store = weir::storage::Memory::new();
        let mut states = States::from([(Revision::FIRST, Vec::new())]);
        for txn in work() {
            let revision = store.commit(txn).await.unwrap().revision;
            states.insert(revision, pairs(&all(&store, ReadAt::Latest).await.unwrap()));
        }
        states
    })
}

/// Works until the disk fails; gives the newest revision that was acknowledged; none: the store could not be opened.
fn live(machine: &Machine) -> Option<Revision> {
    life(async {
        let opened = open(machine).await;
        let Ok(store) = opened else {
            machine.disk().drop_processes();
            return None;
        };
        let mut acknowledged = Revision::FIRST;
        for txn in work() {
            match store.commit(txn).await {
                Ok(committed) => acknowledged = committed.revision,
                Err(StoreError::Unknown(_) | StoreError::Unavailable(_)) => break,
                Err(other) => panic!("a disk that failed: {other}"),
            }
        }
        machine.disk().drop_processes();
        Some(acknowledged)
    })
}

/// What is wrong after a restart, if anything is.
fn after(machine: &Machine, acknowledged: Revision, states: &States) -> Result<(), String> {
    life(async {
        let store = open(machine).await.map_err(|error| format!("it cannot be opened: {error}"))?;
        let listing = all(&store, ReadAt::Latest).await.map_err(|error| error.to_string())?;
        if listing.revision < acknowledged || listing.revision > acknowledged.next() {
            return Err(format!("{acknowledged} was acknowledged, {} is there", listing.revision));
        }
        for (revision, state) in states.range(..=listing.revision) {
            let listing = all(&store, ReadAt::Exactly(*revision)).await.map_err(|error| error.to_string())?;
            if pairs(&listing) != *state {
                return Err(format!("{revision} is another one than was written"));
            }
        }
        let more = just(&store, put("/more", "1")).await.revision;
        if more == listing.revision.next() { Ok(()) } else { Err(format!("{more} follows {}", listing.revision)) }
    })
}

fn lose_power_everywhere(machine: impl Fn() -> Arc<Machine>) -> Result<(), String> {
    let states = states();
    let whole = machine();
    live(&whole);
    let writes = whole.disk().writes();
    for at in 0..=writes {
        for luck in 0..6 {
            let machine = machine();
            machine.disk().fail_after(Some(at));
            let acknowledged = live(&machine).unwrap_or(Revision::FIRST);
            machine.disk().lose_power(&Dice::new([luck; 32]).split(&at.to_string()));
            machine.disk().fail_after(None);
            after(&machine, acknowledged, &states).map_err(|wrong| format!("write {at}, luck {luck}: {wrong}"))?;
        }
    }
    Ok(())
}

#[test]
fn what_was_acknowledged_is_there_whichever_write_the_power_was_lost_at() {
    lose_power_everywhere(|| machine(None)).unwrap();
}

#[test]
fn a_store_that_acknowledges_before_the_sync_is_found_out() {
    let found = lose_power_everywhere(|| machine(Some(Bug::AcknowledgesBeforeSync))).unwrap_err();
    assert!(found.contains("was acknowledged"), "{found}");
}

/// The first start of a store acknowledged writes into a file whose name a loss of power took away.
#[test]
fn a_disk_that_does_not_make_names_safe_is_found_out() {
    let found = lose_power_everywhere(|| {
        let machine = machine(None);
        machine.disk().forget_names();
        machine
    });
    let found = found.unwrap_err();
    assert!(found.contains("was acknowledged, 1 is there"), "{found}");
}

/// A process that was killed behind a rename left a name that the next one did not make safe.
#[test]
fn what_the_next_process_acknowledges_is_there_whenever_the_first_was_killed_before_its_store_was_open() {
    let states = states();
    for at in 0.. {
        for luck in 0..6 {
            let machine = machine(None);
            machine.disk().fail_after(Some(at));
            if live(&machine).is_some() {
                assert!(at > 5, "a file takes more steps than {at} to come into being");
                return;
            }
            machine.disk().fail_after(None);
            let acknowledged = live(&machine).expect("the disk is well again");
            machine.disk().lose_power(&Dice::new([luck; 32]).split(&at.to_string()));
            after(&machine, acknowledged, &states)
                .unwrap_or_else(|wrong| panic!("killed at {at}, luck {luck}: {wrong}"));
        }
    }
}
