use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use super::*;
use crate::{
    rest::Kinds,
    wire::{Frame, Target, Version, trailers::Announced, url::Url},
    world::pretend::SetClock,
};

fn specs() -> Specs {
    Specs::new(SetClock::at(Duration::from_secs(1_700_000_000)))
}

fn get(target: &str, fields: &[(Name, &str)]) -> RequestHead {
    let raw = Bytes::copy_from_slice(target.as_bytes());
    let url = Url::parse_request_uri(&raw).unwrap();
    RequestHead {
        method: Method::GET,
        target: Target { raw, url },
        version: Version::Http11,
        host: Bytes::new(),
        headers: fields.iter().map(|(name, value)| (name.clone(), Bytes::copy_from_slice(value.as_bytes()))).collect(),
        announced: Announced::new(),
    }
}

fn answer(specs: &Specs, head: &RequestHead, route: &SpecRoute) -> (u16, Headers, Bytes) {
    let Answer::Reply(response, mut body) = specs.serve(head, route) else { panic!("no reply") };
    let mut bytes = Vec::new();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while let std::task::Poll::Ready(Some(Ok(Frame::Data(data)))) = body.poll_frame(&mut context) {
        bytes.extend_from_slice(&data);
    }
    (response.status.as_u16(), response.headers, bytes.into())
}

fn document(specs: &Specs, route: &SpecRoute) -> Value {
    let (status, _, body) = answer(specs, &get("/openapi", &[]), route);
    assert_eq!(status, 200);
    serde_json::from_slice(&body).unwrap()
}

fn v3(specs: &Specs, path: &str) -> Value {
    document(specs, &SpecRoute::V3(path.to_owned()))
}

const REGISTRATION: &str = "apis/apiregistration.k8s.io/v1";
const PREFIX: &str = "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.";

/// All `$ref`s of a document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_to_a_schema() {
    let specs = specs();
    let documents = ["api/v1", "apis/discovery.k8s.io/v1", REGISTRATION].map(|path| v3(&specs, path));
    for (document, prefix) in documents
        .iter()
        .map(|one| (one, "#/components/schemas/"))
        .chain([(&document(&specs, &SpecRoute::V2), "#/definitions/")])
    {
        let schemas =
            if prefix.contains("components") { &document["components"]["schemas"] } else { &document["definitions"] };
        let mut found = BTreeSet::new();
        references(document, &mut found);
        assert!(found.len() > 15);
        for reference in found {
            let name = reference.strip_prefix(prefix).unwrap();
            assert!(schemas[name].is_object(), "{reference}");
            assert!(name == schema::PATCH || !Kinds::get().type_named(name).go.is_empty(), "{name}");
        }
    }
}

#[test]
fn kubectl_finds_that_the_server_validates_fields() {
    let document = v3(&specs(), REGISTRATION);
    let patch = &document["paths"]["/apis/apiregistration.k8s.io/v1/apiservices/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-action"], "patch");
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "APIService");
    let names: Vec<&str> =
        patch["parameters"].as_array().unwrap().iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
}

#[test]
fn schemas_say_what_gos_say() {
    let document = v3(&specs(), REGISTRATION);
    let schemas = &document["components"]["schemas"];
    let conditions = &schemas[format!("{PREFIX}APIServiceStatus")]["properties"]["conditions"];
    assert_eq!(conditions["x-kubernetes-list-type"], "map");
    assert_eq!(conditions["x-kubernetes-list-map-keys"], serde_json::json!(["type"]));
    assert_eq!(conditions["x-kubernetes-patch-merge-key"], "type");
    assert_eq!(conditions["items"]["allOf"][0]["$ref"], format!("#/components/schemas/{PREFIX}APIServiceCondition"));
    assert_eq!(conditions["items"]["default"], serde_json::json!({}));
    let spec = &schemas[format!("{PREFIX}APIServiceSpec")];
    assert_eq!(spec["properties"]["caBundle"]["format"], "byte");
    assert_eq!(spec["properties"]["groupPriorityMinimum"]["default"], 0);
    assert_eq!(spec["required"], serde_json::json!(["groupPriorityMinimum", "versionPriority"]));
    let service = &schemas[format!("{PREFIX}APIService")];
    assert_eq!(service["x-kubernetes-group-version-kind"][0]["kind"], "APIService");
    assert!(service["properties"]["kind"]["description"].as_str().unwrap().contains("CamelCase"));
    let before = self::document(&specs(), &SpecRoute::V2);
    let spec = &before["definitions"][format!("{PREFIX}APIServiceSpec")];
    assert!(spec["properties"]["groupPriorityMinimum"].get("default").is_none());
    assert!(spec["properties"]["service"]["$ref"].is_string());
}

#[test]
fn names_of_operations_are_alone_in_the_document() {
    let document = document(&specs(), &SpecRoute::V2);
    let mut seen = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values().filter_map(|one| one["operationId"].as_str()) {
            assert!(seen.insert(operation), "{path}: {operation}");
        }
    }
    for id in [
        "listCoreV1NamespacedService",
        "replaceCoreV1NamespaceFinalize",
        "watchDiscoveryV1EndpointSliceListForAllNamespaces",
    ] {
        assert!(seen.contains(id), "{id}");
    }
}

#[test]
fn the_index_leads_to_documents_that_caches_may_keep() {
    let specs = specs();
    let (_, headers, body) = answer(&specs, &get("/openapi/v3", &[]), &SpecRoute::V3Index);
    assert_eq!(headers.get(&Name::CONTENT_TYPE), Some(&b"text/plain; charset=utf-8"[..]));
    let index = read_index(&body).unwrap();
    assert_eq!(index.keys().collect::<Vec<_>>(), ["api/v1", REGISTRATION, "apis/discovery.k8s.io/v1"]);
    let route = SpecRoute::V3(REGISTRATION.to_owned());
    let (status, headers, _) = answer(&specs, &get(&index[REGISTRATION], &[]), &route);
    assert_eq!(status, 200);
    assert_eq!(headers.get(&Name::CACHE_CONTROL), Some(&b"public, immutable"[..]));
    assert_eq!(headers.get(&Name::EXPIRES), Some(&b"Wed, 13 Nov 2024 22:13:20 UTC"[..]));
    let (status, headers, _) = answer(&specs, &get("/openapi/v3/apis/x?hash=OLD", &[]), &route);
    assert_eq!(status, 301);
    assert_eq!(headers.get(&Name::LOCATION), Some(index[REGISTRATION].as_bytes()));
    let (status, headers, _) = answer(&specs, &get("/openapi/v3/apis/x", &[]), &route);
    assert_eq!((status, headers.contains(&Name::CACHE_CONTROL)), (200, false));
    assert_eq!(answer(&specs, &get("/openapi/v3/x", &[]), &SpecRoute::V3("apis/nobody/v1".to_owned())).0, 404);
}

#[test]
fn who_has_the_document_is_not_sent_it_again() {
    let specs = specs();
    let (_, headers, _) = answer(&specs, &get("/openapi/v2", &[]), &SpecRoute::V2);
    let tag = String::from_utf8(headers.get(&Name::ETAG).unwrap().to_vec()).unwrap();
    for (tags, status) in
        [(tag.clone(), 304), (format!("\"x\", W/{tag}"), 304), ("*".to_owned(), 304), ("\"x\"".to_owned(), 200)]
    {
        let head = get("/openapi/v2", &[(Name::IF_NONE_MATCH, &tags)]);
        let (found, headers, body) = answer(&specs, &head, &SpecRoute::V2);
        assert_eq!((found, body.is_empty()), (status, status == 304), "{tags}");
        assert_eq!(headers.get(&Name::ETAG), Some(tag.as_bytes()));
    }
}

#[test]
fn v2_is_served_as_json_and_as_the_protobuf_that_kubectl_1_28_asks_for() {
    let specs = specs();
    for (accept, content_type) in [
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/com.github.proto-openapi.spec.v2@v1.0+protobuf", PROTOBUF_V2),
        ("application/com.github.proto-openapi.spec.v2.v1.0+protobuf", PROTOBUF_V2),
    ] {
        let (status, headers, _) = answer(&specs, &get("/openapi/v2", &[(Name::ACCEPT, accept)]), &SpecRoute::V2);
        assert_eq!(status, 200);
        assert_eq!(headers.get(&Name::CONTENT_TYPE), Some(content_type.as_bytes()), "{accept}");
    }
    assert_eq!(answer(&specs, &get("/openapi/v2", &[(Name::ACCEPT, "text/html")]), &SpecRoute::V2).0, 406);
    let protobuf = get("/openapi/v3", &[(Name::ACCEPT, "application/com.github.proto-openapi.spec.v3@v1.0+protobuf")]);
    assert_eq!(answer(&specs, &protobuf, &SpecRoute::V3(REGISTRATION.to_owned())).0, 406);
}

#[test]
fn other_servers_documents_are_listed_and_ours_cannot_be_taken() {
    let specs = specs();
    let index = |url: &str, paths: &[&str]| paths.iter().map(|path| ((*path).to_owned(), url.to_owned())).collect();
    specs.set_remote("v1.b", index("/openapi/v3/b?hash=1", &["apis/shared/v1", "apis/b/v1", REGISTRATION]));
    specs.set_remote("v1.a", index("/openapi/v3/a?hash=2", &["apis/shared/v1"]));
    let (_, _, body) = answer(&specs, &get("/openapi/v3", &[]), &SpecRoute::V3Index);
    let merged = read_index(&body).unwrap();
    assert_eq!(merged["apis/shared/v1"], "/openapi/v3/a?hash=2");
    assert_eq!(merged["apis/b/v1"], "/openapi/v3/b?hash=1");
    assert!(merged[REGISTRATION].starts_with("/openapi/v3/apis/apiregistration.k8s.io/v1?hash="));
    assert_eq!(specs.backend_of("apis/b/v1").as_deref(), Some("v1.b"));
    assert_eq!(specs.backend_of("apis/shared/v1").as_deref(), Some("v1.a"));
    assert_eq!(specs.backend_of(REGISTRATION), None);
    specs.remove("v1.b");
    assert_eq!(specs.backend_of("apis/b/v1"), None);
}
