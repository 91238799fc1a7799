//! What is said when something failed, or when something was done and there is nothing else to say.

mod failures;
mod generic;

use std::fmt;

use serde_json::{Map, Value, json};

/// `meta/v1` Status. `Display` is its message. Go: `apimachinery/pkg/apis/meta/v1/types.go` `Status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it tells of a success.
    pub outcome: Outcome,
    /// The status code of the response; 0 leaves the field out, and the response is a 200.
    pub code: u16,
    /// One word for machines; empty leaves the field out.
    pub reason: &'static str,
    /// A sentence for people; empty leaves the field out.
    pub message: String,
    /// What it is about.
    pub details: Option<Box<Details>>,
    /// `metadata.continue`: a token with which an expired list goes on; empty leaves the field out.
    pub continue_token: String,
}

/// Whether a Status tells of a success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// `Failure`.
    #[default]
    Failure,
    /// `Success`.
    Success,
}

/// What a Status is about. Empty fields are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The name of the object.
    pub name: String,
    /// Its group.
    pub group: String,
    /// Its resource, or its kind where the object itself is wrong.
    pub kind: String,
    /// Its uid.
    pub uid: String,
    /// What is wrong in particular.
    pub causes: Vec<Cause>,
    /// After how many seconds to ask again; 0 is not said.
    pub retry_after_seconds: u32,
}

/// One thing that is wrong. Empty fields are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// One word for machines.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
    /// The field that is wrong.
    pub field: String,
}

impl Status {
    /// After how many seconds to ask again, if that is said: the `Retry-After` header.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.details.as_ref().map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0)
    }

    /// The object, its fields in Go's order.
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("kind".into(), "Status".into());
        out.insert("apiVersion".into(), "v1".into());
        let mut metadata = Map::new();
        put_text(&mut metadata, "continue", &self.continue_token);
        out.insert("metadata".into(), metadata.into());
        out.insert("status".into(), self.outcome.word().into());
        put_text(&mut out, "message", &self.message);
        put_text(&mut out, "reason", self.reason);
        if let Some(details) = &self.details {
            out.insert("details".into(), details.to_value());
        }
        if self.code != 0 {
            out.insert("code".into(), self.code.into());
        }
        out.into()
    }
}

impl Outcome {
    /// The word in a Status.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failure => "Failure",
            Self::Success => "Success",
        }
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        put_text(&mut out, "name", &self.name);
        put_text(&mut out, "group", &self.group);
        put_text(&mut out, "kind", &self.kind);
        put_text(&mut out, "uid", &self.uid);
        if !self.causes.is_empty() {
            out.insert("causes".into(), self.causes.iter().map(Cause::to_value).collect());
        }
        if self.retry_after_seconds != 0 {
            out.insert("retryAfterSeconds".into(), json!(self.retry_after_seconds));
        }
        out.into()
    }
}

impl Cause {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        put_text(&mut out, "reason", self.reason);
        put_text(&mut out, "message", &self.message);
        put_text(&mut out, "field", &self.field);
        out.into()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

fn put_text(out: &mut Map<String, Value>, field: &str, text: &str) {
    if !text.is_empty() {
        out.insert(field.to_owned(), text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::{FieldError, GroupKind, GroupResource, Layout, encode_json};

    fn text(status: &Status) -> String {
        String::from_utf8(encode_json(&status.to_value(), Layout::Bare).to_vec()).unwrap()
    }

    #[test]
    fn fields_stand_in_gos_order() {
        let resource = GroupResource::new("apiregistration.k8s.io", "apiservices");
        assert_eq!(
            text(&Status::not_found(&resource, "v1.x")),
            concat!(
                r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
                r#""message":"apiservices.apiregistration.k8s.io \"v1.x\" not found","reason":"NotFound","#,
                r#""details":{"name":"v1.x","group":"apiregistration.k8s.io","kind":"apiservices"},"code":404}"#
            )
        );
    }

    #[test]
    fn a_sentence_that_is_said_twice_is_shown_once() {
        let wrong =
            [FieldError::required("spec.a", ""), FieldError::required("spec.a", ""), FieldError::forbidden("b", "no")];
        let status = Status::invalid(&GroupKind::new("", "Service"), "x", &wrong);
        assert_eq!(status.message, r#"Service "x" is invalid: [spec.a: Required value, b: Forbidden: no]"#);
        assert_eq!(status.details.unwrap().causes.len(), 3);
        let status = Status::invalid(&GroupKind::new("", "Service"), "x", &wrong[..2]);
        assert_eq!(status.message, r#"Service "x" is invalid: spec.a: Required value"#);
    }

    #[test]
    fn details_that_say_nothing_are_written_and_details_that_are_not_there_are_not() {
        assert!(text(&Status::timeout("x", 0)).contains(r#""details":{},"#));
        assert!(!text(&Status::bad_request("x")).contains("details"));
    }
}
