//! What is wrong with the metadata that every object has. Go: `apimachinery/pkg/api/validation/objectmeta.go`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::names;
use crate::meta::{FieldError, Object};

/// All annotations of an object together have no more bytes. Go: `TotalAnnotationSizeLimitB`.
const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;

/// What is wrong with the metadata of a new object.
pub(super) fn validate(object: &Object, name_faults: impl Fn(&str) -> Vec<String>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if !object.generate_name().is_empty() {
        // A generated name never ends with a dash.
        let masked = mask_trailing_dash(object.generate_name());
        wrong.extend(faults("metadata.generateName", object.generate_name(), name_faults(&masked)));
    }
    if object.name().is_empty() {
        wrong.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else {
        wrong.extend(faults("metadata.name", object.name(), name_faults(object.name())));
    }
    for finalizer in object.finalizers() {
        wrong.extend(faults("metadata.finalizers", finalizer, names::qualified(finalizer)));
    }
    wrong.extend(validate_texts(object));
    wrong
}

/// What is wrong with the metadata of a changed object.
pub(super) fn validate_update(object: &Object, old: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if old.deletion_timestamp().is_some() {
        let before: BTreeSet<&str> = old.finalizers().collect();
        let extra: BTreeSet<&str> = object.finalizers().filter(|one| !before.contains(one)).collect();
        if !extra.is_empty() {
            let quoted: Vec<String> = extra.iter().map(|one| json!(one).to_string()).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                quoted.join(", ")
            );
            wrong.push(FieldError::forbidden("metadata.finalizers", detail));
        }
    }
    for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (now, before) = (object.get(&["metadata", field]), old.get(&["metadata", field]));
        if now != before {
            let shown = now.unwrap_or(&Value::Null);
            wrong.push(FieldError::invalid(format!("metadata.{field}"), shown, "field is immutable"));
        }
    }
    wrong.extend(validate_texts(object));
    wrong
}

fn validate_texts(object: &Object) -> Vec<FieldError> {
    let mut wrong = labels("metadata.labels", object.labels());
    let mut bytes = 0;
    for (key, value) in object.annotations() {
        bytes += key.len() + value.len();
        wrong.extend(faults("metadata.annotations", key, names::qualified(&key.to_lowercase())));
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        wrong.push(FieldError::too_long("metadata.annotations", ANNOTATIONS_BYTES_MAX));
    }
    wrong.extend(owner_references(object));
    wrong
}

/// What is wrong with labels, or with a selector.
pub(super) fn labels<'a>(field: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for (key, value) in labels {
        wrong.extend(faults(field, key, names::qualified(key)));
        wrong.extend(faults(field, value, names::label_value(value)));
    }
    wrong
}

fn owner_references(object: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for owner in object.list(&["metadata", "ownerReferences"]) {
        let path = "metadata.ownerReferences";
        let missing = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default().is_empty();
        for (field, detail) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if missing(field) {
                wrong.push(FieldError::invalid(format!("{path}.{field}"), &json!(""), detail));
            }
        }
    }
    wrong
}

/// One error for each thing that is wrong with a text.
pub(super) fn faults<'a>(field: &'a str, value: &'a str, faults: Vec<String>) -> impl Iterator<Item = FieldError> + 'a {
    faults.into_iter().map(move |fault| FieldError::invalid(field, &json!(value), fault))
}

fn mask_trailing_dash(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => name.to_owned(),
    }
}
