//! The aggregated document, `APIGroupDiscoveryList`: all groups with their versions and resources in one answer.
//!
//! Go: `k8s.io/api/apidiscovery/v2/types.go`. Version v2beta1 has the same fields.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::meta::json::without_fields;

/// A group with its versions, the preferred one first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Holds the name; empty is the core group.
    pub metadata: GroupMetadata,
    /// Its versions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
}

/// The metadata of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupMetadata {
    /// The name of the group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// A version of a group with its resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// Its name, `v1`.
    pub version: String,
    /// What it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Resource>,
    /// Whether its server answered lately. None where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freshness: Option<Freshness>,
}

/// Whether a version's server answered when it was last asked for its resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Freshness {
    /// It did.
    Current,
    /// It did not: what stands here may be out of date.
    Stale,
}

/// A resource with its subresources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resource {
    /// The name in paths, in the plural.
    pub resource: String,
    /// The kind of its objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_kind: Option<ResponseKind>,
    /// `Cluster` or `Namespaced`.
    pub scope: String,
    /// The name in the singular.
    pub singular_resource: String,
    /// What may be done with it; none is written as `null`.
    pub verbs: Option<Vec<String>>,
    /// Names that are quick to type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short_names: Vec<String>,
    /// Lists of resources it belongs to, such as `all`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Paths below an object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subresources: Vec<Subresource>,
}

/// A path below the objects of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subresource {
    /// Its name in paths.
    pub subresource: String,
    /// The kind it answers with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_kind: Option<ResponseKind>,
    /// The kinds it takes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted_types: Vec<ResponseKind>,
    /// What may be done with it; none is written as `null`.
    pub verbs: Option<Vec<String>>,
}

/// A kind; group and version are empty where they are those of the resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseKind {
    /// Its group.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Its name.
    pub kind: String,
}

/// Reads the groups of an `APIGroupDiscoveryList` in JSON. A resource without a kind gets an empty one, which clients of 1.26 need.
///
/// Go: `kube-aggregator/pkg/apiserver/handler_discovery.go` `fetchFreshDiscoveryForService`.
///
/// # Errors
/// The text is no JSON, or no such list.
pub fn read_groups(json: &[u8]) -> Result<Vec<Group>, serde_json::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct List {
        items: Vec<Group>,
    }
    let list: List = read_without_nulls(json)?;
    let mut groups = list.items;
    for resource in groups.iter_mut().flat_map(|group| &mut group.versions).flat_map(|version| &mut version.resources) {
        resource.response_kind.get_or_insert_default();
        for subresource in &mut resource.subresources {
            subresource.response_kind.get_or_insert_default();
        }
    }
    Ok(groups)
}

/// What a text holds, without the fields that are null: for Go they are not there.
pub(super) fn read_without_nulls<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_value(without_fields(serde_json::from_slice(json)?, |_, value| value.is_null()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_backend_says_beyond_the_known_fields_is_dropped() {
        let read = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [{
            "metadata": {"name": "wardle.example.com", "creationTimestamp": null},
            "versions": [{"version": "v1", "freshness": "Current", "future": 1, "resources": [{
                "resource": "flunders", "scope": "Namespaced", "singularResource": "flunder", "verbs": null, "shortNames": null,
                "responseKind": {"group": "", "version": "", "kind": "Flunder"},
                "subresources": [{"subresource": "status", "verbs": ["get"]}],
            }]}],
        }]});
        let groups = read_groups(read.to_string().as_bytes()).unwrap();
        let written = serde_json::to_value(&groups).unwrap();
        assert_eq!(
            written,
            json!([{"metadata": {"name": "wardle.example.com"}, "versions": [{"version": "v1", "resources": [{
                "resource": "flunders", "responseKind": {"group": "", "version": "", "kind": "Flunder"}, "scope": "Namespaced",
                "singularResource": "flunder", "verbs": null,
                "subresources": [{"subresource": "status", "responseKind": {"group": "", "version": "", "kind": ""}, "verbs": ["get"]}],
            }], "freshness": "Current"}]}])
        );
    }

    #[test]
    fn an_empty_answer_has_no_groups_and_nonsense_is_an_error() {
        assert_eq!(read_groups(b"{}").unwrap(), []);
        assert!(read_groups(b"<html>").is_err());
        assert!(read_groups(br#"{"items": 1}"#).is_err());
    }
}
