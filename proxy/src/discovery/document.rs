//! The documents: made once for each change, written once for each media type.

use std::{collections::BTreeMap, sync::OnceLock};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    aggregated::{Freshness, Group, Version},
    legacy,
    merge::{self, Entry, Service},
    sources::LocalVersion,
};
use crate::{
    meta::{GroupVersion, Layout, Media, digest::sha512, encode_json, encode_yaml},
    rest::encode_protobuf,
};

/// A document, written once for each media type.
#[derive(Debug)]
pub(super) struct Document {
    value: Value,
    json: OnceLock<Bytes>,
    yaml: OnceLock<Bytes>,
    protobuf: OnceLock<Bytes>,
}

impl Document {
    /// `fields` are those of the object, without `kind` and `apiVersion`.
    fn new(kind: &str, api_version: &str, fields: &impl Serialize) -> Self {
        let mut object = Map::new();
        object.insert("kind".to_owned(), kind.into());
        if !api_version.is_empty() {
            object.insert("apiVersion".to_owned(), api_version.into());
        }
        if let Ok(Value::Object(fields)) = serde_json::to_value(fields) {
            object.extend(fields);
        }
        Self { value: object.into(), json: OnceLock::new(), yaml: OnceLock::new(), protobuf: OnceLock::new() }
    }

    pub(super) fn encode(&self, media: Media, layout: Layout) -> Bytes {
        match (media, layout) {
            (Media::Protobuf, _) => {
                self.protobuf.get_or_init(|| encode_protobuf(&self.value).unwrap_or_default()).clone()
            }
            (Media::Yaml, _) => self.yaml.get_or_init(|| encode_yaml(&self.value)).clone(),
            (Media::Json, Layout::Compact) => {
                self.json.get_or_init(|| encode_json(&self.value, Layout::Compact)).clone()
            }
            (Media::Json, layout) => encode_json(&self.value, layout),
        }
    }
}

/// The aggregated document in both of its versions, and the tag that both have.
#[derive(Debug)]
pub(super) struct Aggregated {
    pub(super) v2: Document,
    pub(super) v2beta1: Document,
    /// As it stands in `Etag`: the SHA-512 of the JSON, quoted. Of the list without kind and version, as in Go.
    pub(super) etag: String,
}

impl Aggregated {
    fn new(groups: &[Group]) -> Self {
        let list = json!({"metadata": {}, "items": groups});
        let digest = sha512(&encode_json(&list, Layout::Bare));
        let version = |version| Document::new("APIGroupDiscoveryList", version, &list);
        Self {
            v2: version("apidiscovery.k8s.io/v2"),
            v2beta1: version("apidiscovery.k8s.io/v2beta1"),
            etag: format!("\"{digest}\""),
        }
    }
}

/// What our own kinds give; it never changes.
#[derive(Debug)]
pub(super) struct Local {
    /// `/api`.
    pub(super) api: Document,
    /// `/api`, aggregated.
    pub(super) core: Aggregated,
    /// `/api/v1` and `/apis/g/v`.
    pub(super) versions: BTreeMap<GroupVersion, Document>,
    entries: BTreeMap<GroupVersion, Entry>,
}

impl Local {
    pub(super) fn new(address: &str, versions: &[LocalVersion]) -> Result<Self, legacy::ScopeMismatch> {
        let mut entries = BTreeMap::new();
        for local in versions {
            entries.insert(local.group_version.clone(), entry(local)?);
        }
        let is_core = |at: &GroupVersion| at.group.is_empty();
        let core: BTreeMap<GroupVersion, Entry> =
            entries.iter().filter(|(at, _)| is_core(at)).map(|(at, entry)| (at.clone(), entry.clone())).collect();
        let names: Vec<&str> = core.keys().map(|at| at.version.as_str()).collect();
        let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]);
        Ok(Self {
            api: Document::new("APIVersions", "", &json!({"versions": names, "serverAddressByClientCIDRs": addresses})),
            core: Aggregated::new(&merge::groups(&core, &BTreeMap::new())),
            versions: versions.iter().map(|local| (local.group_version.clone(), resource_list(local))).collect(),
            entries: entries.into_iter().filter(|(at, _)| !is_core(at)).collect(),
        })
    }
}

fn entry(local: &LocalVersion) -> Result<Entry, legacy::ScopeMismatch> {
    let version = Version {
        version: local.group_version.version.clone(),
        resources: legacy::to_aggregated(&local.resources)?,
        freshness: Some(Freshness::Current),
    };
    Ok(Entry { version, group_priority: local.group_priority, version_priority: local.version_priority })
}

/// Go leaves `apiVersion` out in the core group: so it was in release 1.1.
fn resource_list(local: &LocalVersion) -> Document {
    let at = &local.group_version;
    let api_version = if at.group.is_empty() { "" } else { "v1" };
    let fields = json!({"groupVersion": at.to_string(), "resources": local.resources});
    Document::new("APIResourceList", api_version, &fields)
}

/// What changes with the APIServices.
#[derive(Debug)]
pub(super) struct Published {
    /// `/apis`.
    pub(super) apis: Document,
    /// `/apis`, aggregated.
    pub(super) aggregated: Aggregated,
    /// `/apis/g`.
    pub(super) groups: BTreeMap<String, Document>,
}

impl Published {
    pub(super) fn new(local: &Local, remote: &BTreeMap<GroupVersion, Entry>, services: &[Service]) -> Self {
        let groups = listed_groups(local, services);
        Self {
            apis: Document::new("APIGroupList", "v1", &json!({"groups": groups})),
            aggregated: Aggregated::new(&merge::groups(remote, &local.entries)),
            // Backwards, so that of two groups of one name the first is served: our own cannot be taken.
            groups: groups
                .iter()
                .rev()
                .map(|group| (group.name.clone(), Document::new("APIGroup", "v1", group)))
                .collect(),
        }
    }
}

/// Our own group stands first whatever the priorities say; then all that have an APIService, available or not. What we serve is listed
/// even before it has one.
///
/// Go: `kube-aggregator/pkg/apiserver/handler_apis.go` `ServeHTTP`.
fn listed_groups(local: &Local, services: &[Service]) -> Vec<legacy::Group> {
    let implied = |(at, entry): (&GroupVersion, &Entry)| Service {
        name: format!("{}.{}", at.version, at.group),
        group_version: at.clone(),
        group_priority: entry.group_priority,
        version_priority: entry.version_priority,
    };
    let (own, others): (Vec<Service>, Vec<Service>) =
        local.entries.iter().map(implied).partition(|service| service.group_version.group == OWN_GROUP);
    let has_service = |at: &GroupVersion| services.iter().any(|service| service.group_version == *at);
    let others = others.into_iter().filter(|service| !has_service(&service.group_version));
    let services: Vec<Service> = services.iter().cloned().chain(others).collect();
    let mut groups = merge::legacy_groups(&own);
    groups.extend(merge::legacy_groups(&services));
    groups
}

/// "It's good to be king": nothing can stand before the group that says what stands where.
pub(super) const OWN_GROUP: &str = "apiregistration.k8s.io";
