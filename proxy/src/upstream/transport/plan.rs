use std::borrow::Cow;

use bytes::Bytes;
use http::Method;

use super::{Compression, Reuse, TransportConfig, check};
use crate::{
    upstream::{Alpn, Origin, OutHead, SendCause},
    wire::{Name, punycode::lookup_name},
};

/// What is decided of a request before there is a connection for it.
pub(super) struct Plan<'a> {
    /// Who is asked: the origin, or the proxy that stands between us and it.
    pub(super) to: Cow<'a, Origin>,
    pub(super) extra: Vec<(Name, Bytes)>,
    pub(super) gzip_was_ours: bool,
}

impl<'a> Plan<'a> {
    /// Checks a request and addresses it to whoever is asked.
    ///
    /// # Errors
    /// The request cannot be sent to anybody, or not through its proxy.
    pub(super) fn of(to: &'a Origin, head: &mut OutHead, config: &TransportConfig) -> Result<Self, SendCause> {
        check::request(to, head)?;
        let to = known_as(to);
        let relay = config.egress.relay(&to)?;
        let gzip_was_ours = config.compression == Compression::Ask && wants_no_encoding(head);
        let mut extra = extra_fields(gzip_was_ours, config.reuse == Reuse::Once && asks_only_once(head));
        let to = match relay {
            Some(proxy) => {
                proxy.address_to(head, &to);
                extra.extend(proxy.authorization().map(|value| (Name::PROXY_AUTHORIZATION, value)));
                Cow::Owned(proxy.origin())
            }
            // An upgrade is a thing of HTTP/1, and this is the one that Go knows.
            None if matches!(to.alpn, Alpn::Http1 | Alpn::Both) && asks_for_websocket(head) => {
                Cow::Owned(Origin { alpn: Alpn::Http1ForWebSocket, ..to.into_owned() })
            }
            None => to,
        };
        Ok(Self { to, extra, gzip_was_ours })
    }
}

/// An origin under the name that is looked up.
fn known_as(origin: &Origin) -> Cow<'_, Origin> {
    match lookup_name(&origin.host) {
        Cow::Borrowed(_) => Cow::Borrowed(origin),
        Cow::Owned(host) => Cow::Owned(Origin { host, ..origin.clone() }),
    }
}

/// Whether gzip may be asked for: only by whom nothing else was asked for, and not for a part of a body, nor where there is none.
///
/// Go: `net/http/transport.go` `persistConn.roundTrip`.
fn wants_no_encoding(head: &OutHead) -> bool {
    let is_empty = |name| head.headers.get(&name).is_none_or(<[u8]>::is_empty);
    head.method != Method::HEAD && is_empty(Name::ACCEPT_ENCODING) && is_empty(Name::RANGE)
}

/// Go: `net/http/request.go` `Request.requiresHTTP1`.
fn asks_for_websocket(head: &OutHead) -> bool {
    head.headers.upgrade().is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// Whether the backend is to be told that no further request will follow.
fn asks_only_once(head: &OutHead) -> bool {
    !head.close && head.headers.upgrade().is_none()
}

/// What the transport itself adds, behind all other fields, sorted as Go sorts them.
fn extra_fields(gzip: bool, close: bool) -> Vec<(Name, Bytes)> {
    let mut extra = Vec::new();
    if gzip {
        extra.push((Name::ACCEPT_ENCODING, Bytes::from_static(b"gzip")));
    }
    if close {
        extra.push((Name::CONNECTION, Bytes::from_static(b"close")));
    }
    extra
}
