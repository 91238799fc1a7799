//! What there is to ask for, in the forms from before and since the aggregated document.

use http::{HeaderMap, StatusCode, header::ACCEPT};
use serde_json::{Value, json};

use crate::reply::{self, Reply};

/// The group.
pub(crate) const GROUP: &str = "wardle.example.com";
/// The group and its version, as objects name them.
pub(crate) const API_VERSION: &str = "wardle.example.com/v1alpha1";
/// Where the group is described.
pub(crate) const GROUP_PATH: &str = "/apis/wardle.example.com";
/// Where the version is described, and below which it is served.
pub(crate) const VERSION_PATH: &str = "/apis/wardle.example.com/v1alpha1";

/// `/apis`: everything at once, for clients that know how to read it.
pub(crate) fn groups(headers: &HeaderMap) -> Reply {
    let accepts =
        |part| headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(part)));
    if accepts("g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList") {
        return reply::with(StatusCode::OK, AGGREGATED, &aggregated());
    }
    reply::json(&json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group()]}))
}

/// The group with its versions.
pub(crate) fn group() -> Value {
    let version = json!({"groupVersion": API_VERSION, "version": "v1alpha1"});
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version})
}

/// The version with its resources.
pub(crate) fn resources() -> Value {
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": API_VERSION, "resources": [{
        "name": "flunders", "singularName": "flunder", "namespaced": true, "kind": "Flunder", "verbs": VERBS, "shortNames": ["fl"],
    }]})
}

fn aggregated() -> Value {
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [{
        "metadata": {"name": GROUP},
        "versions": [{"version": "v1alpha1", "freshness": "Current", "resources": [{
            "resource": "flunders", "singularResource": "flunder", "scope": "Namespaced", "verbs": VERBS, "shortNames": ["fl"],
            "responseKind": {"group": GROUP, "version": "v1alpha1", "kind": "Flunder"},
        }]}],
    }]})
}

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const VERBS: [&str; 6] = ["create", "delete", "get", "list", "patch", "update"];
