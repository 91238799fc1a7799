use crate::wire::url::Values;

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
    pub(super) fn of(query: &Values) -> Self {
        let numbers_are_numbers = [&b"limit"[..], b"timeoutSeconds"].iter().all(|key| {
            query.get(key).is_none_or(|value| std::str::from_utf8(value).is_ok_and(|text| text.parse::<i64>().is_ok()))
        });
        let name = if numbers_are_numbers { exact_name(query) } else { None };
        Self { watch: query.get(b"watch").is_some_and(|value| is_true(value)), name }
    }
}

/// Go: `apimachinery/pkg/runtime/converter.go` `Convert_Slice_string_To_bool`.
fn is_true(value: &[u8]) -> bool {
    value != b"0" && !value.eq_ignore_ascii_case(b"false")
}

/// The value of `metadata.name` that the first field selector asks for, if a path could name it too.
fn exact_name(query: &Values) -> Option<String> {
    let selector = std::str::from_utf8(query.get(b"fieldSelector")?).ok()?;
    let mut found = None;
    for term in terms(selector) {
        let (field, value) = exact(&term)?;
        if field == "metadata.name" && found.is_none() {
            found = value;
        }
    }
    found.filter(|name: &String| !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%']))
}

/// The terms between commas; a comma behind a `\` belongs to its term. Go: `apimachinery/pkg/fields/selector.go` `splitTerms`.
fn terms(selector: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut escaped = false;
    for letter in selector.chars() {
        if letter == ',' && !escaped {
            terms.push(String::new());
            continue;
        }
        escaped = letter == '\\' && !escaped;
        if let Some(term) = terms.last_mut() {
            term.push(letter);
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}

/// The field of a term, and its value if the term asks for exactly that; none for a text that is no term.
fn exact(term: &str) -> Option<(&str, Option<String>)> {
    let at = term.find('=')?;
    if let Some(field) = term[..at].strip_suffix('!') {
        return Some((field, None));
    }
    let value = term[at + 1..].strip_prefix('=').unwrap_or(&term[at + 1..]);
    Some((&term[..at], Some(unescape(value)?)))
}

/// Go: `fields.UnescapeValue`.
fn unescape(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.push(letters.next().filter(|next| matches!(next, '\\' | ',' | '='))?),
            ',' | '=' => return None,
            other => out.push(other),
        }
    }
    Some(out)
}
