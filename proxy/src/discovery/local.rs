//! Our own versions of groups, from the tables of kinds.

use super::{legacy::Resource, sources::LocalVersion};
use crate::{
    meta::GroupVersion,
    rest::{Kind, Kinds},
};

/// All versions that this process serves itself.
pub fn local_versions() -> Vec<LocalVersion> {
    Kinds::get().versions().into_iter().map(local_version).collect()
}

fn local_version(group_version: GroupVersion) -> LocalVersion {
    let kinds = Kinds::get().all().iter().filter(|kind| kind.group_version() == group_version);
    let mut resources: Vec<Resource> = kinds.flat_map(resources).collect();
    resources.sort_by(|left, right| left.name.cmp(&right.name));
    let (group_priority, version_priority) = priorities(&group_version);
    LocalVersion { group_version, resources, group_priority, version_priority }
}

/// A kind and its subresources. Go: `apiserver/pkg/endpoints/installer.go` `registerResourceHandlers`.
fn resources(kind: &Kind) -> Vec<Resource> {
    let own = Resource {
        name: kind.resource.clone(),
        singular_name: kind.singular.clone(),
        namespaced: kind.namespaced,
        kind: kind.kind.clone(),
        verbs: Some(kind.verbs.clone()),
        short_names: kind.short_names.clone(),
        categories: kind.categories.clone(),
        storage_version_hash: kind.storage_version_hash.clone(),
        ..Resource::default()
    };
    let below = kind.subresources.iter().map(|below| Resource {
        name: format!("{}/{}", kind.resource, below.name),
        namespaced: kind.namespaced,
        kind: below.kind.clone(),
        verbs: Some(below.verbs.clone()),
        ..Resource::default()
    });
    std::iter::once(own).chain(below).collect()
}

/// The place of a group among the groups, and of a version in its group.
///
/// Go: `kubernetes/pkg/controlplane/apiserver/aggregator.go` `DefaultGenericAPIServicePriorities`; our own group's in
/// `kube-aggregator/pkg/apiserver/handler_discovery.go`.
pub fn priorities(at: &GroupVersion) -> (i64, i64) {
    match at.group.as_str() {
        "apiregistration.k8s.io" => (20_001, 0),
        "" => (18_000, 1),
        "authentication.k8s.io" => (17_700, 15),
        "authorization.k8s.io" => (17_600, 15),
        "discovery.k8s.io" => (16_200, 15),
        _ => (1000, 15),
    }
}
