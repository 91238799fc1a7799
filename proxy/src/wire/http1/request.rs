use bytes::Bytes;
use http::Method;
use memchr::memchr;

use super::{
    framing::{self, Number},
    head::Fields,
    wrong::Wrong,
};
use crate::wire::{
    body::Length,
    headers::{Headers, Name},
    host::{is_one_host, valid_host_header},
    message::{RequestHead, Target, Version},
    punycode::host_field,
    token::is_token,
    url::Url,
};

/// The head of a request, and what it means for its connection.
#[derive(Clone, Debug)]
pub struct Request {
    /// The head; boxed, because it is large and is handed on often.
    pub head: Box<RequestHead>,
    /// The length of the body.
    pub length: Length,
    /// That the connection is to end behind the answer: the client said so, speaks HTTP/1.0 and did not ask otherwise, or framed its body
    /// twice.
    pub close: bool,
    /// That a client of HTTP/1.0 asked to go on.
    pub keep_alive_asked: bool,
    /// What the client waits for before it sends the body.
    pub expect: Expect,
}

/// What a client waits for before it sends the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing; also when there is no body, or the client speaks HTTP/1.0.
    None,
    /// 100, which is sent when the body is first read.
    Continue,
    /// Something else: the answer is 417.
    Unknown,
}

/// A request line, taken apart.
#[derive(Debug)]
pub(super) struct RequestLine {
    pub(super) method: Method,
    /// Start and end of the target.
    pub(super) target: (usize, usize),
    version: Number,
}

impl RequestLine {
    /// Takes a line apart, whose first byte stands at `start`.
    ///
    /// # Errors
    /// It has not three parts, or the first is no token, or the third no version.
    ///
    /// Go: `net/http/request.go` `readRequest`, `parseRequestLine`.
    pub(super) fn parse(line: &[u8], start: usize) -> Result<Self, Wrong> {
        let parts = memchr(b' ', line)
            .and_then(|first| memchr(b' ', &line[first + 1..]).map(|second| (first, first + 1 + second)));
        let Some((first, second)) = parts else {
            return Err(Wrong::RequestLine(Bytes::copy_from_slice(line)));
        };
        let method = &line[..first];
        let method = is_token(method)
            .then(|| Method::from_bytes(method).ok())
            .flatten()
            .ok_or_else(|| Wrong::Method(Bytes::copy_from_slice(method)))?;
        let version = parse_version(&line[second + 1..])?;
        Ok(Self { method, target: (start + first + 1, start + second), version })
    }

    /// The target as Go parses it.
    ///
    /// # Errors
    /// It is no URL.
    pub(super) fn parse_target(&self, raw: &Bytes) -> Result<Url, Wrong> {
        Url::from_request(self.method == Method::CONNECT, raw).map_err(Wrong::Target)
    }

    /// The request of which this is the first line, and the length of the body that is to be read.
    ///
    /// # Errors
    /// The fields do not make sense, or it asks for what is not served. What Go refuses is refused first, so that it gets Go's answer.
    ///
    /// Go: `net/http/request.go` `readRequest`, `net/http/server.go` `conn.readRequest`.
    pub(super) fn with(self, raw: Bytes, url: Url, mut fields: Fields) -> Result<(Request, Length), Wrong> {
        let preface = self.is_preface(&raw);
        let bare_preface = preface && fields.is_empty();
        if fields.hosts.len() > 1 {
            return Err(Wrong::HostTwice);
        }
        let field_host = fields.hosts.pop();
        fields.mind_pragma();
        let framing = framing::of_request(self.version, &mut fields)?;
        if self.version.0 != 1 && !preface {
            return Err(Wrong::UnsupportedVersion);
        }
        let connect = self.method == Method::CONNECT;
        if field_host.is_none() && self.version >= (1, 1) && !bare_preface && !connect {
            return Err(Wrong::HostMissing);
        }
        // That of a target goes on like one of a field; one with bytes of no host at all does not, and is read as Go reads it.
        let target_host = Some(host_field(&url.host)).filter(|host| valid_host_header(host));
        if field_host.iter().chain(&target_host).any(|host| !is_one_host(host)) {
            return Err(Wrong::Host);
        }
        let headers = fields.headers;
        if headers.iter().any(|(name, _)| !name.is_token()) {
            return Err(Wrong::FieldName);
        }
        if connect {
            return Err(Wrong::Connect);
        }
        if !url.opaque.is_empty() {
            return Err(Wrong::OpaqueTarget);
        }
        let body = framing.length;
        let mut request = self.build(raw, url, field_host, headers, framing);
        if bare_preface {
            // The preface of HTTP/2 on a connection of HTTP/1: the handler sees a body of unknown length, which is empty.
            request.length = Length::Unknown;
            request.close = true;
        }
        Ok((request, body))
    }

    /// Whether the line begins HTTP/2, which Go lets a handler do.
    fn is_preface(&self, raw: &[u8]) -> bool {
        self.version == (2, 0) && self.method.as_str() == "PRI" && raw == b"*"
    }

    fn build(self, raw: Bytes, url: Url, host: Option<Bytes>, headers: Headers, framing: framing::Framing) -> Request {
        let version = match self.version {
            (1, 0) => Version::Http10,
            (1, 1) => Version::Http11,
            (1, minor) => Version::Http1x(minor),
            _ => Version::Http2, // only the preface comes here
        };
        let old = self.version == (1, 0);
        let connection = headers.get(&Name::CONNECTION).unwrap_or_default();
        let close = framing.close || has_word(connection, b"close");
        let keep_alive_asked = old && has_word(connection, b"keep-alive");
        let expect = match headers.get(&Name::EXPECT) {
            None | Some(b"") => Expect::None,
            Some(value) if !has_word(value, b"100-continue") => Expect::Unknown,
            Some(_) if old || framing.length == Length::Empty => Expect::None,
            Some(_) => Expect::Continue,
        };
        let host = if url.host.is_empty() { host.unwrap_or_default() } else { url.host.clone() };
        let head = Box::new(RequestHead {
            method: self.method,
            target: Target { raw, url },
            version,
            host,
            headers,
            announced: framing.announced,
        });
        Request { head, length: framing.length, close, keep_alive_asked, expect }
    }
}

/// The version in words such as `HTTP/1.1`.
///
/// # Errors
/// It is not `HTTP/`, a digit, a point and a digit.
///
/// Go: `net/http/request.go` `ParseHTTPVersion`.
pub(super) fn parse_version(text: &[u8]) -> Result<Number, Wrong> {
    match text {
        [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            Ok((major - b'0', minor - b'0'))
        }
        _ => Err(Wrong::Version(Bytes::copy_from_slice(text))),
    }
}

/// Whether a word stands in a value, between blanks and commas, whatever its case. Go: `net/http/header.go` `hasToken`.
pub(super) fn has_word(value: &[u8], word: &[u8]) -> bool {
    value.split(|byte| matches!(byte, b' ' | b',' | b'\t')).any(|item| item.eq_ignore_ascii_case(word))
}
