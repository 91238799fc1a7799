//! Somebody else writes between what a request reads and what it writes.

use std::{num::NonZeroUsize, sync::Mutex};

use serde_json::json;

use super::*;
use crate::{
    config::limits::UPDATE_ATTEMPTS_MAX,
    storage::{Committed, Key, KeyRange, Listing, Op, ReadAt, Revision, Store, StoreError, Txn, Watch},
    world::LocalBoxFuture,
};

/// What the other one does to what a transaction is about.
#[derive(Clone, Copy, Debug)]
enum Rival {
    /// Writes the namespace as it is.
    TouchesTheNamespace,
    /// Marks the namespace as on its way out.
    EndsTheNamespace,
    /// Removes the namespace.
    RemovesTheNamespace,
    /// Takes the address that was free.
    TakesTheAddress,
}

/// A store in which somebody else is quicker, so often.
#[derive(Debug)]
struct Race {
    store: Memory,
    rival: Mutex<(Option<Rival>, usize)>,
}

impl Race {
    fn begin(&self, rival: Rival, times: usize) {
        *self.rival.lock().unwrap() = (Some(rival), times);
    }

    fn next_rival(&self) -> Option<Rival> {
        let mut rival = self.rival.lock().unwrap();
        rival.1 = rival.1.checked_sub(1)?;
        rival.0
    }

    async fn outrun(&self, txn: &Txn, rival: Rival) {
        let namespace: Key = "/registry/namespaces/default".into();
        let listing = self.store.range(&KeyRange::one(&namespace), ReadAt::Latest, None).await.unwrap();
        let value = String::from_utf8(listing.records[0].value.to_vec()).unwrap();
        let address = || {
            txn.then.iter().find_map(|op| match op {
                Op::Put { key, .. } if key.as_bytes().starts_with(b"/registry/services/clusterips/") => {
                    Some(key.clone())
                }
                _ => None,
            })
        };
        let op = match rival {
            Rival::TouchesTheNamespace => Op::Put { key: namespace, value: value.into() },
            Rival::EndsTheNamespace => {
                let marked = value.replacen("{\"name\"", "{\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",\"name\"", 1);
                assert_ne!(marked, value);
                Op::Put { key: namespace, value: marked.into() }
            }
            Rival::RemovesTheNamespace => Op::Delete(namespace),
            Rival::TakesTheAddress => Op::Put { key: address().unwrap(), value: Bytes::from_static(b"{}") },
        };
        self.store.commit(Txn { then: vec![op], ..Txn::default() }).await.unwrap();
    }
}

impl Store for Race {
    fn range<'a>(
        &'a self,
        keys: &'a KeyRange,
        at: ReadAt,
        limit: Option<NonZeroUsize>,
    ) -> LocalBoxFuture<'a, Result<Listing, StoreError>> {
        self.store.range(keys, at, limit)
    }

    fn commit(&self, txn: Txn) -> LocalBoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(async move {
            if let Some(rival) = self.next_rival() {
                self.outrun(&txn, rival).await;
            }
            self.store.commit(txn).await
        })
    }

    fn watch<'a>(&'a self, keys: &'a KeyRange, after: Revision) -> LocalBoxFuture<'a, Result<Watch, StoreError>> {
        self.store.watch(keys, after)
    }

    fn health(&self) -> Result<(), StoreError> {
        self.store.health()
    }

    fn compact(&self, revision: Revision) -> LocalBoxFuture<'_, Result<(), StoreError>> {
        self.store.compact(revision)
    }
}

async fn race() -> (Arc<Race>, Server) {
    let race = Arc::new(Race { store: Memory::new(), rival: Mutex::new((None, 0)) });
    let server = Server::over(race.clone()).await;
    server.make_default_namespace().await;
    (race, server)
}

/// It was a 409, and for a Service "provided IP is already allocated".
#[test]
fn a_create_goes_on_when_its_namespace_changes_in_between() {
    run(async {
        let (race, server) = race().await;
        for (path, object) in
            [(SERVICES, service("web")), ("/api/v1/namespaces/default/endpoints", json!({"metadata": {"name": "web"}}))]
        {
            race.begin(Rival::TouchesTheNamespace, 5);
            let created = server.post(path, &object).await;
            assert_eq!(created.status(), 201, "{}", created.body);
        }
    });
}

#[test]
fn nothing_is_made_in_a_namespace_that_ends_in_between() {
    run(async {
        let (race, server) = race().await;
        race.begin(Rival::EndsTheNamespace, 1);
        let refused = server.post(SERVICES, &service("web")).await;
        assert_eq!(refused.status(), 403);
        assert!(refused.message().ends_with("because it is being terminated"), "{}", refused.body);
        let (race, server) = self::race().await;
        race.begin(Rival::RemovesTheNamespace, 1);
        let refused = server.post(SERVICES, &service("web")).await;
        assert_eq!((refused.status(), refused.message()), (404, "namespaces \"default\" not found".to_owned()));
    });
}

#[test]
fn a_service_whose_address_somebody_takes_in_between_gets_another() {
    run(async {
        let (race, server) = race().await;
        race.begin(Rival::TakesTheAddress, 3);
        let created = server.post(SERVICES, &service("web")).await;
        assert_eq!(created.status(), 201, "{}", created.body);
        let external = json!({"metadata": {"name": "ext"}, "spec": {"type": "ExternalName", "externalName": "a.test"}});
        server.post(SERVICES, &external).await;
        race.begin(Rival::TakesTheAddress, 3);
        let patch = json!({"spec": {"type": "ClusterIP", "externalName": null, "ports": [{"port": 80}]}});
        let changed = server.merge(&format!("{SERVICES}/ext"), &patch).await;
        assert_eq!(changed.status(), 200, "{}", changed.body);
        assert!(changed.json()["spec"]["clusterIP"].as_str().unwrap().starts_with("10."), "{}", changed.body);
    });
}

#[test]
fn an_address_that_the_client_named_is_refused_when_somebody_takes_it_in_between() {
    run(async {
        let (race, server) = race().await;
        race.begin(Rival::TakesTheAddress, 1);
        let mut named = service("web");
        named["spec"]["clusterIP"] = json!("10.96.0.7");
        let refused = server.post(SERVICES, &named).await;
        assert_eq!(refused.status(), 422, "{}", refused.body);
        assert!(refused.message().ends_with("provided IP is already allocated"), "{}", refused.body);
    });
}

#[test]
fn a_create_that_never_comes_first_is_a_conflict() {
    run(async {
        let (race, server) = race().await;
        race.begin(Rival::TouchesTheNamespace, UPDATE_ATTEMPTS_MAX);
        assert_eq!(server.post(SERVICES, &service("web")).await.status(), 409);
        assert_eq!(server.post(SERVICES, &service("web")).await.status(), 201);
    });
}
