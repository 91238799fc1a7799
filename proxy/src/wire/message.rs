//! The heads of requests and responses, the same for both versions of HTTP.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::{
    headers::{Headers, Name, NameSet},
    trailers::Announced,
    url::Url,
};

/// The version a message was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `HTTP/0.9`: backends alone may say so, and it is read as 1.0 is.
    Http09,
    /// `HTTP/1.0`.
    Http10,
    /// `HTTP/1.1`.
    Http11,
    /// `HTTP/1.2` to `HTTP/1.9`, by the minor version: served as 1.1 is, and handlers are told.
    Http1x(u8),
    /// HTTP/2; also the preface of HTTP/2 as a request of HTTP/1, which Go lets a handler see.
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
    /// How many of these names each `Trailer` line holds; all stand in one line where nothing is said.
    pub trailer_lines: Vec<usize>,
    /// Fields that no server adds: `Date`, a `Content-Type` found by looking, a `Content-Length` that was counted. Go: a name that is there
    /// with nil.
    pub withheld: NameSet,
    /// That the connection is to end behind this response: `Connection: close` set by a handler of ours, or said by a backend.
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
            trailer_lines: Vec::new(),
            withheld: NameSet::default(),
            close: false,
        }
    }

    /// Whether its status lets it have a body.
    pub fn may_have_body(&self) -> bool {
        may_have_body(self.status)
    }

    /// Whether the server is to look for the type in the first bytes of the body: nobody has said it, and they are not encoded.
    pub fn lacks_type(&self) -> bool {
        let is_encoded = self.headers.get(&Name::CONTENT_ENCODING).is_some_and(|encoding| !encoding.is_empty());
        !is_encoded && self.lacks(&Name::CONTENT_TYPE)
    }

    /// Whether the server is to add a field of this name: there is none, and none is withheld.
    pub fn lacks(&self, name: &Name) -> bool {
        !self.headers.contains(name) && !self.withheld.contains(name)
    }

    /// The names that each `Trailer` line announces.
    pub fn announced_lines(&self) -> impl Iterator<Item = &[Name]> {
        let mut left = &self.announced[..];
        let said = self.trailer_lines.iter().copied().chain([usize::MAX]);
        said.filter_map(move |names| left.split_off(..names.min(left.len()))).filter(|line| !line.is_empty())
    }
}

/// Whether a response with this status may have a body. Go: `net/http/transfer.go` `bodyAllowedForStatus`.
pub fn may_have_body(status: StatusCode) -> bool {
    !matches!(status.as_u16(), 100..=199 | 204 | 304)
}
