use std::fmt;

use bytes::Bytes;

use crate::wire::{body::Cut, headers::Name, token::go_quote, url::BadUrl};

/// Every way the bytes of a peer are refused. The text is Go's, where Go has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The peer ended its side before the first byte of a message.
    #[error("EOF")]
    Ended,
    /// The peer ended its side within a message. After a read that timed out this means silence, every other value its answer.
    #[error("unexpected EOF")]
    EndedEarly,
    /// The head of a request is longer than the limit.
    #[error("http: request too large")]
    RequestTooLarge,
    /// The head of a response is longer than so many bytes.
    #[error("net/http: server response headers exceeded {0} bytes; aborted")]
    ResponseTooLarge(usize),

    /// A request line without its three parts.
    #[error("malformed HTTP request {}", go_quote(.0))]
    RequestLine(Bytes),
    /// A method that is no token.
    #[error("invalid method {}", go_quote(.0))]
    Method(Bytes),
    /// A target that is no URL.
    #[error("{0}")]
    Target(BadUrl),
    /// A version that is none of HTTP.
    #[error("malformed HTTP version {}", go_quote(.0))]
    Version(Bytes),
    /// A version that is not served.
    #[error("505 HTTP Version Not Supported: unsupported protocol version")]
    UnsupportedVersion,
    /// `CONNECT`. Go hands it to the handler; refused here.
    #[error("CONNECT is refused")]
    Connect,
    /// A target such as `http:x`. Go sends the `x` on as it is; refused here.
    #[error("opaque target is refused")]
    OpaqueTarget,

    /// A status line without a status.
    #[error("malformed HTTP response {}", go_quote(.0))]
    StatusLine(Bytes),
    /// A status that has not three characters or is no number.
    #[error("malformed HTTP status code {}", go_quote(.0))]
    StatusCode(Bytes),
    /// A status below 100. Go's transport takes it, and its server panics when it is to be sent on: the client's connection is cut.
    #[error("invalid WriteHeader code {0}")]
    ImpossibleStatus(u16),

    /// The first field starts with a blank.
    #[error("malformed MIME header initial line: {}", go_quote(.0))]
    FirstField(Bytes),
    /// A field line without a colon.
    #[error("malformed MIME header: missing colon: {}", go_quote(.0))]
    Colon(Bytes),
    /// A field whose name or value holds a byte that may not stand there.
    #[error("malformed MIME header line: {}", go_quote(.0))]
    Field(Bytes),
    /// A request with a field whose name holds a space.
    #[error("400 Bad Request: invalid header name")]
    FieldName,
    /// An HTTP/1.1 request without `Host`.
    #[error("400 Bad Request: missing required Host header")]
    HostMissing,
    /// Several `Host` fields.
    #[error("too many Host headers")]
    HostTwice,
    /// A `Host` with a byte that no host has.
    #[error("400 Bad Request: malformed Host header")]
    Host,

    /// A transfer coding other than chunked.
    #[error("unsupported transfer encoding: {}", go_quote(.0))]
    Encoding(Bytes),
    /// Several `Transfer-Encoding` fields.
    #[error("too many transfer encodings: {}", List(.0))]
    Encodings(Vec<Bytes>),
    /// `Transfer-Encoding` in an HTTP/1.0 request. Go ignores the field; refused here, since others do not ignore it.
    #[error("Transfer-Encoding in an HTTP/1.0 request")]
    EncodingInHttp10,
    /// A `Content-Length` that is no number below 2^63.
    #[error("bad Content-Length {}", go_quote(.0))]
    Length(Bytes),
    /// A `Content-Length` without a value.
    #[error("invalid empty Content-Length \"\"")]
    EmptyLength,
    /// `Content-Length` fields that differ.
    #[error("http: message cannot contain multiple Content-Length headers; got {}", List(.0))]
    Lengths(Vec<Bytes>),
    /// `Trailer` announces a field that frames messages.
    #[error("bad trailer key {}", go_quote(.0.as_bytes()))]
    TrailerName(Name),

    /// A chunk is not as it must be.
    #[error("{0}")]
    Chunk(BadChunk),
    /// The peer ended its side where the line behind the last chunk should be.
    #[error("http: unexpected EOF reading trailer")]
    TrailerEnded,
    /// The trailers do not end within 4096 bytes.
    #[error("http: suspiciously long trailer after chunked body")]
    TrailerTooLong,
}

/// What is wrong with a chunk, in Go's words.
///
/// Go: `net/http/internal/chunked.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadChunk {
    /// The line of the size is longer than 4096 bytes.
    LineTooLong,
    /// LF without CR ends the line of the size.
    BareLf,
    /// A CR within the line of the size.
    Cr,
    /// No size.
    EmptySize,
    /// A byte in the size that is no hexadecimal digit.
    SizeByte,
    /// A size of more than 16 digits.
    SizeTooLong,
    /// Extensions far longer than the data.
    TooMuchBesideData,
    /// No CR LF behind the data.
    DataEnd,
}

impl BadChunk {
    /// Go's words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::LineTooLong => "header line too long",
            Self::BareLf => "chunked line ends with bare LF",
            Self::Cr => "invalid CR in chunked line",
            Self::EmptySize => "empty hex number for chunk length",
            Self::SizeByte => "invalid byte in chunk length",
            Self::SizeTooLong => "http chunk length too large",
            Self::TooMuchBesideData => "chunked encoding contains too much non-data",
            Self::DataEnd => "malformed chunked encoding",
        }
    }
}

impl fmt::Display for BadChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// Values as Go prints a slice of strings with `%q`: `["2" "3"]`.
struct List<'a>(&'a [Bytes]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, value) in self.0.iter().enumerate() {
            let blank = if at == 0 { "" } else { " " };
            write!(f, "{blank}{}", go_quote(value))?;
        }
        f.write_str("]")
    }
}

macro_rules! answer {
    ($status:literal, $body:literal) => {
        Some(
            concat!(
                "HTTP/1.1 ",
                $status,
                "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n",
                $body
            )
            .as_bytes(),
        )
    };
    ($both:literal) => {
        answer!($both, $both)
    };
}

impl Wrong {
    /// What a server writes to the socket before it closes the connection: Go's bytes, without `Date` and length. None: it closes in
    /// silence.
    ///
    /// What is wrong with a body has no answer of its own: the handler that reads the body sees it.
    ///
    /// Go: `net/http/server.go` `conn.serve`. Trace: `server/request_line`, `server/header_fields`, `server/transfer_encoding`.
    pub fn answer(&self) -> Option<&'static [u8]> {
        match self {
            Self::Ended
            | Self::Chunk(_)
            | Self::TrailerEnded
            | Self::TrailerTooLong
            | Self::ResponseTooLarge(_)
            | Self::StatusLine(_)
            | Self::StatusCode(_)
            | Self::ImpossibleStatus(_) => None,
            Self::EndedEarly
            | Self::RequestLine(_)
            | Self::Method(_)
            | Self::Target(_)
            | Self::Version(_)
            | Self::Connect
            | Self::OpaqueTarget
            | Self::FirstField(_)
            | Self::Colon(_)
            | Self::Field(_)
            | Self::HostTwice
            | Self::EncodingInHttp10
            | Self::Length(_)
            | Self::EmptyLength
            | Self::Lengths(_)
            | Self::TrailerName(_) => answer!("400 Bad Request"),
            Self::FieldName => answer!("400 Bad Request: invalid header name"),
            Self::HostMissing => answer!("400 Bad Request: missing required Host header"),
            Self::Host => answer!("400 Bad Request: malformed Host header"),
            Self::RequestTooLarge => answer!("431 Request Header Fields Too Large"),
            Self::Encoding(_) | Self::Encodings(_) => {
                answer!("501 Not Implemented", "Unsupported transfer encoding")
            }
            Self::UnsupportedVersion => answer!("505 HTTP Version Not Supported: unsupported protocol version"),
        }
    }

    /// How it cuts the body that it was found in.
    pub fn into_cut(self) -> Cut {
        match self {
            Self::FirstField(_) | Self::Colon(_) | Self::Field(_) => Cut::Field(Box::new(self)),
            other => Cut::Malformed(other.in_body()),
        }
    }

    /// What is wrong with a body, but for its trailers: Go's words.
    const fn in_body(&self) -> &'static str {
        match self {
            Self::Ended | Self::EndedEarly => "unexpected EOF",
            Self::Chunk(bad) => bad.text(),
            Self::TrailerEnded => "http: unexpected EOF reading trailer",
            Self::TrailerTooLong => "http: suspiciously long trailer after chunked body",
            Self::FirstField(_)
            | Self::Colon(_)
            | Self::Field(_)
            | Self::RequestTooLarge
            | Self::ResponseTooLarge(_)
            | Self::RequestLine(_)
            | Self::Method(_)
            | Self::Target(_)
            | Self::Version(_)
            | Self::UnsupportedVersion
            | Self::Connect
            | Self::OpaqueTarget
            | Self::StatusLine(_)
            | Self::StatusCode(_)
            | Self::ImpossibleStatus(_)
            | Self::FieldName
            | Self::HostMissing
            | Self::HostTwice
            | Self::Host
            | Self::Encoding(_)
            | Self::Encodings(_)
            | Self::EncodingInHttp10
            | Self::Length(_)
            | Self::EmptyLength
            | Self::Lengths(_)
            | Self::TrailerName(_) => "malformed message",
        }
    }
}
