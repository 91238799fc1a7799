//! Which objects a request selects: by labels, and by fields.

mod labels;

use self::labels::Requirement;
use super::{kinds::Kind, strategy};
use crate::meta::{Object, Status};

/// What `labelSelector` and `fieldSelector` say.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldTerm>,
}

/// `field=value` or `field!=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldTerm {
    field: String,
    value: String,
    equals: Equals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Equals {
    Yes,
    No,
}

impl Selector {
    /// Reads both selectors of a request.
    ///
    /// # Errors
    /// 400: one of them cannot be read, or names a field that cannot be selected by.
    pub fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = labels::parse(labels)
            .map_err(|fault| Status::bad_request(format!("unable to parse requirement: {fault}")))?;
        let fields = parse_fields(fields).map_err(Status::bad_request)?;
        let strategy = strategy::of(kind);
        for term in &fields {
            let known = matches!(&*term.field, "metadata.name" | "metadata.namespace")
                || strategy.selectable_fields().contains(&&*term.field);
            if !known {
                return Err(Status::bad_request(strategy.unknown_selectable_field(&term.field)));
            }
        }
        Ok(Self { labels, fields })
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// The only name that can be selected, if the selector asks for one.
    pub fn name(&self) -> Option<&str> {
        self.fields
            .iter()
            .find(|term| term.field == "metadata.name" && term.equals == Equals::Yes)
            .map(|term| &*term.value)
    }

    /// Also asks for a name.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.fields.push(FieldTerm { field: "metadata.name".into(), value: name.to_owned(), equals: Equals::Yes });
        self
    }

    /// Whether it selects an object.
    pub fn selects(&self, object: &Object) -> bool {
        let by_fields = self.fields.iter().all(|term| {
            let path: Vec<&str> = term.field.split('.').collect();
            (object.text(&path) == term.value) == (term.equals == Equals::Yes)
        });
        by_fields && self.labels.iter().all(|requirement| requirement.holds(object))
    }
}

/// Go: `apimachinery/pkg/fields/selector.go` `parseSelector`.
fn parse_fields(text: &str) -> Result<Vec<FieldTerm>, String> {
    let mut terms = Vec::new();
    for term in split_terms(text).into_iter().filter(|term| !term.is_empty()) {
        let (field, value, equals) = if let Some((field, value)) = term.split_once("!=") {
            (field, value, Equals::No)
        } else if let Some((field, value)) = term.split_once("==") {
            (field, value, Equals::Yes)
        } else if let Some((field, value)) = term.split_once('=') {
            (field, value, Equals::Yes)
        } else {
            return Err(format!("invalid selector: '{text}'; can't understand '{term}'"));
        };
        let value =
            unescape(value).ok_or_else(|| format!("invalid field selector: invalid escape sequence in {value}"))?;
        terms.push(FieldTerm { field: field.to_owned(), value, equals });
    }
    Ok(terms)
}

/// At commas that no backslash stands before.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                terms.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[from..]);
    terms
}

/// `\\`, `\,` and `\=` stand for what is behind the backslash; nothing else may be escaped.
fn unescape(value: &str) -> Option<String> {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.push(characters.next().filter(|escaped| matches!(escaped, '\\' | ',' | '='))?),
            ',' | '=' => return None,
            other => out.push(other),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rest::kinds::Kinds;

    fn selects(labels: &str, fields: &str) -> Result<bool, String> {
        let kind = Kinds::get().by_resource("", "v1", "services").unwrap();
        let object = Object::from_value(json!({
            "metadata": {"name": "a", "namespace": "b", "labels": {"app": "x", "tier": "2"}}, "spec": {"type": "ClusterIP"}
        }));
        let selector = Selector::parse(kind, labels, fields).map_err(|status| status.message)?;
        Ok(selector.selects(&object.unwrap()))
    }

    #[test]
    fn labels_select_as_go_selects() {
        for (text, expected) in [
            ("", true),
            ("app=x", true),
            ("app==x", true),
            ("app!=x", false),
            ("other!=x", true),
            ("app in (x, y)", true),
            ("app notin (x,y)", false),
            ("other notin (x)", true),
            ("app", true),
            ("!app", false),
            ("!other,app=x", true),
            ("tier>1", true),
            ("tier<2", false),
            ("app=", false),
            (" app = x , tier in (2) ", true),
        ] {
            assert_eq!(selects(text, ""), Ok(expected), "{text}");
        }
    }

    #[test]
    fn selectors_that_cannot_be_read_are_refused() {
        for text in ["app in x", "a=b=c", ",", "app in (x", "=x", "app>x", "a b"] {
            assert!(selects(text, "").is_err(), "{text}");
        }
    }

    #[test]
    fn fields_select_by_what_the_kind_allows() {
        assert_eq!(selects("", "metadata.name=a,metadata.namespace!=c,spec.type==ClusterIP"), Ok(true));
        assert_eq!(selects("", "metadata.name!=a"), Ok(false));
        assert_eq!(selects("", "spec.x=1"), Err("field label not supported: spec.x".to_owned()));
        assert_eq!(selects("", "x"), Err("invalid selector: 'x'; can't understand 'x'".to_owned()));
    }
}
