//! Names and values, as either version of HTTP carries them.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Fields by name, in lower case; values of one name in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The lines of an HTTP/1 head or trailer section, without the empty one that ends it.
    pub(crate) fn of_lines<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let field = |line: &'a str| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("a line without a colon: {line:?}"));
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let mut fields: Vec<_> = lines.map(field).collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Self(fields)
    }

    pub(crate) fn of_map(map: &HeaderMap) -> Self {
        let field = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut fields: Vec<_> = map.iter().map(field).collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        Self(fields)
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }
}

impl PartialEq<[(&str, &str)]> for Fields {
    fn eq(&self, other: &[(&str, &str)]) -> bool {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).eq(other.iter().copied())
    }
}

/// Puts fields into what the `http` crate wants.
pub(crate) fn map_of(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a test's field name is a token");
            (name, HeaderValue::from_static(value))
        })
        .collect()
}
