use bytes::Bytes;
use http::Method;

use super::StrippedHeaders;
use crate::wire::{Body, message::Version, trailers::Announced};

/// A request on its way to a backend. It cannot be cloned: whoever sends it gives it away, and gets it back only if none of it was
/// delivered.
#[derive(Debug)]
pub struct Outgoing {
    /// Its head; boxed, because it is large and is handed on often.
    pub head: Box<OutHead>,
    /// Its body; the body's length alone decides how the request is framed.
    pub body: Body,
}

impl Outgoing {
    /// Takes the body out and leaves an empty one.
    pub(super) fn take_body(&mut self) -> Body {
        std::mem::replace(&mut self.body, Body::empty())
    }
}

/// The head of a request on its way to a backend.
#[derive(Debug)]
pub struct OutHead {
    /// The method, its case kept.
    pub method: Method,
    /// The target, as it is written in the request line.
    pub target: Bytes,
    /// The `Host` field (`:authority` on HTTP/2).
    pub host: Bytes,
    /// The fields.
    pub headers: StrippedHeaders,
    /// The names of trailers that are announced. Their values are never sent, as Go never sends them.
    pub announced: Announced,
    /// The version that the client speaks: one of HTTP/1.0 cannot be told to wait with its body, so nobody waits for a 100 of the backend.
    pub client: Version,
    /// That the backend is to close the connection behind its answer.
    pub close: bool,
}
