//! Answers, as an API server gives them.

use http::{Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::body::Bytes;
use serde_json::{Value, json};

pub(crate) type Reply = Response<Full<Bytes>>;

/// A document.
pub(crate) fn json(value: &Value) -> Reply {
    with(StatusCode::OK, "application/json", value)
}

/// A document, with a status or a media type of its own.
pub(crate) fn with(status: StatusCode, media_type: &'static str, value: &Value) -> Reply {
    let mut reply = Response::new(Full::from(format!("{value}\n")));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(media_type));
    reply
}

/// Plain text.
pub(crate) fn text(text: &'static str) -> Reply {
    Response::new(Full::from(text))
}

/// Why a request was not served.
pub(crate) fn status(code: StatusCode, reason: &str, message: &str) -> Reply {
    with(
        code,
        "application/json",
        &json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code.as_u16(),
        }),
    )
}
