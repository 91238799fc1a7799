use bytes::{BufMut as _, Bytes, BytesMut};
use http::Method;
use memchr::memchr;

use super::request::has_word;
use crate::wire::{
    body::Length,
    headers::{Headers, Lines, Name, NameSet},
    token::has_control,
};

/// The head of a request that is to be written.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target, as `Url::request_uri` writes it. A space or control byte in it is escaped, so that the line stays one request.
    pub target: &'a [u8],
    /// The value of `Host`; may be empty.
    pub host: &'a [u8],
    /// The fields. `Host` and what frames a message are left out; the first `User-Agent` goes to its place, none is added.
    pub headers: &'a Headers,
    /// How the body is framed.
    pub framing: Framing,
    /// The names for `Trailer`; written only before a chunked body.
    pub announced: &'a [Name],
    /// That the connection is to end behind the answer.
    pub close: bool,
    /// What the transport itself adds, behind all other fields.
    pub extra: &'a [(Name, Bytes)],
}

/// How the body of a request is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No body, and no field.
    None,
    /// `Content-Length`.
    Exactly(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

impl Framing {
    /// How Go frames a body of this length: the methods that usually have a body say so when it is empty.
    ///
    /// Go: `net/http/transfer.go` `shouldSendContentLength`.
    pub fn of(method: &Method, length: Length) -> Self {
        match length {
            Length::Empty | Length::Exactly(0) => {
                if [Method::POST, Method::PUT, Method::PATCH].contains(method) {
                    Self::Exactly(0)
                } else {
                    Self::None
                }
            }
            Length::Exactly(bytes) => Self::Exactly(bytes),
            Length::Unknown | Length::UntilClose => Self::Chunked,
        }
    }
}

/// Writes the head of a request, always of HTTP/1.1.
///
/// The order is Go's: `Host`, `User-Agent`, `Connection: close`, the framing, `Trailer`, the other fields sorted, the transport's own.
///
/// Go: `net/http/request.go` `Request.write`, `net/http/transfer.go` `transferWriter.writeHeader`.
pub fn write_request_head(out: &mut BytesMut, head: RequestLine<'_>) {
    let bytes = head.headers.written_bytes() + head.target.len() + head.host.len() + OWN_BYTES;
    let mut lines = Lines::new(out, bytes);
    lines.put(head.method.as_str().as_bytes());
    lines.put(b" ");
    write_target(head.target, &mut lines);
    lines.put(b" HTTP/1.1\r\n");
    lines.field(&Name::HOST, head.host);
    if let Some(agent) = head.headers.get(&Name::USER_AGENT).filter(|agent| !agent.is_empty()) {
        lines.field(&Name::USER_AGENT, agent);
    }
    if head.close && !has_word(head.headers.get(&Name::CONNECTION).unwrap_or_default(), b"close") {
        lines.put(b"Connection: close\r\n");
    }
    match head.framing {
        Framing::None => {}
        Framing::Exactly(bytes) => write_content_length(bytes, &mut lines),
        Framing::Chunked => {
            lines.put(b"Transfer-Encoding: chunked\r\n");
            write_announced(head.announced, &mut lines);
        }
    }
    head.headers.each_line(|line| {
        if !PLACED.contains(line.name) {
            lines.line(&line);
        }
    });
    for (name, value) in head.extra {
        lines.field(name, value);
    }
    lines.put(b"\r\n");
}

/// Writes one chunk. Nothing is written for no bytes: that would be the last chunk.
///
/// Go: `net/http/internal/chunked.go` `chunkedWriter.Write`.
pub fn write_chunk(out: &mut BytesMut, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    out.reserve(data.len() + 20);
    write_chunk_size(out, data.len());
    out.put_slice(data);
    out.put_slice(b"\r\n");
}

/// Writes the line in front of the data of a chunk.
pub(super) fn write_chunk_size(out: &mut BytesMut, bytes: usize) {
    write_hex(bytes, out);
    out.put_slice(b"\r\n");
}

/// Writes the last chunk, the trailers, sorted, and the empty line.
///
/// Go: `net/http/transfer.go` `transferWriter.writeBody`, `net/http/server.go` `chunkWriter.close`.
pub fn write_last_chunk(out: &mut BytesMut, trailers: Option<&Headers>) {
    out.put_slice(b"0\r\n");
    if let Some(trailers) = trailers {
        trailers.write_sorted(out);
    }
    out.put_slice(b"\r\n");
}

/// Whether a field of this name frames messages: only the framing itself writes it.
pub(super) const fn frames(name: &Name) -> bool {
    FRAMING.contains(name)
}

pub(super) const FRAMING: NameSet = NameSet::of([Name::CONTENT_LENGTH, Name::TRANSFER_ENCODING, Name::TRAILER]);
/// What has a place of its own in the head of a request.
const PLACED: NameSet = FRAMING.and(NameSet::of([Name::HOST, Name::USER_AGENT]));
/// What a head usually has beside the fields of its message; a buffer that is too short grows.
pub(super) const OWN_BYTES: usize = 256;

/// Writes `Content-Length`.
pub(super) fn write_content_length(bytes: u64, lines: &mut Lines<'_>) {
    lines.put(b"Content-Length: ");
    write_decimal(bytes, lines);
    lines.put(b"\r\n");
}

fn write_decimal(mut number: u64, lines: &mut Lines<'_>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return lines.put(&digits[at..]);
        }
    }
}

fn write_hex(mut number: usize, out: &mut BytesMut) {
    let mut digits = [0; 16];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdef"[number % 16];
        number /= 16;
        if number == 0 {
            return out.put_slice(&digits[at..]);
        }
    }
}

/// Go lets a space of an HTTP/2 client's query through, which would end the target here.
fn write_target(target: &[u8], lines: &mut Lines<'_>) {
    if memchr(b' ', target).is_none() && !has_control(target) {
        return lines.put(target);
    }
    for byte in target {
        if ends_target(*byte) {
            lines.put(&[b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        } else {
            lines.put(&[*byte]);
        }
    }
}

const fn ends_target(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

const fn upper_hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'A' + digit - 10 }
}

/// Writes `Trailer` with the names sorted, as one list without spaces.
pub(super) fn write_announced(announced: &[Name], lines: &mut Lines<'_>) {
    let mut names: Vec<&Name> = announced.iter().filter(|name| name.is_token() && !frames(name)).collect();
    names.sort();
    for (at, name) in names.iter().enumerate() {
        lines.put(if at == 0 { b"Trailer: " } else { b"," });
        lines.put(name.as_bytes());
    }
    if !names.is_empty() {
        lines.put(b"\r\n");
    }
}

#[cfg(test)]
mod tests;
