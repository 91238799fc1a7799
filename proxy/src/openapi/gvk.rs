//! What ties schemas and operations to kinds: `x-kubernetes-group-version-kind`.

use serde_json::{Map, Value, json};

use super::operation::Operation;
use crate::{meta::GroupVersion, rest::Kinds};

/// Puts the action and the kind of an operation in.
pub(super) fn put(made: &mut Map<String, Value>, of: &Operation) {
    if let Some(action) = of.action {
        made.insert("x-kubernetes-action".to_owned(), action.into());
    }
    if let Some([group, version, kind]) = &of.kind {
        let name = "x-kubernetes-group-version-kind".to_owned();
        made.insert(name, json!({"group": group, "version": version, "kind": kind}));
    }
}

/// The kinds that objects of a type have, in a document about some versions; none where they have none.
///
/// Go: `apiserver/pkg/endpoints/openapi/openapi.go` `DefinitionNamer.GetDefinitionName`.
pub(super) fn of_type(versions: &[GroupVersion], name: &str) -> Option<Value> {
    if let Some(kind) = META.iter().find(|kind| name.strip_prefix(META_PREFIX) == Some(kind)) {
        // Every version of every group has these two of its own.
        let everywhere = matches!(*kind, "DeleteOptions" | "WatchEvent");
        let others = versions.iter().filter(|at| everywhere && !at.group.is_empty());
        let core = json!({"group": "", "version": "v1", "kind": kind});
        let others = others.map(|at| json!({"group": at.group, "version": at.version, "kind": kind}));
        return Some(std::iter::once(core).chain(others).collect::<Vec<_>>().into());
    }
    Kinds::get().all().iter().find_map(|kind| {
        let found = if kind.type_name == name {
            &kind.kind
        } else if kind.list_type == name {
            &kind.list_kind
        } else {
            return None;
        };
        Some(json!([{"group": kind.group, "version": kind.version, "kind": found}]))
    })
}

const META_PREFIX: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const META: [&str; 4] = ["APIResourceList", "DeleteOptions", "Status", "WatchEvent"];
