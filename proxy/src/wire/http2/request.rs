use bytes::Bytes;
use http::Method;

use super::{
    block::Block,
    fields::{self, joined},
};
use crate::wire::{
    body::{Length, parse_length},
    headers::{Headers, Name},
    host::is_one_host,
    message::{RequestHead, Target, Version},
    token::tokens,
    trailers::each_once,
    url::Url,
};

/// A request as its HEADERS tell it.
#[derive(Debug)]
pub struct Request {
    /// Its head, with no `Host`, `Content-Length`, `Trailer`, and no `Expect: 100-continue`.
    pub head: RequestHead,
    /// How the end of its body will be known.
    pub length: Length,
    /// What it says of its body, if HEADERS did not end the stream: Go counts a length that it cannot read as 0.
    pub declared_length: Option<u64>,
    /// HEADERS ended the stream.
    pub is_whole: bool,
    /// What a CONNECT wants to speak through its tunnel (RFC 8441).
    pub protocol: Option<Bytes>,
    /// The client sends the body only after a 100.
    pub waits_for_continue: bool,
}

/// Why HEADERS are no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    /// The stream is reset with PROTOCOL_ERROR.
    #[error("malformed HTTP/2 request: {0}")]
    Malformed(&'static str),
    /// The client gets a 400 with this text.
    #[error("{0}")]
    Field(BadField, Method),
}

/// A field that no HTTP/2 request may have, in Go's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadField {
    /// A field that belongs to one connection of HTTP/1.
    #[error("request header \"{0}\" is not valid in HTTP/2")]
    OfConnection(&'static str),
    /// `te` with anything but `trailers`, or twice.
    #[error("request header \"TE\" may only be \"trailers\" in HTTP/2")]
    Te,
}

/// Reads a request's head; `ended` says that HEADERS ended the stream, `takes_tunnels` that a CONNECT may name a protocol.
///
/// Go: `net/http/h2_bundle.go` `serverConn.newWriterAndRequest`, `net/http/internal/httpcommon/httpcommon.go` `NewServerRequest`.
///
/// # Errors
/// It is no request.
pub(super) fn read_request(block: Block, ended: bool, takes_tunnels: bool) -> Result<Request, Wrong> {
    let Block { method, scheme, authority, path, protocol, status, fields: mut headers, .. } = block;
    let filled = |value: Option<Bytes>| value.filter(|value| !value.is_empty());
    let (method, authority, path, protocol) = (filled(method), filled(authority), filled(path), filled(protocol));
    if status.is_some() || (protocol.is_some() && !takes_tunnels) {
        return Err(Wrong::Malformed("pseudo-header that is none of a request"));
    }
    let method = method.ok_or(Wrong::Malformed("bad_path_method"))?;
    let has_http_scheme = matches!(scheme.as_deref(), Some(b"http" | b"https"));
    if method == "CONNECT" && protocol.is_none() {
        if path.is_some() || scheme.is_some_and(|scheme| !scheme.is_empty()) || authority.is_none() {
            return Err(Wrong::Malformed("bad_connect"));
        }
    } else if path.is_none() || !has_http_scheme || (protocol.is_some() && method != "CONNECT") {
        return Err(Wrong::Malformed("bad_path_method"));
    }
    let target = target(path, authority.as_ref())?;
    let host = authority.or_else(|| headers.get_bytes(&Name::HOST).cloned()).unwrap_or_default();
    if host.contains(&b'@') && has_http_scheme {
        return Err(Wrong::Malformed("userinfo_in_authority"));
    }
    // Go looks at neither: on HTTP/1 they would be another host, or two.
    if !is_one_host(&host) || headers.all(&Name::HOST).nth(1).is_some() {
        return Err(Wrong::Malformed("host"));
    }
    // Go takes any bytes. One with a space or a line end in it would be another request on HTTP/1.
    let method = Method::from_bytes(&method).map_err(|_| Wrong::Malformed("method"))?;
    if let Err(field) = check_fields(&headers) {
        return Err(Wrong::Field(field, method));
    }
    headers.remove(&Name::HOST);
    let declared_length = declared_length(&headers, ended)?;
    headers.remove(&Name::CONTENT_LENGTH);
    let waits_for_continue = headers.has_token(&Name::EXPECT, b"100-continue");
    if waits_for_continue {
        headers.remove(&Name::EXPECT);
    }
    if headers.all(&Name::COOKIE).nth(1).is_some() {
        let whole = joined(headers.all(&Name::COOKIE), b"; ");
        headers.set(Name::COOKIE, whole);
    }
    let framing = [Name::TRANSFER_ENCODING, Name::TRAILER, Name::CONTENT_LENGTH];
    // Empty ones too, which on HTTP/1 are skipped: whoever sends the request on finds that they are no names.
    let named = headers.all(&Name::TRAILER).flat_map(tokens).map(Name::from_slice);
    let announced = each_once(named.filter(|name| !framing.contains(name)));
    headers.remove(&Name::TRAILER);
    let length = match declared_length {
        _ if ended => Length::Empty,
        None => Length::Unknown,
        Some(0) => Length::Empty,
        Some(length) => Length::Exactly(length),
    };
    let head = RequestHead { method, target, version: Version::Http2, host, headers, announced };
    Ok(Request { head, length, declared_length, is_whole: ended, protocol, waits_for_continue })
}

/// The length that the fields declare of a body that is still to come.
///
/// # Errors
/// They contradict one another, or there is no body to come. Go believes the first, and looks at none of a request without a body.
fn declared_length(headers: &Headers, ended: bool) -> Result<Option<u64>, Wrong> {
    let mut lengths = headers.all(&Name::CONTENT_LENGTH).map(|value| parse_length(value).unwrap_or(0));
    let declared = lengths.next();
    if lengths.any(|other| Some(other) != declared) || (ended && declared > Some(0)) {
        return Err(Wrong::Malformed("content_length"));
    }
    Ok(declared.filter(|_| !ended))
}

/// Without a path the request is a CONNECT, and asks for its authority.
fn target(path: Option<Bytes>, authority: Option<&Bytes>) -> Result<Target, Wrong> {
    match (path, authority) {
        (Some(raw), _) => {
            let url = Url::from_request(false, &raw).map_err(|_| Wrong::Malformed("bad_path"))?;
            Ok(Target { raw, url })
        }
        (None, Some(raw)) => Ok(Target { raw: raw.clone(), url: Url { host: raw.clone(), ..Url::default() } }),
        (None, None) => Err(Wrong::Malformed("bad_path")),
    }
}

/// Go: `net/http/h2_bundle.go` `checkValidHTTP2RequestHeaders`.
fn check_fields(headers: &Headers) -> Result<(), BadField> {
    for (name, text) in fields::OF_CONNECTION {
        if headers.contains(&name) {
            return Err(BadField::OfConnection(text));
        }
    }
    let mut te = headers.all(&Name::TE);
    match (te.next(), te.next()) {
        (None | Some(b"trailers" | b""), None) => Ok(()),
        _ => Err(BadField::Te),
    }
}
