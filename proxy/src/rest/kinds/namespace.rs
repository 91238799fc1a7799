//! Namespace. Go: `kubernetes/pkg/registry/core/namespace/strategy.go`.

use serde_json::{Value, json};

use crate::{
    meta::{FieldError, Object},
    rest::{
        names, object_meta,
        strategy::{Allow, Part, Strategy, keep},
        table,
    },
    world::Wall,
};

/// What keeps a namespace until its contents are gone.
pub(in crate::rest) const KUBERNETES: &str = "kubernetes";

#[derive(Debug)]
pub(in crate::rest) struct Namespace;

impl Strategy for Namespace {
    /// The label by which a namespace can be selected. Go: `pkg/apis/core/v1/defaults.go` `SetDefaults_Namespace`.
    fn default(&self, object: &mut Object) {
        let name = object.name().to_owned();
        if !name.is_empty() {
            object.set(&["metadata", "labels", "kubernetes.io/metadata.name"], name.into());
        }
    }

    fn prepare_for_create(&self, object: &mut Object, _now: Wall) {
        object.set(&["status"], json!({"phase": "Active"}));
        let mut finalizers = object.list(&["spec", "finalizers"]).to_vec();
        if !finalizers.iter().any(|finalizer| finalizer == KUBERNETES) {
            finalizers.push(KUBERNETES.into());
        }
        object.set(&["spec", "finalizers"], finalizers.into());
    }

    fn prepare_for_update(&self, object: &mut Object, old: &Object, part: Part) {
        match part {
            Part::Main => {
                keep(object, old, &["spec", "finalizers"]);
                keep(object, old, &["status"]);
            }
            Part::Status => keep(object, old, &["spec"]),
            Part::Finalize => keep(object, old, &["status"]),
        }
    }

    fn validate(&self, object: &Object, _allow: Allow) -> Vec<FieldError> {
        let finalizers = object.list(&["spec", "finalizers"]).iter().filter_map(Value::as_str);
        let wrong = finalizers.flat_map(|one| object_meta::faults("spec.finalizers", one, names::qualified(one)));
        wrong.collect()
    }

    fn validate_update(&self, object: &Object, _old: &Object, part: Part, allow: Allow) -> Vec<FieldError> {
        match part {
            Part::Finalize => self.validate(object, allow),
            Part::Main => Vec::new(),
            Part::Status => phase(object),
        }
    }

    fn name_faults(&self, _object: &Object, name: &str) -> Vec<String> {
        names::dns_1123_label(name)
    }

    fn selectable_fields(&self) -> &'static [&'static str] {
        &["status.phase"]
    }

    fn unknown_selectable_field(&self, field: &str) -> String {
        format!("field label not supported: {field}")
    }

    fn cells(&self, object: &Object, now: Wall) -> Vec<Value> {
        vec![object.name().into(), object.text(&["status", "phase"]).into(), table::age(object, now)]
    }
}

/// Go: `ValidateNamespaceStatusUpdate`.
fn phase(object: &Object) -> Vec<FieldError> {
    let phase = object.text(&["status", "phase"]);
    let detail = match (object.deletion_timestamp(), phase) {
        (None, "Active") | (Some(_), "Terminating") => return Vec::new(),
        (None, _) => "may only be 'Active' if `deletionTimestamp` is empty",
        (Some(_), _) => "may only be 'Terminating' if `deletionTimestamp` is not empty",
    };
    vec![FieldError::invalid("status.Phase", &json!(phase), detail)]
}
