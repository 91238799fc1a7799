//! Failures that have a code and no name: what is said of a request that no handler took.

use std::fmt::Write;

use http::Method;

use super::{Details, Status};
use crate::{meta::GroupResource, wire::token::go_quote};

impl Status {
    /// What Go says of a code alone. `text` is shown where the code lets the server speak: 403, 406, 415, and from 500 on.
    ///
    /// Go: `k8s.io/apimachinery/pkg/api/errors/errors.go` `NewGenericServerResponse`.
    pub fn generic(code: u16, method: &Method, resource: &GroupResource, name: &str, text: &str) -> Self {
        let (reason, sentence) = words(code, method, text);
        let mut message = match sentence {
            Sentence::Own(text) => text.to_owned(),
            Sentence::Unknown => {
                format!("the server responded with the status code {code} but did not return more information")
            }
            Sentence::Failed => {
                format!(
                    "an error on the server ({}) has prevented the request from succeeding",
                    go_quote(text.as_bytes())
                )
            }
        };
        if !resource.is_empty() {
            let verb = method.as_str().to_ascii_lowercase();
            let name = if name.is_empty() { String::new() } else { format!(" {name}") };
            // Writing to a String does not fail.
            let _ = write!(message, " ({verb} {resource}{name})");
        }
        Self { details: Some(Box::new(Details::of(resource, name))), ..Self::failure(code, reason, message) }
    }
}

enum Sentence<'a> {
    Own(&'a str),
    Unknown,
    Failed,
}

fn words<'a>(code: u16, method: &Method, text: &'a str) -> (&'static str, Sentence<'a>) {
    let (reason, own) = match code {
        400 => ("BadRequest", "the server rejected our request for an unknown reason"),
        401 => ("Unauthorized", "the server has asked for the client to provide credentials"),
        403 => ("Forbidden", text),
        404 => ("NotFound", "the server could not find the requested resource"),
        405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
        406 if text.is_empty() || text == "unknown" => {
            ("NotAcceptable", "the server was unable to respond with a content type that the client supports")
        }
        406 => ("NotAcceptable", text),
        409 if *method == Method::POST => ("AlreadyExists", "the server reported a conflict"),
        409 => ("Conflict", "the server reported a conflict"),
        415 => ("UnsupportedMediaType", text),
        422 => ("Invalid", "the server rejected our request due to an error in our request"),
        429 => ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted, but may still be processing the request",
        ),
        500.. => return ("InternalError", Sentence::Failed),
        _ => return ("", Sentence::Unknown),
    };
    (reason, Sentence::Own(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resource_and_the_verb_are_named_where_they_are_known() {
        let resource = GroupResource::new("g", "widgets");
        let status = Status::generic(404, &Method::GET, &resource, "a", "");
        assert_eq!(status.message, "the server could not find the requested resource (get widgets.g a)");
        let status = Status::generic(502, &Method::GET, &GroupResource::default(), "", "a \"b\"");
        assert_eq!(status.message, r#"an error on the server ("a \"b\"") has prevented the request from succeeding"#);
        assert_eq!(status.details, Some(Box::default()));
        let status = Status::generic(418, &Method::GET, &GroupResource::default(), "", "");
        assert_eq!((status.reason, status.code), ("", 418));
    }
}
