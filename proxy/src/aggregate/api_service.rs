use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// An APIService object, as much of it as the aggregator needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ApiService {
    /// `metadata`.
    pub metadata: Metadata,
    /// `spec`.
    pub spec: Spec,
    /// `status`.
    pub status: Status,
}

/// `metadata` of an APIService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// `version.group`.
    pub name: String,
    /// What tells it apart from a later one of the same name.
    pub uid: String,
}

/// `spec` of an APIService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// Who serves it; none where it is served here.
    pub service: Option<Reference>,
    /// The API group; empty is the core group.
    pub group: String,
    /// The version of the group.
    pub version: String,
    /// Whether any certificate will do.
    #[serde(rename = "insecureSkipTLSVerify")]
    pub insecure_skip_tls_verify: bool,
    /// The PEM certificates that the backend's must be signed by; empty for those that the system trusts.
    #[serde(deserialize_with = "base64_bytes")]
    pub ca_bundle: Vec<u8>,
    /// The group's place among the groups.
    pub group_priority_minimum: i64,
    /// The version's place among the versions of its group.
    pub version_priority: i64,
}

/// `spec.service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Reference {
    /// The Service.
    #[serde(flatten)]
    pub key: ServiceKey,
    /// The Service's port; no endpoint's.
    #[serde(default = "https_port")]
    pub port: u16,
}

/// A Service, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub struct ServiceKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// `status` of an APIService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// What is known of it; at most one of each type.
    pub conditions: Vec<Condition>,
}

/// One thing that is known of an APIService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// `Available`, or what others write.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

impl ApiService {
    /// Reads an object.
    ///
    /// # Errors
    /// A field is not of its type.
    pub fn read(object: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(object)
    }

    /// The condition `Available`, once somebody has looked.
    pub fn available(&self) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == AVAILABLE)
    }

    /// Whether requests may go there: only a plain `True` says so.
    ///
    /// Go: `apiregistration/v1/helper/helpers.go` `IsAPIServiceConditionTrue`.
    pub fn is_available(&self) -> bool {
        self.available().is_some_and(|condition| condition.status == "True")
    }
}

impl std::fmt::Display for ServiceKey {
    /// As Go's messages name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "service/{} in \"{}\"", self.name, self.namespace)
    }
}

fn base64_bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = Option::<String>::deserialize(from)?.unwrap_or_default();
    BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)
}

const fn https_port() -> u16 {
    443
}

/// The type of the one condition that decides.
pub(super) const AVAILABLE: &str = "Available";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stored_object_is_read() {
        let read = ApiService::read(json!({
            "metadata": {"name": "v1.example.com", "uid": "u"},
            "spec": {"group": "example.com", "version": "v1", "service": {"namespace": "ns", "name": "api"},
                     "caBundle": "UEVN", "groupPriorityMinimum": 100, "versionPriority": 15},
            "status": {"conditions": [{"type": "Available", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }))
        .unwrap();
        assert_eq!(read.spec.ca_bundle, b"PEM");
        assert_eq!(read.spec.service.as_ref().map(|service| service.port), Some(443));
        assert!(read.is_available());
    }

    #[test]
    fn only_a_plain_true_is_available() {
        for status in ["False", "Unknown", "true", ""] {
            let read = json!({"status": {"conditions": [{"type": "Available", "status": status}]}});
            assert!(!ApiService::read(read).unwrap().is_available(), "{status}");
        }
        assert!(!ApiService::read(json!({"status": {}})).unwrap().is_available());
    }
}
