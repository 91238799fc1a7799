//! What is wrong with a field of an object, in Go's words.

use std::fmt;

use serde_json::Value;

use super::json::{Layout, encode_json};
use crate::wire::token::go_quote;

/// What is wrong with a field. `Display` is Go's whole sentence, `spec.group: Required value: ...`.
///
/// Go: `k8s.io/apimachinery/pkg/util/validation/field/errors.go` `Error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The kind of fault.
    pub fault: Fault,
    /// The path: `spec.ports[0].name`.
    pub field: String,
    /// The value that was found, written as Go writes it; not every fault shows it.
    pub value: Option<String>,
    /// What was expected; may be empty.
    pub detail: String,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A value that must be there is not.
    Required,
    /// A value that may not be there twice is.
    Duplicate,
    /// The value has the wrong form.
    Invalid,
    /// The value is none of a list.
    NotSupported,
    /// The value may not be there.
    Forbidden,
    /// The value is too long.
    TooLong,
    /// The list has too many items.
    TooMany,
}

impl Fault {
    /// The word in a cause. Go: `ErrorType`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
        }
    }

    /// The words in a sentence. Go: `ErrorType.String`.
    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }
}

impl FieldError {
    /// A value that must be there is not.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { fault: Fault::Required, field: field.into(), value: None, detail: detail.into() }
    }

    /// The value has the wrong form.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: impl Into<String>) -> Self {
        Self { fault: Fault::Invalid, field: field.into(), value: Some(shown(value)), detail: detail.into() }
    }

    /// A value that may not be there twice is.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self { fault: Fault::Duplicate, field: field.into(), value: Some(shown(value)), detail: String::new() }
    }

    /// The value is none of `supported`, which is shown in the order given: Go sorts where it keeps a set.
    pub fn not_supported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|one| go_quote(one.as_bytes()).to_string()).collect();
        let detail = if quoted.is_empty() { String::new() } else { format!("supported values: {}", quoted.join(", ")) };
        Self { fault: Fault::NotSupported, field: field.into(), value: Some(shown(value)), detail }
    }

    /// The value may not be there.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { fault: Fault::Forbidden, field: field.into(), value: None, detail: detail.into() }
    }

    /// The value is longer than `bytes_max`.
    pub fn too_long(field: impl Into<String>, bytes_max: usize) -> Self {
        let detail = format!("may not be more than {bytes_max} bytes");
        Self { fault: Fault::TooLong, field: field.into(), value: None, detail }
    }

    /// The list has `found` items.
    pub fn too_many(field: impl Into<String>, found: usize, items_max: usize) -> Self {
        let unit = if items_max == 1 { "item" } else { "items" };
        let detail = format!("must have at most {items_max} {unit}");
        Self { fault: Fault::TooMany, field: field.into(), value: Some(found.to_string()), detail }
    }

    /// The sentence without the field. Go: `ErrorBody`.
    pub fn body(&self) -> String {
        let mut body = self.fault.words().to_owned();
        for more in self.value.as_deref().into_iter().chain((!self.detail.is_empty()).then_some(&*self.detail)) {
            body.push_str(": ");
            body.push_str(more);
        }
        body
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// A value as Go shows it: text quoted by `%q`, everything else as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text.as_bytes()).to_string(),
        other => String::from_utf8_lossy(encode_json(other, Layout::Bare).as_ref()).into_owned(),
    }
}
