//! What a kind decides for itself.

use serde_json::Value;

use super::kinds::{Kind, api_service, endpoint_slice, endpoints, namespace, service};
use crate::{
    meta::{FieldError, Object},
    world::Wall,
};

/// Which part of an object an update may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All but the status.
    Main,
    /// The status alone.
    Status,
    /// The finalizers of a namespace's spec.
    Finalize,
}

impl Part {
    /// The part that a path names; `None` if it names none.
    pub(super) fn named(subresource: Option<&str>) -> Option<Self> {
        match subresource {
            None => Some(Self::Main),
            Some("status") => Some(Self::Status),
            Some("finalize") => Some(Self::Finalize),
            Some(_) => None,
        }
    }
}

/// What a kind decides for itself: defaults, what clients may set, what is valid, how it is shown.
///
/// Go: `k8s.io/apiserver/pkg/registry/rest` `RESTCreateStrategy`, `RESTUpdateStrategy`.
pub(super) trait Strategy: Sync {
    /// Fills in what may be left out.
    fn default(&self, object: &mut Object);

    /// Before it is created: what a client may not set is removed.
    fn prepare_for_create(&self, object: &mut Object, now: Wall);

    /// Before it is updated: what this part may not change is as it was.
    fn prepare_for_update(&self, object: &mut Object, old: &Object, part: Part);

    /// What is wrong with a new object, behind its metadata.
    fn validate(&self, object: &Object, allow: Allow) -> Vec<FieldError>;

    /// What is wrong with a changed object, behind its metadata.
    fn validate_update(&self, object: &Object, old: &Object, part: Part, allow: Allow) -> Vec<FieldError>;

    /// What is wrong with a name of an object, in Go's words.
    fn name_faults(&self, object: &Object, name: &str) -> Vec<String>;

    /// What is to be said of an object that was written.
    fn warnings(&self, _object: &Object) -> Vec<String> {
        Vec::new()
    }

    /// What is to be said of every request for the kind.
    fn deprecation(&self) -> Option<&'static str> {
        None
    }

    /// Whether an update without a resource version replaces whatever is there.
    fn allows_unconditional_update(&self) -> bool {
        true
    }

    /// Whether an update of what is not there creates it.
    fn allows_create_on_update(&self) -> bool {
        false
    }

    /// Fields besides `metadata.name` and `metadata.namespace` that can be selected by.
    fn selectable_fields(&self) -> &'static [&'static str] {
        &[]
    }

    /// What is said of a field that cannot be selected by.
    fn unknown_selectable_field(&self, field: &str) -> String {
        let field = crate::wire::token::go_quote(field.as_bytes());
        format!("{field} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    }

    /// The cells of its row, one for each column of its table.
    fn cells(&self, object: &Object, now: Wall) -> Vec<Value>;
}

/// What this server accepts beyond Go's rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allow {
    /// Nothing.
    #[default]
    Nothing,
    /// Loopback addresses in Endpoints and EndpointSlices, and any clusterIP: `--allow-loopback-endpoints`.
    LoopbackEndpoints,
}

/// What a kind decides for itself.
pub(super) fn of(kind: &Kind) -> &'static dyn Strategy {
    match kind.resource.as_str() {
        "apiservices" => &api_service::ApiService,
        "namespaces" => &namespace::Namespace,
        "services" => &service::Service,
        "endpoints" => &endpoints::Endpoints,
        "endpointslices" => &endpoint_slice::EndpointSlice,
        other => unreachable!("the tables have no {other}, as a test shows"),
    }
}

/// Puts a field back to what it was.
pub(super) fn keep(object: &mut Object, old: &Object, path: &[&str]) {
    match old.get(path) {
        Some(value) => object.set(path, value.clone()),
        None => {
            object.remove(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::kinds::Kinds;

    #[test]
    fn every_kind_of_the_tables_decides_for_itself_and_fills_its_columns() {
        for kind in Kinds::get().all() {
            let object = kind.canonical(&serde_json::json!({"metadata": {"name": "a"}})).unwrap();
            let cells = of(kind).cells(&object, Wall(std::time::Duration::ZERO));
            assert_eq!(cells.len(), kind.columns.len(), "{}", kind.kind);
        }
    }
}
