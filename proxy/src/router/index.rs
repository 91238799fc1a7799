use http::StatusCode;

use crate::{
    meta::{Layout, encode_json},
    wire::{Answer, Body, Name, ResponseHead},
};

/// `/`: the paths that something answers, sorted.
///
/// Go: `apiserver/pkg/server/routes/index.go` `IndexLister`.
pub(super) fn answer(mut paths: Vec<String>) -> Answer {
    paths.sort_unstable();
    paths.dedup();
    let mut head = ResponseHead::new(StatusCode::OK);
    head.headers.append(Name::CONTENT_TYPE, "application/json");
    Answer::Reply(Box::new(head), Body::whole(encode_json(&serde_json::json!({ "paths": paths }), Layout::Pretty)))
}
