use std::collections::BTreeMap;

use crate::{
    discovery::{LocalVersion, legacy},
    meta::GroupVersion,
    rest::{Kind, Kinds},
};

/// The versions that this process serves itself, as discovery tells of them.
///
/// Go: `kubernetes/pkg/controlplane/apiserver/aggregator.go` `DefaultGenericAPIServicePriorities`.
pub(super) fn own_versions() -> Vec<LocalVersion> {
    let mut versions: BTreeMap<GroupVersion, Vec<&Kind>> = BTreeMap::new();
    for kind in Kinds::get().all() {
        versions.entry(kind.group_version()).or_default().push(kind);
    }
    versions
        .into_iter()
        .map(|(group_version, mut kinds)| {
            kinds.sort_by(|left, right| left.resource.cmp(&right.resource));
            let (group_priority, version_priority) = match &group_version.group[..] {
                "" => (18_000, 1),
                "apiregistration.k8s.io" => (20_000, 15),
                "discovery.k8s.io" => (16_200, 15),
                _ => (1_000, 15),
            };
            let resources = kinds.into_iter().flat_map(resources).collect();
            LocalVersion { group_version, resources, group_priority, version_priority }
        })
        .collect()
}

/// A kind's resource, and those of its parts.
fn resources(kind: &Kind) -> Vec<legacy::Resource> {
    let whole = legacy::Resource {
        name: kind.resource.clone(),
        singular_name: kind.singular.clone(),
        namespaced: kind.namespaced,
        kind: kind.kind.clone(),
        verbs: Some(kind.verbs.clone()),
        short_names: kind.short_names.clone(),
        categories: kind.categories.clone(),
        storage_version_hash: kind.storage_version_hash.clone(),
        ..legacy::Resource::default()
    };
    let parts = kind.subresources.iter().map(|part| legacy::Resource {
        name: format!("{}/{}", kind.resource, part.name),
        namespaced: kind.namespaced,
        kind: part.kind.clone(),
        verbs: Some(part.verbs.clone()),
        ..legacy::Resource::default()
    });
    std::iter::once(whole).chain(parts).collect()
}
