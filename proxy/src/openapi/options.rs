//! The parameters of operations: the fields of the option types that can stand in a query.

use super::operation::{Parameter, Place};
use crate::rest::{Field, Kinds, Scalar, Shape};

/// What a list or a watch takes.
pub(super) fn list() -> Vec<Parameter> {
    of(&["ListOptions"], &[])
}

/// What a creation takes.
pub(super) fn create() -> Vec<Parameter> {
    of(&["CreateOptions"], &[])
}

/// What a replacement takes.
pub(super) fn update() -> Vec<Parameter> {
    of(&["UpdateOptions"], &[])
}

/// What a patch takes. kubectl looks for `fieldValidation` here, and validates itself where there is none.
pub(super) fn patch() -> Vec<Parameter> {
    of(&["PatchOptions"], &[])
}

/// What a deletion takes.
pub(super) fn delete() -> Vec<Parameter> {
    of(&["DeleteOptions"], &[])
}

/// What the deletion of a collection takes: what to delete, and how.
pub(super) fn delete_collection() -> Vec<Parameter> {
    of(&["DeleteOptions", "ListOptions"], &["watch", "allowWatchBookmarks"])
}

/// The namespace in a path.
pub(super) fn namespace() -> Parameter {
    let description = "object name and auth scope, such as for teams and projects".to_owned();
    Parameter { name: "namespace".to_owned(), place: Place::Path, of: "string", description }
}

/// Indented JSON.
pub(super) fn pretty() -> Parameter {
    let description =
        "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser \
                       or command-line HTTP tool (curl and wget)."
            .to_owned();
    Parameter { name: "pretty".to_owned(), place: Place::Query, of: "string", description }
}

/// In the order of their names. Objects have no place in a query, and neither has what says the kind of the options.
fn of(types: &[&str], without: &[&str]) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = types
        .iter()
        .map(|name| Kinds::get().type_named(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}")))
        .flat_map(|table| Kinds::get().fields(table))
        .filter(|field| {
            !without.contains(&field.json.as_str()) && !matches!(field.json.as_str(), "kind" | "apiVersion")
        })
        .filter_map(parameter)
        .collect();
    all.sort_by(|left, right| left.name.cmp(&right.name));
    all.dedup_by(|left, right| left.name == right.name);
    all
}

fn parameter(field: &Field) -> Option<Parameter> {
    let scalar = match &field.shape {
        Shape::Scalar(scalar) => scalar,
        // A list is a parameter that may be there more than once.
        Shape::Array(item) => match &**item {
            Shape::Scalar(scalar) => scalar,
            Shape::Ref(_) | Shape::Array(_) | Shape::Map(_) => return None,
        },
        Shape::Ref(_) | Shape::Map(_) => return None,
    };
    let of = match scalar {
        Scalar::String => "string",
        Scalar::Bool => "boolean",
        Scalar::Int32 | Scalar::Int64 => "integer",
        _ => return None,
    };
    Some(Parameter { name: field.json.clone(), place: Place::Query, of, description: field.description.clone() })
}
