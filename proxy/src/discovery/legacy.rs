//! The documents from before the aggregated one: `APIVersions`, `APIGroupList`, `APIGroup`, `APIResourceList`.
//!
//! Go: `apimachinery/pkg/apis/meta/v1/types.go`.

use serde::{Deserialize, Serialize};

use super::aggregated::{self, ResponseKind};
use crate::meta;

/// A group of `/apis`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its versions, the preferred one first.
    pub versions: Vec<GroupVersion>,
    /// The first of them.
    pub preferred_version: GroupVersion,
}

/// A version of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupVersion {
    /// `group/version`.
    pub group_version: String,
    /// The version alone.
    pub version: String,
}

impl From<&meta::GroupVersion> for GroupVersion {
    fn from(of: &meta::GroupVersion) -> Self {
        Self { group_version: of.to_string(), version: of.version.clone() }
    }
}

/// A resource of a version, or a subresource: its name then is `resource/subresource`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resource {
    /// The name in paths, in the plural.
    pub name: String,
    /// The name in the singular; empty for a subresource.
    pub singular_name: String,
    /// Whether its objects belong to namespaces.
    pub namespaced: bool,
    /// The group of its kind, if it is another one than the list's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The version of its kind, if it is another one than the list's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The kind of its objects.
    pub kind: String,
    /// What may be done with it; none is written as `null`.
    pub verbs: Option<Vec<String>>,
    /// Names that are quick to type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short_names: Vec<String>,
    /// Lists of resources it belongs to, such as `all`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Changes when objects are stored in another version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub storage_version_hash: String,
}

/// Reads the resources of an `APIResourceList` in JSON.
///
/// # Errors
/// The text is no JSON, or no such list.
pub fn read_resources(json: &[u8]) -> Result<Vec<Resource>, serde_json::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct List {
        resources: Vec<Resource>,
    }
    let list: List = aggregated::read_without_nulls(json)?;
    Ok(list.resources)
}

/// A subresource says another scope than its resource.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Error: Parent {parent} (scope: {parent_scope}) and subresource {subresource} (scope: {scope}) scope do not match"
)]
pub struct ScopeMismatch {
    parent: String,
    parent_scope: String,
    subresource: String,
    scope: &'static str,
}

/// The resources of an `APIResourceList` in the form of the aggregated document: subresources stand below their resources, and a
/// resource that only subresources speak of is made up.
///
/// Go: `apiserver/pkg/endpoints/installer.go` `ConvertGroupVersionIntoToDiscovery`.
///
/// # Errors
/// A subresource says another scope than its resource.
pub fn to_aggregated(list: &[Resource]) -> Result<Vec<aggregated::Resource>, ScopeMismatch> {
    let mut resources: Vec<aggregated::Resource> = list
        .iter()
        .filter(|resource| !resource.name.contains('/'))
        .map(|resource| aggregated::Resource {
            resource: resource.name.clone(),
            response_kind: Some(response_kind(resource)),
            scope: scope(resource).to_owned(),
            singular_resource: resource.singular_name.clone(),
            verbs: resource.verbs.clone(),
            short_names: resource.short_names.clone(),
            categories: resource.categories.clone(),
            subresources: Vec::new(),
        })
        .collect();
    for resource in list {
        let Some((parent, name)) = resource.name.split_once('/') else { continue };
        let scope = scope(resource);
        let known = resources.iter().rposition(|resource| resource.resource == parent);
        let at = known.unwrap_or(resources.len());
        if known.is_none() {
            resources.push(aggregated::Resource {
                resource: parent.to_owned(),
                response_kind: Some(ResponseKind::default()),
                scope: scope.to_owned(),
                ..aggregated::Resource::default()
            });
        }
        let parent = &mut resources[at];
        if parent.scope != scope {
            return Err(ScopeMismatch {
                parent: parent.resource.clone(),
                parent_scope: parent.scope.clone(),
                subresource: name.to_owned(),
                scope,
            });
        }
        parent.subresources.push(aggregated::Subresource {
            subresource: name.to_owned(),
            response_kind: Some(if resource.kind.is_empty() {
                ResponseKind::default()
            } else {
                response_kind(resource)
            }),
            accepted_types: Vec::new(),
            verbs: resource.verbs.clone(),
        });
    }
    Ok(resources)
}

fn scope(resource: &Resource) -> &'static str {
    if resource.namespaced { "Namespaced" } else { "Cluster" }
}

fn response_kind(resource: &Resource) -> ResponseKind {
    ResponseKind { group: resource.group.clone(), version: resource.version.clone(), kind: resource.kind.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(name: &str, namespaced: bool, kind: &str) -> Resource {
        Resource {
            name: name.into(),
            namespaced,
            kind: kind.into(),
            verbs: Some(vec!["get".into()]),
            ..Resource::default()
        }
    }

    #[test]
    fn subresources_stand_below_their_resource_wherever_the_list_has_them() {
        let list = [
            resource("things/status", true, "Thing"),
            resource("things", true, "Thing"),
            resource("others", false, "Other"),
        ];
        let resources = to_aggregated(&list).unwrap();
        let names: Vec<&str> = resources.iter().map(|resource| resource.resource.as_str()).collect();
        assert_eq!(names, ["things", "others"]);
        assert_eq!(resources[0].subresources[0].subresource, "status");
        assert_eq!(resources[1].scope, "Cluster");
    }

    #[test]
    fn a_resource_that_only_a_subresource_speaks_of_is_made_up() {
        let resources = to_aggregated(&[resource("pods/exec", true, "")]).unwrap();
        assert_eq!(resources[0].resource, "pods");
        assert_eq!(resources[0].verbs, None);
        assert_eq!(resources[0].response_kind, Some(ResponseKind::default()));
        assert_eq!(resources[0].subresources[0].response_kind, Some(ResponseKind::default()));
    }

    #[test]
    fn a_subresource_of_another_scope_is_an_error_in_gos_words() {
        let wrong = to_aggregated(&[resource("pods", true, "Pod"), resource("pods/status", false, "Pod")]).unwrap_err();
        let text = "Error: Parent pods (scope: Namespaced) and subresource status (scope: Cluster) scope do not match";
        assert_eq!(wrong.to_string(), text);
    }
}
