use http::Method;

use super::{Delivered, Outgoing, SendCause, pool::Reused};
use crate::wire::{Length, Name};

/// An attempt on one connection that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) cause: SendCause,
    pub(super) delivered: Delivered,
    /// The request, if it may be sent again on a new connection.
    pub(super) again: Option<Box<Again>>,
}

/// A request that may be sent again although it was tried once: the only way back from a failed attempt to a request.
///
/// Go: `net/http/transport.go` `persistConn.shouldRetryRequest`.
#[derive(Debug)]
pub(super) struct Again {
    request: Outgoing,
    behind: Behind,
}

/// Behind which connections a request may be sent again.
#[derive(Clone, Copy, Debug)]
enum Behind {
    /// Those that had been used before, and may have died of their age.
    Reused,
    /// All: the backend itself, or the connection, said that the request was not begun.
    Any,
}

impl Again {
    /// A request of which not one byte was written, and that has no body.
    ///
    /// Go sends one with a body again only if it can get the body again, which a proxy cannot.
    pub(super) fn unsent(request: Outgoing) -> Option<Box<Self>> {
        (request.body.length() == Length::Empty).then(|| Self::behind(Behind::Reused, request))
    }

    /// A request that was sent, and may be served twice: without a body, and safe by its method or by its client's word.
    ///
    /// Go: `net/http/request.go` `Request.isReplayable`.
    pub(super) fn replay(request: Outgoing) -> Option<Box<Self>> {
        Self::may_be_served_twice(&request).then(|| Self::behind(Behind::Reused, request))
    }

    /// A request on HTTP/2 that was not begun: its connection took no further stream, or the backend has refused it or declared it unseen.
    /// It must still have its body.
    ///
    /// Go: `net/http/h2_bundle.go` `canRetryError`.
    pub(super) fn not_begun(request: Outgoing) -> Box<Self> {
        Self::behind(Behind::Any, request)
    }

    /// A request on HTTP/2 that a backend reset with PROTOCOL_ERROR, and that may be served twice. Go asks only that it has no body.
    ///
    /// Go: `net/http/h2_bundle.go` `canRetryError`, `shouldRetryRequest`.
    pub(super) fn after_protocol_error(request: Outgoing) -> Option<Box<Self>> {
        Self::may_be_served_twice(&request).then(|| Self::behind(Behind::Any, request))
    }

    /// Boxed: attempts hardly ever fail, and each has room for this.
    fn behind(behind: Behind, request: Outgoing) -> Box<Self> {
        Box::new(Self { request, behind })
    }

    fn may_be_served_twice(request: &Outgoing) -> bool {
        let head = &request.head;
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&head.method);
        let has_key = head.headers.contains(&Name::IDEMPOTENCY_KEY) || head.headers.contains(&Name::X_IDEMPOTENCY_KEY);
        request.body.length() == Length::Empty && (is_safe || has_key)
    }

    /// The request, to be sent again; none behind a new connection if it would have to be an old one.
    pub(super) fn into_request(self, reused: Option<Reused>) -> Option<Outgoing> {
        match (self.behind, reused) {
            (Behind::Reused, None) => None,
            (Behind::Any, _) | (Behind::Reused, Some(_)) => Some(self.request),
        }
    }
}
