//! Which groups and versions there are, and in which order they are told.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    aggregated::{Group, GroupMetadata, Version},
    legacy, version,
};
use crate::meta::GroupVersion;

/// A version of a group, and how much its group and itself want to be first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it serves.
    pub version: Version,
    /// Its group's place among the groups; the highest of its versions counts.
    pub group_priority: i64,
    /// Its place among the versions of its group.
    pub version_priority: i64,
}

/// An APIService, as much of it as the list of groups shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name of the object.
    pub name: String,
    /// What it serves.
    pub group_version: GroupVersion,
    /// `spec.groupPriorityMinimum`.
    pub group_priority: i64,
    /// `spec.versionPriority`.
    pub version_priority: i64,
}

/// The groups of the aggregated document. Of a version with two sources the one of `first` is told.
///
/// Groups stand by priority, then by name; versions by priority, then by `version::compare`.
///
/// Go: `apiserver/pkg/endpoints/discovery/aggregated/handler.go` `calculateAPIGroupsLocked`.
pub(super) fn groups(first: &BTreeMap<GroupVersion, Entry>, second: &BTreeMap<GroupVersion, Entry>) -> Vec<Group> {
    let used: BTreeMap<&GroupVersion, &Entry> = second.iter().chain(first).collect();
    let mut groups: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for (at, entry) in used {
        groups.entry(&at.group).or_default().push(entry);
    }
    let mut groups: Vec<(&str, Vec<&Entry>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, entries)| Reverse(entries.iter().map(|entry| entry.group_priority).max()));
    groups.into_iter().map(|(name, entries)| group(name, entries)).collect()
}

fn group(name: &str, mut entries: Vec<&Entry>) -> Group {
    entries.sort_by(|left, right| {
        let by_name = || version::compare(&right.version.version, &left.version.version);
        right.version_priority.cmp(&left.version_priority).then_with(by_name)
    });
    Group {
        metadata: GroupMetadata { name: name.to_owned() },
        versions: entries.into_iter().map(|entry| entry.version.clone()).collect(),
    }
}

/// The groups of `/apis`, without the core group.
///
/// Unlike in the aggregated document, groups of one priority stand by the names of their APIServices: `v1.zzz` before `v1beta1.aaa`.
///
/// Go: `kube-aggregator/pkg/apis/apiregistration/v1/helper/helpers.go` `SortedByGroupAndVersion`.
pub(super) fn legacy_groups(services: &[Service]) -> Vec<legacy::Group> {
    let mut sorted: Vec<&Service> = services.iter().filter(|service| !service.group_version.group.is_empty()).collect();
    sorted
        .sort_by(|left, right| right.group_priority.cmp(&left.group_priority).then_with(|| left.name.cmp(&right.name)));
    let mut groups: Vec<Vec<&Service>> = Vec::new();
    for service in sorted {
        match groups.iter_mut().find(|group| group[0].group_version.group == service.group_version.group) {
            Some(group) => group.push(service),
            None => groups.push(vec![service]),
        }
    }
    groups.into_iter().map(legacy_group).collect()
}

fn legacy_group(mut services: Vec<&Service>) -> legacy::Group {
    services.sort_by(|left, right| {
        let by_name = || version::compare(&right.group_version.version, &left.group_version.version);
        right.version_priority.cmp(&left.version_priority).then_with(by_name)
    });
    let versions: Vec<legacy::GroupVersion> =
        services.iter().map(|service| legacy::GroupVersion::from(&service.group_version)).collect();
    legacy::Group { name: services[0].group_version.group.clone(), preferred_version: versions[0].clone(), versions }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: &str, group_priority: i64, version_priority: i64) -> (GroupVersion, Entry) {
        let at = GroupVersion::parse(at).unwrap();
        let version = Version { version: at.version.clone(), ..Version::default() };
        (at, Entry { version, group_priority, version_priority })
    }

    fn told(groups: &[Group]) -> Vec<String> {
        groups
            .iter()
            .flat_map(|group| {
                group.versions.iter().map(|version| format!("{}/{}", group.metadata.name, version.version))
            })
            .collect()
    }

    fn service(at: &str, group_priority: i64, version_priority: i64) -> Service {
        let at = GroupVersion::parse(at).unwrap();
        Service { name: format!("{}.{}", at.version, at.group), group_version: at, group_priority, version_priority }
    }

    #[test]
    fn a_group_stands_where_its_highest_version_wants_it() {
        let entries =
            [entry("aaa/v1", 100, 10), entry("bbb/v1", 50, 10), entry("bbb/v2", 200, 10), entry("aab/v1", 100, 10)];
        let groups = groups(&entries.into_iter().collect(), &BTreeMap::new());
        assert_eq!(told(&groups), ["bbb/v2", "bbb/v1", "aaa/v1", "aab/v1"]);
    }

    #[test]
    fn versions_stand_by_priority_and_then_as_kubernetes_names_them() {
        let entries = [entry("g/v1", 1, 15), entry("g/v2", 1, 15), entry("g/v1beta1", 1, 20), entry("g/x", 1, 15)];
        let groups = groups(&entries.into_iter().collect(), &BTreeMap::new());
        assert_eq!(told(&groups), ["g/v1beta1", "g/v2", "g/v1", "g/x"]);
    }

    #[test]
    fn of_two_sources_of_a_version_the_first_is_told() {
        let first = [entry("g/v1", 5, 5)].into_iter().collect();
        let second = [entry("g/v1", 900, 900), entry("g/v2", 5, 6), entry("h/v1", 6, 1)].into_iter().collect();
        assert_eq!(told(&groups(&first, &second)), ["h/v1", "g/v2", "g/v1"]);
    }

    #[test]
    fn groups_of_one_priority_stand_by_the_names_of_their_apiservices() {
        let groups =
            legacy_groups(&[service("aaa/v1beta1", 1000, 15), service("zzz/v1", 1000, 15), service("/v1", 18000, 1)]);
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["zzz", "aaa"]);
    }

    #[test]
    fn the_first_version_is_the_preferred_one() {
        let services = [
            service("foo/v1", 10, 10),
            service("bar/v1", 11, 1),
            service("foo/v2", 10, 11),
            service("foo/v1beta1", 12, 3),
        ];
        let groups = legacy_groups(&services);
        assert_eq!(groups[0].name, "foo");
        let versions: Vec<&str> = groups[0].versions.iter().map(|version| version.group_version.as_str()).collect();
        assert_eq!(versions, ["foo/v2", "foo/v1", "foo/v1beta1"]);
        assert_eq!(groups[0].preferred_version.version, "v2");
        assert_eq!(groups[1].name, "bar");
    }
}
