use bytes::Bytes;
use http::Method;

use super::{
    fields::{digits, write_field},
    hpack::{BlockWriter, Pseudo},
};
use crate::wire::{
    headers::{Headers, Name, trim},
    host::valid_host_header,
    token::{go_quote, is_valid_field_value},
    trailers::Announced,
};

/// A request that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct ToSend<'a> {
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
    /// The server takes no head as large as this.
    #[error("http2: request header list larger than peer's advertised limit")]
    TooLarge,
}

/// A request's head that is known to be sendable.
#[derive(Debug)]
pub struct Sendable<'a>(ToSend<'a>);

impl<'a> Sendable<'a> {
    /// Looks whether a request can be sent to a server that takes fields of so many bytes.
    ///
    /// Go: `net/http/internal/httpcommon/httpcommon.go` `EncodeHeaders`.
    ///
    /// # Errors
    /// It cannot.
    pub fn new(asked: ToSend<'a>, list_bytes_max: usize) -> Result<Self, Unsendable> {
        check_connection(asked.headers)?;
        if *asked.method == Method::CONNECT {
            return Err(Unsendable::Connect);
        }
        if asked.host.is_empty() || asked.host.contains(&b'@') || !valid_host_header(asked.host) {
            return Err(Unsendable::Host);
        }
        if !asked.target.starts_with(b"/") && asked.target != "*" {
            return Err(Unsendable::Path(asked.target.clone()));
        }
        let mut bytes = 0;
        for (name, value) in asked.headers.iter() {
            if !name.is_token() {
                return Err(Unsendable::FieldName(name.clone()));
            }
            if !is_valid_field_value(value) {
                return Err(Unsendable::FieldValue(name.clone()));
            }
            bytes += name.as_bytes().len() + value.len() + 32;
        }
        if !is_valid_field_value(asked.target) {
            return Err(Unsendable::Path(asked.target.clone()));
        }
        if bytes + asked.host.len() + asked.target.len() > list_bytes_max {
            return Err(Unsendable::TooLarge);
        }
        Ok(Self(asked))
    }

    /// Writes it. Go's order of fields is random; here they are sorted by name, what Go puts in front and behind aside.
    pub(super) fn write(&self, block: &mut BlockWriter<'_>) {
        let asked = &self.0;
        block.pseudo(Pseudo::Authority, asked.host);
        block.pseudo(Pseudo::Method, asked.method.as_str().as_bytes());
        block.pseudo(Pseudo::Path, asked.target);
        block.pseudo(Pseudo::Scheme, if asked.tls { b"https" } else { b"http" });
        if let Some(names) = trailer_field(asked.announced) {
            write_field(&Name::TRAILER, &names, block);
        }
        let mut seen_user_agent = false;
        for (name, value) in asked.headers.iter_sorted() {
            if *name == Name::HOST || *name == Name::CONTENT_LENGTH || *name == Name::TRAILER {
                continue;
            }
            if *name == Name::COOKIE {
                write_cookies(value, block);
                continue;
            }
            if *name == Name::USER_AGENT && (std::mem::replace(&mut seen_user_agent, true) || value.is_empty()) {
                continue;
            }
            write_field(name, value, block);
        }
        if let Some(length) = asked.content_length {
            block.field(&Name::CONTENT_LENGTH, digits(length, &mut [0; 20]));
        }
        if asked.asks_gzip {
            block.field(&Name::ACCEPT_ENCODING, b"gzip");
        }
    }
}

/// One field for each pair, so that pairs that stay the same are sent as a number.
fn write_cookies(value: &[u8], block: &mut BlockWriter<'_>) {
    let mut rest = value;
    while let Some(end) = rest.iter().position(|byte| *byte == b';') {
        write_field(&Name::COOKIE, &rest[..end], block);
        let blanks = rest[end + 1..].iter().take_while(|byte| **byte == b' ').count();
        rest = &rest[end + 1 + blanks..];
    }
    if !rest.is_empty() {
        write_field(&Name::COOKIE, rest, block);
    }
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
