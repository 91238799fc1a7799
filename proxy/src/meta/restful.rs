//! What go-restful refuses before a handler is asked: methods and media types that no route of a path has.

use http::Method;

use super::{GroupResource, Media, Status};
use crate::wire::{Name, RequestHead, headers::trim};

/// Whether a path that serves only GET, in every form that objects have, serves this request.
///
/// # Errors
/// 405, 415 and 406, in this order.
///
/// Go: `github.com/emicklei/go-restful/v3` `jsr311.go` `detectRoute`.
pub fn check_get(head: &RequestHead) -> Result<(), Status> {
    let refuse = |code, text: &str| Err(Status::generic(code, &head.method, &GroupResource::default(), "", text));
    if head.method != Method::GET {
        return refuse(405, "405: Method Not Allowed");
    }
    if !names_one(head, &Name::CONTENT_TYPE, |name| Media::from_content_type(name).is_some()) {
        return refuse(415, "415: Unsupported Media Type");
    }
    if !names_one(head, &Name::ACCEPT, |name| name == b"*/*" || Media::from_content_type(name).is_some()) {
        let offered: Vec<&str> = Media::ALL.iter().map(|media| media.content_type()).collect();
        return refuse(406, &format!("406: Not Acceptable\n\nAvailable representations: {}", offered.join(", ")));
    }
    Ok(())
}

/// Whether a list of media types has one that is known, parameters aside; the list may be absent. No wildcards but what `known` says.
fn names_one(head: &RequestHead, header: &Name, known: impl Fn(&[u8]) -> bool) -> bool {
    let list = head.headers.get(header).unwrap_or_default();
    let bare = |item: &[u8]| item.split(|byte| *byte == b';').next().is_some_and(|name| known(trim(name)));
    list.is_empty() || list.split(|byte| *byte == b',').any(bare)
}
