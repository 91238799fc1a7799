//! What go-restful says before a handler is asked: which routes there are below a root, and which forms they take and give.

use http::Method;

use super::{GroupResource, Status};
use crate::wire::{Name, RequestHead, headers::trim};

/// The media types that objects are given in. Go: `installer.go` `registerResourceHandlers`.
pub const OBJECTS: &[&str] = &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// The media types that lists are given in, which may be watches.
pub const LISTS: &[&str] = &[
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
];

/// The media types that patches come in.
pub const PATCHES: &[&str] = &[
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/apply-patch+cbor",
];

/// No route below the root has this path.
pub fn not_found(head: &RequestHead) -> Status {
    generic(404, &head.method, "404: Not Found")
}

/// The path is there, but not for this method. Without an `Allow` field, as Kubernetes answers.
pub fn method_not_allowed(head: &RequestHead) -> Status {
    generic(405, &head.method, "405: Method Not Allowed")
}

/// Whether the client takes one of these media types: the exact text, or `*/*`. Weights are not heeded.
///
/// # Errors
/// 406, or 415 where a body without a length was sent.
///
/// Go: `go-restful/v3/jsr311.go` `detectRoute`, `route.go` `matchesAccept`.
pub fn check_accept(head: &RequestHead, gives: &[&str]) -> Result<(), Status> {
    let accept = head.headers.get(&Name::ACCEPT).map(trim).unwrap_or_default();
    let takes = |item: &[u8]| {
        let item = without_parameters(item);
        item == b"*/*" || gives.iter().any(|given| given.as_bytes() == item)
    };
    if accept.is_empty() || accept.split(|byte| *byte == b',').any(takes) {
        return Ok(());
    }
    let text = format!("406: Not Acceptable\n\nAvailable representations: {}", gives.join(", "));
    Err(generic(406, &head.method, &text))
}

/// Whether a body comes in one of these media types.
///
/// # Errors
/// 415.
///
/// Go: `route.go` `matchesContentType`.
pub fn check_content_type(head: &RequestHead, takes: &[&str]) -> Result<(), Status> {
    let content_type = head.headers.get(&Name::CONTENT_TYPE).filter(|value| !value.is_empty());
    let content_type = content_type.unwrap_or(b"application/octet-stream");
    if content_type
        .split(|byte| *byte == b',')
        .any(|item| takes.iter().any(|taken| taken.as_bytes() == without_parameters(item)))
    {
        return Ok(());
    }
    Err(generic(415, &head.method, "415: Unsupported Media Type"))
}

/// Whether a path that serves GET alone, in every form that objects have, serves this request.
///
/// # Errors
/// 405, 415, 406.
pub fn check_get(head: &RequestHead) -> Result<(), Status> {
    if head.method != Method::GET {
        return Err(method_not_allowed(head));
    }
    if head.headers.get(&Name::CONTENT_TYPE).is_some_and(|value| !value.is_empty()) {
        check_content_type(head, OBJECTS)?;
    }
    check_accept(head, OBJECTS)
}

/// An item of a list, without its parameters.
fn without_parameters(item: &[u8]) -> &[u8] {
    trim(item.split(|byte| *byte == b';').next().unwrap_or_default())
}

/// Go: `apiserver/pkg/server/handler.go` `serviceErrorHandler`.
fn generic(code: u16, method: &Method, text: &str) -> Status {
    Status::generic(code, method, &GroupResource::default(), "", text)
}
