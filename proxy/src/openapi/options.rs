//! The parameters of operations: the fields of the option types that can stand in a query.

use super::{
    operation::{Parameter, Place},
    tables::{Field, Of, Tables},
};

/// What a list or a watch takes.
pub(super) fn list(tables: &Tables) -> Vec<Parameter> {
    of(tables, &["ListOptions"], &[])
}

/// What a creation takes.
pub(super) fn create(tables: &Tables) -> Vec<Parameter> {
    of(tables, &["CreateOptions"], &[])
}

/// What a replacement takes.
pub(super) fn update(tables: &Tables) -> Vec<Parameter> {
    of(tables, &["UpdateOptions"], &[])
}

/// What a patch takes. kubectl looks for `fieldValidation` here, and validates itself where there is none.
pub(super) fn patch(tables: &Tables) -> Vec<Parameter> {
    of(tables, &["PatchOptions"], &[])
}

/// What a deletion takes.
pub(super) fn delete(tables: &Tables) -> Vec<Parameter> {
    of(tables, &["DeleteOptions"], &[])
}

/// What the deletion of a collection takes: what to delete, and how.
pub(super) fn delete_collection(tables: &Tables) -> Vec<Parameter> {
    of(tables, &["DeleteOptions", "ListOptions"], &["watch", "allowWatchBookmarks"])
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
fn of(tables: &Tables, types: &[&str], without: &[&str]) -> Vec<Parameter> {
    let mut all: Vec<Parameter> = types
        .iter()
        .filter_map(|name| tables.types.get(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}")))
        .flat_map(|of| tables.fields(of))
        .filter(|field| {
            !without.contains(&field.name.as_str()) && !matches!(field.name.as_str(), "kind" | "apiVersion")
        })
        .filter_map(parameter)
        .collect();
    all.sort_by(|left, right| left.name.cmp(&right.name));
    all.dedup_by(|left, right| left.name == right.name);
    all
}

fn parameter(field: &Field) -> Option<Parameter> {
    let word = match &field.of {
        Of::Scalar(word) => word,
        // A list is a parameter that may be there more than once.
        Of::Array(item) => match &**item {
            Of::Scalar(word) => word,
            Of::Ref(_) | Of::Array(_) | Of::Map(_) => return None,
        },
        Of::Ref(_) | Of::Map(_) => return None,
    };
    let of = match word.as_str() {
        "string" => "string",
        "bool" => "boolean",
        "int32" | "int64" => "integer",
        _ => return None,
    };
    Some(Parameter { name: field.name.clone(), place: Place::Query, of, description: field.description.clone() })
}
