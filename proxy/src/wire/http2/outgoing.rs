use bytes::{BufMut as _, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue, Method, Request,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH},
    uri::{Authority, PathAndQuery, Scheme, Uri},
};

use super::fields::{self, TooManyFields};
use crate::wire::{
    headers::{Headers, Name, trim},
    message::Announced,
    token::go_quote,
};

/// A request that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// `https`, else `http`.
    pub tls: bool,
    /// The `:authority`.
    pub host: &'a Bytes,
    /// The `:path`: a path with its query, or `*`.
    pub target: &'a Bytes,
    /// The fields.
    pub headers: &'a Headers,
    /// The names of trailers to announce.
    pub announced: &'a Announced,
    /// The length to declare.
    pub content_length: Option<u64>,
    /// Whether `accept-encoding: gzip` is added.
    pub asks_gzip: bool,
}

/// Why a request cannot be sent over HTTP/2. The texts are Go's where Go has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// A field that belongs to one connection and asks for something.
    #[error("http2: invalid {name} request header: {values}")]
    OfConnection {
        /// Its name, as Go spells it.
        name: &'static str,
        /// Its values, quoted.
        values: String,
    },
    /// A host that no `:authority` can be.
    #[error("http2: invalid Host header")]
    Host,
    /// A target that is no path.
    #[error("http2: invalid request :path {}", go_quote(.0))]
    Path(Bytes),
    /// CONNECT is never sent on.
    #[error("http2: CONNECT is not sent to backends")]
    Connect,
    /// A name that is no token.
    #[error("http2: invalid HTTP header name {}", go_quote(.0.as_bytes()))]
    FieldName(Name),
    /// A value that no field may have.
    #[error("http2: invalid HTTP header value for header {}", go_quote(.0.as_bytes()))]
    FieldValue(Name),
    /// There are too many fields.
    #[error("http2: {0}")]
    TooManyFields(#[from] TooManyFields),
}

/// A request's head. Go's order of fields is random; here they are sorted by name, what Go puts in front and behind aside.
///
/// Go: `net/http/internal/httpcommon/httpcommon.go` `EncodeHeaders`.
///
/// # Errors
/// It cannot be sent.
pub fn write_request(asked: &Asked<'_>) -> Result<Request<()>, Unsendable> {
    check_connection(asked.headers)?;
    if *asked.method == Method::CONNECT {
        return Err(Unsendable::Connect);
    }
    let mut map = fields::map_for(asked.headers.len() + 3)?;
    if let Some(names) = trailer_field(asked.announced) {
        fields::put(&mut map, &Name::TRAILER, &names)?;
    }
    put_fields(asked.headers, &mut map)?;
    if let Some(length) = asked.content_length {
        map.try_append(CONTENT_LENGTH, HeaderValue::from(length)).map_err(|_| TooManyFields)?;
    }
    if asked.asks_gzip {
        map.try_append(ACCEPT_ENCODING, HeaderValue::from_static("gzip")).map_err(|_| TooManyFields)?;
    }
    let mut request = Request::new(());
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = uri(asked)?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = map;
    Ok(request)
}

fn put_fields(headers: &Headers, map: &mut HeaderMap) -> Result<(), Unsendable> {
    let mut seen_user_agent = false;
    for (name, value) in headers.iter_sorted() {
        if !name.is_token() {
            return Err(Unsendable::FieldName(name.clone()));
        }
        if HeaderValue::from_bytes(value).is_err() {
            return Err(Unsendable::FieldValue(name.clone()));
        }
        if *name == Name::HOST || *name == Name::CONTENT_LENGTH || *name == Name::TRAILER {
            continue;
        }
        if *name == Name::COOKIE {
            put_cookies(value, map)?;
            continue;
        }
        if *name == Name::USER_AGENT && (std::mem::replace(&mut seen_user_agent, true) || value.is_empty()) {
            continue;
        }
        fields::put(map, name, value)?;
    }
    Ok(())
}

/// One field for each pair, so that pairs that stay the same are sent as a number.
fn put_cookies(value: &Bytes, map: &mut HeaderMap) -> Result<(), TooManyFields> {
    let mut rest = value.clone();
    while let Some(end) = rest.iter().position(|byte| *byte == b';') {
        fields::put(map, &Name::COOKIE, &rest.split_to(end))?;
        let blanks = rest[1..].iter().take_while(|byte| **byte == b' ').count();
        rest = rest.slice(1 + blanks..);
    }
    if rest.is_empty() { Ok(()) } else { fields::put(map, &Name::COOKIE, &rest) }
}

/// Go: `httpcommon.go` `checkConnHeaders`.
fn check_connection(headers: &Headers) -> Result<(), Unsendable> {
    let refuse = |name: &Name, spelled| {
        let quoted: Vec<String> = headers.all(name).map(|value| go_quote(value).to_string()).collect();
        Err(Unsendable::OfConnection { name: spelled, values: format!("[{}]", quoted.join(" ")) })
    };
    if !matches!(headers.get(&Name::UPGRADE), None | Some(b"" | b"chunked")) {
        return refuse(&Name::UPGRADE, "Upgrade");
    }
    let mut connection = headers.all(&Name::CONNECTION);
    let harmless = |value: &[u8]| {
        value.is_empty() || value.eq_ignore_ascii_case(b"close") || value.eq_ignore_ascii_case(b"keep-alive")
    };
    match (connection.next(), connection.next()) {
        (None, _) => Ok(()),
        (Some(value), None) if harmless(value) => Ok(()),
        _ => refuse(&Name::CONNECTION, "Connection"),
    }
}

/// `X-A,X-B`, sorted; none if nothing is announced.
fn trailer_field(announced: &Announced) -> Option<Bytes> {
    let mut sorted: Vec<&Name> = announced.iter().collect();
    sorted.sort_unstable();
    let names: Vec<&[u8]> = sorted.into_iter().map(|name| trim(name.as_bytes())).collect();
    (!names.is_empty()).then(|| names.join(&b","[..]).into())
}

fn uri(asked: &Asked<'_>) -> Result<Uri, Unsendable> {
    let authority = Authority::from_maybe_shared(asked.host.clone()).map_err(|_| Unsendable::Host)?;
    if authority.as_str().contains('@') {
        return Err(Unsendable::Host);
    }
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(if asked.tls { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Some(authority);
    parts.path_and_query = Some(path(asked.target)?);
    Uri::from_parts(parts).map_err(|_| Unsendable::Path(asked.target.clone()))
}

/// The target. Go sends every byte as it is; the `http` crate takes some of them only escaped, and would drop what follows a `#`.
fn path(target: &Bytes) -> Result<PathAndQuery, Unsendable> {
    let refused = || Unsendable::Path(target.clone());
    if !target.starts_with(b"/") && target != "*" {
        return Err(refused());
    }
    let escaped = escaped(target);
    let path = PathAndQuery::from_maybe_shared(escaped.clone()).map_err(|_| refused())?;
    if path.as_str().as_bytes() == escaped { Ok(path) } else { Err(refused()) }
}

fn escaped(target: &Bytes) -> Bytes {
    let is_text = std::str::from_utf8(target).is_ok();
    let taken = |byte: u8| match byte {
        b'#' | b'<' | b'>' | b'"' | b'`' | 0..=b' ' | 0x7f => false,
        0x80.. => is_text,
        _ => true,
    };
    if target.iter().all(|byte| taken(*byte)) {
        return target.clone();
    }
    let mut out = BytesMut::with_capacity(target.len() + 16);
    for byte in target {
        if taken(*byte) {
            out.put_u8(*byte);
        } else {
            out.put_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    out.freeze()
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";
