//! Our documents hold the same as those of Go's server for the same kinds: `fixtures/documents`.

#![expect(clippy::unwrap_used, reason = "a document that cannot be read fails the test")]

use std::{collections::BTreeSet, io::Read as _, sync::Arc, task};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Method;
use serde_json::Value;
use weir::{
    openapi::{SpecRoute, Specs},
    wire::{Answer, Frame, Headers, Name, RequestHead, Target, Version, trailers::Announced, url::Url},
    world::{Clock, Wall},
};

#[test]
fn openapi_v3_of_each_version_is_gos() {
    for (path, file) in [
        (
            "apis/apiregistration.k8s.io/v1",
            &include_bytes!("../../fixtures/documents/openapi/v3_apiregistration_v1.json.gz")[..],
        ),
        ("apis/discovery.k8s.io/v1", &include_bytes!("../../fixtures/documents/openapi/v3_discovery_v1.json.gz")[..]),
        ("api/v1", &include_bytes!("../../fixtures/documents/openapi/v3_api_v1.json.gz")[..]),
    ] {
        assert_same(ours(&SpecRoute::V3(path.to_owned())), gos(file), path);
    }
}

#[test]
fn openapi_v2_is_gos() {
    let mut gos = gos(include_bytes!("../../fixtures/documents/openapi/v2.json.gz"));
    // Ours describes kinds alone.
    for path in ["/api/", "/apis/", "/apis/apiregistration.k8s.io/", "/apis/discovery.k8s.io/", "/version/"] {
        gos["paths"].as_object_mut().unwrap().shift_remove(path).unwrap();
    }
    for of_roots in [
        "apimachinery.pkg.apis.meta.v1.APIGroup",
        "apimachinery.pkg.apis.meta.v1.APIGroupList",
        "apimachinery.pkg.apis.meta.v1.APIVersions",
        "apimachinery.pkg.apis.meta.v1.GroupVersionForDiscovery",
        "apimachinery.pkg.apis.meta.v1.ServerAddressByClientCIDR",
        "apimachinery.pkg.version.Info",
    ] {
        gos["definitions"].as_object_mut().unwrap().shift_remove(&format!("io.k8s.{of_roots}")).unwrap();
    }
    // The recorded server knows the versions of all of Kubernetes.
    let served = ["", "apiregistration.k8s.io", "discovery.k8s.io"];
    for everywhere in ["DeleteOptions", "WatchEvent"] {
        let definition = &mut gos["definitions"][format!("io.k8s.apimachinery.pkg.apis.meta.v1.{everywhere}")];
        let kinds = definition["x-kubernetes-group-version-kind"].as_array_mut().unwrap();
        kinds.retain(|kind| kind["version"] == "v1" && served.contains(&kind["group"].as_str().unwrap()));
    }
    assert_same(ours(&SpecRoute::V2), gos, "v2");
}

fn assert_same(mut ours: Value, mut gos: Value, what: &str) {
    let parameters = gos.as_object_mut().unwrap().shift_remove("parameters").unwrap_or_default();
    resolve(&mut gos, &parameters);
    // The recorded server asks nobody who they are: its documents know neither tokens nor 401.
    remove(&mut ours, &["401", "security", "securityDefinitions", "securitySchemes", "info"]);
    remove(&mut gos, &["info"]);
    let mut differences = Vec::new();
    compare(&ours, &gos, what, &mut differences);
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// Puts shared parameters in the place of what refers to them: we share none.
fn resolve(value: &mut Value, parameters: &Value) {
    match value {
        Value::Object(fields) => {
            let shared = fields.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix("#/parameters/"));
            if let Some(name) = shared {
                *value = parameters[name].clone();
            } else {
                fields.values_mut().for_each(|field| resolve(field, parameters));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, parameters)),
        _ => {}
    }
}

fn remove(value: &mut Value, names: &[&str]) {
    if let Value::Object(fields) = value {
        fields.retain(|name, _| !names.contains(&name.as_str()));
        fields.values_mut().for_each(|field| remove(field, names));
    }
}

fn compare(ours: &Value, gos: &Value, at: &str, differences: &mut Vec<String>) {
    match (ours, gos) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                match (left.get(name), right.get(name)) {
                    (Some(left), Some(right)) => compare(left, right, &format!("{at} {name}"), differences),
                    (Some(_), None) => differences.push(format!("{at} {name}: ours alone")),
                    _ => differences.push(format!("{at} {name}: Go's alone")),
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(left, right, &format!("{at} {index}"), differences);
            }
        }
        _ if ours == gos => {}
        _ => differences.push(format!("{at}: {ours} instead of {gos}")),
    }
}

fn gos(compressed: &[u8]) -> Value {
    let mut text = String::new();
    GzDecoder::new(compressed).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn ours(route: &SpecRoute) -> Value {
    let raw = Bytes::from_static(b"/openapi");
    let head = RequestHead {
        method: Method::GET,
        target: Target { url: Url::parse_request_uri(&raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::new(),
        headers: Headers::from_iter([(Name::ACCEPT, Bytes::from_static(b"application/json"))]),
        announced: Announced::new(),
    };
    let Answer::Reply(_, mut body) = Specs::new(Arc::new(Standing)).serve(&head, route) else { panic!("no reply") };
    let mut bytes = Vec::new();
    let mut context = task::Context::from_waker(task::Waker::noop());
    while let task::Poll::Ready(Some(Ok(Frame::Data(data)))) = body.poll_frame(&mut context) {
        bytes.extend_from_slice(&data);
    }
    serde_json::from_slice(&bytes).unwrap()
}

/// A clock that stands.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn wall(&self) -> Wall {
        Wall(std::time::Duration::ZERO)
    }

    fn now(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }
}
