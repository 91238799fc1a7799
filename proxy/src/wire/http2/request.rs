use bytes::Bytes;
use http::Method;

use super::fields;
use crate::wire::{
    body::Length,
    headers::{Headers, Name, trim},
    message::{Announced, RequestHead, Target, Version},
    url::Url,
};

/// A request as its HEADERS tell it.
#[derive(Debug)]
pub struct Request {
    /// Its head, with no `Host`, `Content-Length`, `Trailer`, and no `Expect: 100-continue`.
    pub head: RequestHead,
    /// How the end of its body will be known.
    pub length: Length,
    /// The client sends the body only after a 100.
    pub waits_for_continue: bool,
}

/// Why HEADERS are no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The stream is reset with PROTOCOL_ERROR.
    #[error("malformed HTTP/2 request: {0}")]
    Malformed(&'static str),
    /// The client gets a 400 with this text.
    #[error("{0}")]
    Field(BadField),
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

/// Reads a request's head; `ended` says that HEADERS ended the stream.
///
/// The `h2` crate has refused most of what is malformed already, with a reset where Go answers 400 to fields of a connection.
///
/// Go: `net/http/h2_bundle.go` `serverConn.newWriterAndRequest`, `net/http/internal/httpcommon/httpcommon.go` `NewServerRequest`.
///
/// # Errors
/// It is no request.
pub fn read_request(parts: http::request::Parts, ended: bool) -> Result<Request, Wrong> {
    let http::request::Parts { method, uri, headers, .. } = parts;
    let mut headers = fields::from_map(&headers);
    let uri = uri.into_parts();
    if uri.scheme.is_some_and(|scheme| scheme != http::uri::Scheme::HTTP && scheme != http::uri::Scheme::HTTPS) {
        return Err(Wrong::Malformed("scheme"));
    }
    let authority = uri.authority.map(|authority| Bytes::copy_from_slice(authority.as_str().as_bytes()));
    let path = uri.path_and_query.map(|path| Bytes::copy_from_slice(path.as_str().as_bytes()));
    let target = target(&method, authority.as_ref(), path)?;
    check_fields(&headers).map_err(Wrong::Field)?;

    let host = authority.or_else(|| headers.get_bytes(&Name::HOST).cloned()).unwrap_or_default();
    if host.contains(&b'@') {
        return Err(Wrong::Malformed("user in authority"));
    }
    headers.remove(&Name::HOST);
    let length = if ended { Length::Empty } else { declared_length(&headers)? };
    headers.remove(&Name::CONTENT_LENGTH);
    let waits_for_continue = headers.has_token(&Name::EXPECT, b"100-continue");
    if waits_for_continue {
        headers.remove(&Name::EXPECT);
    }
    join_cookies(&mut headers);
    let announced = announced(&headers);
    headers.remove(&Name::TRAILER);
    let head = RequestHead { method, target, version: Version::Http2, host, headers, announced };
    Ok(Request { head, length, waits_for_continue })
}

fn target(method: &Method, authority: Option<&Bytes>, path: Option<Bytes>) -> Result<Target, Wrong> {
    if *method == Method::CONNECT {
        let raw = authority.cloned().ok_or(Wrong::Malformed("CONNECT without authority"))?;
        let url = Url { host: raw.clone(), ..Url::default() };
        return Ok(Target { raw, url });
    }
    let raw = path.ok_or(Wrong::Malformed("path"))?;
    let url = Url::from_request(false, &raw).map_err(|_| Wrong::Malformed("path"))?;
    Ok(Target { raw, url })
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

/// Go counts a length that it cannot read as 0, and of several it takes the first; the `h2` crate has refused both unless all are equal.
fn declared_length(headers: &Headers) -> Result<Length, Wrong> {
    let Some(value) = headers.get(&Name::CONTENT_LENGTH) else { return Ok(Length::Unknown) };
    match parse_length(value) {
        Some(0) => Ok(Length::Empty),
        Some(length) => Ok(Length::Exactly(length)),
        None => Err(Wrong::Malformed("content-length")),
    }
}

/// Digits alone, below 2^63. Go: `strconv.ParseUint(…, 10, 63)`.
pub(super) fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    text.parse().ok().filter(|length| *length < 1 << 63)
}

fn join_cookies(headers: &mut Headers) {
    if headers.all(&Name::COOKIE).nth(1).is_some() {
        let joined: Vec<&[u8]> = headers.all(&Name::COOKIE).collect();
        let joined = joined.join(&b"; "[..]);
        headers.set(Name::COOKIE, joined);
    }
}

/// The names that `Trailer` fields announce, each once; framing is no trailer.
fn announced(headers: &Headers) -> Announced {
    let mut announced = Announced::new();
    for list in headers.all(&Name::TRAILER) {
        for name in list.split(|byte| *byte == b',').map(trim) {
            let name = Name::from_slice(name);
            let framing = [Name::TRANSFER_ENCODING, Name::TRAILER, Name::CONTENT_LENGTH].contains(&name);
            if !framing && !name.as_bytes().is_empty() && !announced.contains(&name) {
                announced.push(name);
            }
        }
    }
    announced
}
