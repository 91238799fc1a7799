use crate::meta::{FieldSelector, Query};

/// What the query of a list says, as far as it changes what the request is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListAsked {
    /// Events instead of a list.
    pub(super) watch: bool,
    /// The one object that a field selector narrows the list to.
    pub(super) name: Option<String>,
}

impl ListAsked {
    /// Reads a query; one that cannot be read as a whole is read for `watch` alone.
    ///
    /// Go: `requestinfo.go` `NewRequestInfo`, `metainternalversionscheme.ParameterCodec`.
    pub(super) fn of(query: &Query) -> Self {
        let numbers_are_numbers = ["limit", "timeoutSeconds"].iter().all(|name| query.int(name).is_ok());
        let name = if numbers_are_numbers { exact_name(query) } else { None };
        Self { watch: query.bool("watch").unwrap_or_default(), name }
    }
}

/// The value of `metadata.name` that the field selector asks for, if a path could name it too.
fn exact_name(query: &Query) -> Option<String> {
    let selector = FieldSelector::parse(&query.text("fieldSelector")).ok()?;
    let name = selector.exact("metadata.name")?;
    let fits_a_path = !matches!(name, "" | "." | "..") && !name.contains(['/', '%']);
    fits_a_path.then(|| name.to_owned())
}
