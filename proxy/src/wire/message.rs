//! The heads of requests and responses, the same for both versions of HTTP.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{
    headers::{Headers, Name},
    url::Url,
};

/// The version a message was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `HTTP/0.9`: backends alone may say so, and it is read as 1.0 is.
    Http09,
    /// `HTTP/1.0`.
    Http10,
    /// `HTTP/1.1`, and every 1.x above, as Go serves them.
    Http11,
    /// HTTP/2.
    Http2,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The bytes as they came; on HTTP/2 the value of `:path`.
    pub raw: Bytes,
    /// The same, parsed as Go parses it.
    pub url: Url,
}

/// The head of a request that came in.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method, its case kept.
    pub method: Method,
    /// What is asked for.
    pub target: Target,
    /// The version the client speaks.
    pub version: Version,
    /// The host that is asked: of the target where it names one, else the `Host` field (`:authority` on HTTP/2). May be empty.
    pub host: Bytes,
    /// The fields, without `Host`, `Content-Length`, `Transfer-Encoding` and `Trailer`.
    pub headers: Headers,
    /// The names that the `Trailer` field announced, in their order.
    pub announced: Announced,
}

/// The names of trailers that a message announces.
pub type Announced = Vec<Name>;

/// The head of a response.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// The status.
    pub status: StatusCode,
    /// The version the backend spoke; 1.1 for a response of our own.
    pub version: Version,
    /// The text behind the status. It is kept where an answer goes out as the backend wrote it; everywhere else Go writes its own.
    pub reason: Bytes,
    /// The bytes of a backend's 101, its empty line included, to be passed on unread. None of other heads, and of one with folded lines.
    pub raw: Option<Bytes>,
    /// The fields, without `Content-Length`, `Transfer-Encoding` and `Trailer`.
    pub headers: Headers,
    /// The length that the response declares: of the body, or on HEAD and 304 of the body that is not sent.
    pub content_length: Option<u64>,
    /// The names that the `Trailer` field announces, in their order.
    pub announced: Announced,
    /// That the connection is to end behind this response (`Connection: close` set by a handler of ours).
    pub close: bool,
}

impl ResponseHead {
    /// A response of our own.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            version: Version::Http11,
            reason: Bytes::new(),
            raw: None,
            headers: Headers::new(),
            content_length: None,
            announced: Announced::new(),
            close: false,
        }
    }
}
