//! What may be done at which path: the same for both versions of OpenAPI.

use std::collections::BTreeSet;

/// A path and what may be done there.
pub(super) struct PathItem {
    /// The path, with `{name}` and `{namespace}`.
    pub(super) path: String,
    /// The parameters that all its operations have.
    pub(super) parameters: Vec<Parameter>,
    /// What may be done.
    pub(super) operations: Vec<Operation>,
}

impl PathItem {
    /// A path with the parameters in it, and those that all its operations have alike; the operations keep the rest.
    ///
    /// Go: `kube-openapi/pkg/builder3/openapi.go` `buildPaths`.
    pub(super) fn new(path: String, mut parameters: Vec<Parameter>, mut operations: Vec<Operation>) -> Self {
        if let Some((first, others)) = operations.split_first() {
            let everywhere = |parameter: &&Parameter| others.iter().all(|other| other.parameters.contains(parameter));
            parameters.extend(first.parameters.iter().filter(everywhere).cloned());
        }
        for operation in &mut operations {
            operation.parameters.retain(|parameter| !parameters.contains(parameter));
        }
        parameters.sort_by(|left, right| left.name.cmp(&right.name));
        Self { path, parameters, operations }
    }
}

/// Something that may be done at a path.
pub(super) struct Operation {
    /// The method, in lower case.
    pub(super) method: &'static str,
    /// Its name, alone in the whole document.
    pub(super) id: String,
    /// A sentence about it.
    pub(super) description: String,
    /// Its group and version, in one word.
    pub(super) tag: String,
    /// What it does, in the word that `x-kubernetes-action` has.
    pub(super) action: Option<&'static str>,
    /// Group, version and kind of what it is done to.
    pub(super) kind: Option<[String; 3]>,
    /// Its own parameters.
    pub(super) parameters: Vec<Parameter>,
    /// What it takes.
    pub(super) body: Option<RequestBody>,
    /// The statuses of its answers.
    pub(super) statuses: &'static [u16],
    /// The type of its answers.
    pub(super) answer: String,
    /// The media types of its answers.
    pub(super) media: &'static [&'static str],
}

/// What an operation takes.
pub(super) struct RequestBody {
    /// Its type.
    pub(super) of: String,
    /// Whether it must be there.
    pub(super) required: bool,
    /// Its media types.
    pub(super) media: &'static [&'static str],
}

/// A parameter of the query or of the path.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) place: Place,
    /// `string`, `integer` or `boolean`.
    pub(super) of: &'static str,
    pub(super) description: String,
}

/// Where a parameter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the query; it may be left out.
    Query,
    /// In the path.
    Path,
}

impl Place {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Path => "path",
        }
    }
}

/// The types that operations take and answer with.
pub(super) fn types_of(items: &[PathItem]) -> BTreeSet<String> {
    let operations = || items.iter().flat_map(|item| &item.operations);
    let taken = operations().filter_map(|operation| operation.body.as_ref()).map(|body| &body.of);
    operations().map(|operation| &operation.answer).chain(taken).cloned().collect()
}

/// What stands behind a status.
pub(super) fn meaning(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        _ => "Unauthorized",
    }
}
