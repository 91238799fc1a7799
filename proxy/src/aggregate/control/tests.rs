use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    aggregate::pretend::{Backends, Manner, ok, on_a_worker},
    meta::Object,
    rest::{Allow, DeleteOptions, WriteOptions},
    storage::{Cache, ListAt, Memory},
    world::Stopper,
};

/// A server's control loops over a store in memory, and the backends that they see.
struct House {
    backends: Arc<Backends>,
    registry: Registry,
    told: Told,
    stopper: Stopper,
    ended: tokio::task::JoinHandle<()>,
}

impl House {
    async fn new() -> Self {
        let backends = Backends::new();
        let world = backends.world();
        let (cache, feed) = Cache::open(Arc::new(Memory::new())).await.unwrap();
        tokio::task::spawn_local(feed.run());
        let registry = Registry::new(cache, &world, Allow::Nothing);
        let told = Told {
            aggregation: Arc::new(Aggregation::new(Some(backends.credential()))),
            sources: Arc::new(Sources::new("weir.test:443", &[]).unwrap()),
            specs: Arc::new(Specs::new(Arc::clone(&world.clock))),
        };
        let (stopper, stop) = Stopper::new();
        let ended = tokio::task::spawn_local(control(world, registry.clone(), told.clone(), stop));
        let house = Self { backends, registry, told, stopper, ended };
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        house.create(("", "v1", "namespaces"), None, namespace).await;
        house
    }

    async fn create(&self, resource: (&str, &str, &str), namespace: Option<&str>, object: Value) {
        let kind = Kinds::get().by_resource(resource.0, resource.1, resource.2).unwrap();
        let object = Object::from_value(object).unwrap();
        self.registry.create(kind, namespace, object, &WriteOptions::default()).await.unwrap();
    }

    /// An APIService `v1.example.com`, and its Service that stands for a name.
    async fn add_backend(&self, host: &str) {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "default"},
            "spec": {"type": "ExternalName", "externalName": host},
        });
        self.create(("", "v1", "services"), Some("default"), service).await;
        let ca = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, self.backends.authority().pem());
        self.create(API_SERVICES, None, json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.example.com"},
            "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 15, "caBundle": ca,
                     "service": {"name": "api", "namespace": "default"}},
        }))
        .await;
    }

    /// Status, reason and message of the condition of an APIService, once there is one.
    async fn condition(&self, name: &str) -> Option<(String, String, String)> {
        let kind = Kinds::get().by_resource(API_SERVICES.0, API_SERVICES.1, API_SERVICES.2).unwrap();
        let object = self.registry.get(kind, None, name, ListAt::Latest).await.ok()?;
        let condition = object.get(&["status", "conditions"])?.get(0)?.clone();
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        Some((text("status"), text("reason"), text("message")))
    }

    /// Waits until the condition has this reason.
    async fn settled(&self, name: &str, reason: &str) {
        for _ in 0..1_000 {
            if self.condition(name).await.is_some_and(|(_, other, _)| other == reason) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{name} is {:?}, not {reason}", self.condition(name).await);
    }
}

const API_SERVICES: (&str, &str, &str) = ("apiregistration.k8s.io", "v1", "apiservices");

#[tokio::test(start_paused = true)]
async fn a_backend_that_answers_becomes_available_and_is_asked_every_half_minute() {
    on_a_worker(async {
        let house = House::new().await;
        house.backends.put("10.0.0.1:443", "api.default.svc", ok("{}"));
        house.add_backend("10.0.0.1").await;
        house.settled("v1.example.com", "Passed").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(house.told.aggregation.table().backend("example.com", "v1").unwrap().available);
        let probes = || {
            let seen = house.backends.seen();
            seen.iter()
                .filter(|seen| seen.head.starts_with("GET /apis/example.com/v1 ") && seen.head.contains("User-Agent"))
                .count()
        };
        assert_eq!(probes(), 1, "its own word about a backend is no reason to ask again");
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert_eq!(probes(), 11);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_stops_answering_becomes_unavailable_and_is_counted_once() {
    on_a_worker(async {
        let house = House::new().await;
        house.backends.put("10.0.0.1:443", "api.default.svc", ok("{}"));
        house.add_backend("10.0.0.1").await;
        house.settled("v1.example.com", "Passed").await;
        house.backends.put(
            "10.0.0.1:443",
            "api.default.svc",
            Manner::Says("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n".to_owned()),
        );
        house.backends.cut();
        tokio::time::sleep(Duration::from_secs(120)).await;
        house.settled("v1.example.com", "FailedDiscoveryCheck").await;
        assert!(!house.told.aggregation.table().backend("example.com", "v1").unwrap().available);
        let mut metrics = String::new();
        house.told.aggregation.metrics().write(&mut metrics);
        assert!(metrics.contains("aggregator_unavailable_apiservice{name=\"v1.example.com\"} 1\n"), "{metrics}");
        assert!(
            metrics.contains(
                "aggregator_unavailable_apiservice_total{name=\"v1.example.com\",reason=\"FailedDiscoveryCheck\"} 1\n"
            ),
            "{metrics}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn our_own_versions_are_there_from_the_start() {
    on_a_worker(async {
        let house = House::new().await;
        house.settled("v1.", "Local").await;
        house.settled("v1.discovery.k8s.io", "Local").await;
        assert_eq!(house.condition("v1.apiregistration.k8s.io").await, None);
        house.told.aggregation.completed().await;
        assert!(!house.told.aggregation.table().backend("", "v1").unwrap().is_remote());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_not_there_is_told_and_found_when_it_comes() {
    on_a_worker(async {
        let house = House::new().await;
        house.backends.put("10.0.0.1:443", "api.default.svc", ok("{}"));
        house.create(API_SERVICES, None, json!({
            "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.example.com"},
            "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 1,
                     "insecureSkipTLSVerify": true, "service": {"name": "api", "namespace": "default"}},
        }))
        .await;
        house.settled("v1.example.com", "ServiceNotFound").await;
        let begun = tokio::time::Instant::now();
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "default"},
            "spec": {"type": "ExternalName", "externalName": "10.0.0.1"},
        });
        house.create(("", "v1", "services"), Some("default"), service).await;
        house.settled("v1.example.com", "Passed").await;
        assert!(begun.elapsed() < Duration::from_secs(1), "a change is not left to the next look");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn everything_ends_when_told_to_stop() {
    on_a_worker(async {
        let house = House::new().await;
        house.add_backend("10.0.0.1").await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        house.stopper.stop();
        tokio::time::timeout(Duration::from_secs(1), house.ended).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_api_service_that_is_deleted_is_gone_from_the_table() {
    on_a_worker(async {
        let house = House::new().await;
        house.add_backend("10.0.0.1").await;
        house.settled("v1.example.com", "FailedDiscoveryCheck").await;
        let kind = Kinds::get().by_resource(API_SERVICES.0, API_SERVICES.1, API_SERVICES.2).unwrap();
        house.registry.delete(kind, None, "v1.example.com", &DeleteOptions::default()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(house.told.aggregation.table().backend("example.com", "v1").is_none());
        let mut metrics = String::new();
        house.told.aggregation.metrics().write(&mut metrics);
        assert!(!metrics.contains("example.com"), "{metrics}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_new_credential_makes_a_new_table() {
    on_a_worker(async {
        let house = House::new().await;
        house.add_backend("10.0.0.1").await;
        house.told.aggregation.completed().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let generation = || {
            let table = house.told.aggregation.table();
            table.backend("example.com", "v1").unwrap().tls.as_ref().unwrap().as_ref().unwrap().generation
        };
        let before = generation();
        house.told.aggregation.set_credential(Some(house.backends.credential()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_ne!(generation(), before);
    })
    .await;
}
