use http::Method;

use super::{Delivered, Outgoing, SendCause, pool::Reused};
use crate::wire::{Length, Name};

/// An attempt on one connection that failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) cause: SendCause,
    pub(super) delivered: Delivered,
    /// The request, if it may be sent again on a new connection.
    pub(super) again: Option<Again>,
}

/// A request that may be sent again although it was tried once: the only way back from a failed attempt to a request.
///
/// Go: `net/http/transport.go` `persistConn.shouldRetryRequest`.
#[derive(Debug)]
pub(super) struct Again(Outgoing);

impl Again {
    /// A request of which not one byte was written, and that has no body.
    ///
    /// Go sends one with a body again only if it can get the body again, which a proxy cannot.
    pub(super) fn unsent(request: Outgoing) -> Option<Self> {
        (request.body.length() == Length::Empty).then_some(Self(request))
    }

    /// A request that was sent, and may be served twice: without a body, and safe by its method or by its client's word.
    ///
    /// Go: `net/http/request.go` `Request.isReplayable`.
    pub(super) fn replay(request: Outgoing) -> Option<Self> {
        let head = &request.head;
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&head.method);
        let has_key = head.headers.contains(&Name::IDEMPOTENCY_KEY) || head.headers.contains(&Name::X_IDEMPOTENCY_KEY);
        (request.body.length() == Length::Empty && (is_safe || has_key)).then_some(Self(request))
    }

    /// The request, to be sent again: only behind a connection that had been used before.
    pub(super) fn into_request(self, _behind: Reused) -> Outgoing {
        self.0
    }
}
