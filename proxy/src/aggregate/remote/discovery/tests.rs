use serde_json::{Value, json};

use super::*;
use crate::{
    aggregate::pretend::{Manner, Stage, exchange, on_a_worker, read},
    discovery::{DiscoveryRoute, serve},
};

/// The versions that `/apis` tells, without our own.
async fn told(sources: &Sources) -> Vec<Value> {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let asked = exchange("GET", "/apis", &[("Accept", accept)]);
    let answer = serve(sources, &asked.head, &DiscoveryRoute::Apis).unwrap().unwrap();
    let (_, body) = read(Ok(answer)).await;
    let list: Value = serde_json::from_str(&body).unwrap();
    let groups = list["items"].as_array().unwrap();
    let groups = groups.iter().filter(|group| group["metadata"]["name"] == "example.com");
    groups.flat_map(|group| group["versions"].as_array().unwrap().clone()).collect()
}

fn says(content_type: &str, fields: &str, body: &Value) -> Manner {
    let body = body.to_string();
    let length = body.len();
    Manner::Says(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn aggregated(fields: &str) -> Manner {
    let flunders =
        json!({"resource": "flunders", "scope": "Namespaced", "singularResource": "flunder", "verbs": ["get"]});
    let body = json!({"items": [
        {"metadata": {"name": "other.com"}, "versions": [{"version": "v1", "resources": []}]},
        {"metadata": {"name": "example.com"}, "versions": [{"version": "v1", "resources": [flunders]}]},
    ]});
    says("application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io", fields, &body)
}

fn names(version: &Value) -> Vec<&str> {
    let resources = version["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    resources.iter().map(|resource| resource["resource"].as_str().unwrap()).collect()
}

const UNAVAILABLE: &str = "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n";

#[tokio::test]
async fn what_a_backend_serves_is_told_and_stays_told_when_it_is_silent() {
    on_a_worker(async {
        let stage = Stage::new(aggregated(""));
        let sources = Sources::new("weir.test:443", &[]).unwrap();
        let discovery = RemoteDiscovery::new(&stage.aggregation, &stage.proxy, &sources);
        assert_eq!(discovery.look_at("v1.example.com").await, Next::After(limits::DISCOVERY_INTERVAL));
        let versions = told(&sources).await;
        assert_eq!((names(&versions[0]), &versions[0]["freshness"]), (vec!["flunders"], &json!("Current")));
        stage.backends.put("10.0.0.1:443", "api.ns.svc", Manner::Says(UNAVAILABLE.to_owned()));
        stage.backends.cut();
        assert_eq!(discovery.look_at("v1.example.com").await, Next::Retry);
        let versions = told(&sources).await;
        assert_eq!((names(&versions[0]), &versions[0]["freshness"]), (vec!["flunders"], &json!("Stale")));
    })
    .await;
}

#[tokio::test]
async fn a_backend_that_was_never_heard_is_stale_and_has_nothing() {
    on_a_worker(async {
        let stage = Stage::new(Manner::Says(UNAVAILABLE.to_owned()));
        let sources = Sources::new("weir.test:443", &[]).unwrap();
        let discovery = RemoteDiscovery::new(&stage.aggregation, &stage.proxy, &sources);
        discovery.look_at("v1.example.com").await;
        assert_eq!(told(&sources).await, [json!({"version": "v1", "freshness": "Stale"})]);
    })
    .await;
}

#[tokio::test]
async fn a_document_is_asked_for_again_by_its_tag() {
    on_a_worker(async {
        let stage = Stage::new(aggregated("ETag: \"abc\"\r\n"));
        let sources = Sources::new("weir.test:443", &[]).unwrap();
        let discovery = RemoteDiscovery::new(&stage.aggregation, &stage.proxy, &sources);
        discovery.look_at("v1.example.com").await;
        stage.backends.put("10.0.0.1:443", "api.ns.svc", Manner::Says("HTTP/1.1 304 X\r\n\r\n".to_owned()));
        stage.backends.cut();
        discovery.look_at("v1.example.com").await;
        assert_eq!(names(&told(&sources).await[0]), ["flunders"]);
        let heads: Vec<String> = stage.backends.seen().into_iter().map(|seen| seen.head).collect();
        assert!(!heads[0].contains("If-None-Match"));
        assert!(heads[1].contains("If-None-Match: \"abc\"\r\n"));
        assert!(
            heads[0].contains("X-Forwarded-Uri: /apis\r\n")
                && heads[0].contains("X-Remote-User: system:kube-aggregator\r\n")
        );
    })
    .await;
}

/// Go: `TestLegacyFallback`.
#[tokio::test]
async fn a_backend_of_before_is_asked_for_its_version() {
    on_a_worker(async {
        let resources =
            json!({"resources": [{"name": "flunders", "namespaced": true, "kind": "Flunder", "verbs": ["get"]}]});
        for content_type in ["application/json", "text/plain"] {
            let stage = Stage::new(says(content_type, "", &resources));
            let sources = Sources::new("weir.test:443", &[]).unwrap();
            let discovery = RemoteDiscovery::new(&stage.aggregation, &stage.proxy, &sources);
            discovery.look_at("v1.example.com").await;
            assert_eq!(names(&told(&sources).await[0]), ["flunders"]);
            let head = stage.backends.seen()[1].head.clone();
            assert!(head.starts_with("GET /apis/example.com/v1 HTTP/1.1\r\n"), "{head}");
            assert!(!head.contains("X-Remote-Group"), "{head}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_backend_that_is_gone_is_not_told_any_more() {
    on_a_worker(async {
        let mut stage = Stage::new(aggregated(""));
        let sources = Sources::new("weir.test:443", &[]).unwrap();
        {
            let discovery = RemoteDiscovery::new(&stage.aggregation, &stage.proxy, &sources);
            discovery.look_at("v1.example.com").await;
            assert_eq!(told(&sources).await.len(), 1);
            stage.aggregation.publish(stage.registrar.table(&[], stage.services.clone()));
            assert_eq!(discovery.look_at("v1.example.com").await, Next::Never);
        }
        assert_eq!(told(&sources).await, Vec::<Value>::new());
    })
    .await;
}
