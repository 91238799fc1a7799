use bytes::{BufMut as _, BytesMut};
use http::StatusCode;

use super::{
    request::has_word,
    request_writer::{frames, write_decimal},
    status::status_text,
};
use crate::wire::{
    headers::{Headers, Name, write_field},
    message::{ResponseHead, Version},
};

/// Writes a 1xx head. Go: `net/http/server.go` `response.WriteHeader`.
pub fn write_informational(out: &mut BytesMut, head: &ResponseHead, version: Version) {
    write_status_line(version, head.status, out);
    write_unframed(&head.headers, out);
    out.put_slice(b"\r\n");
}

/// Writes the 101 of a backend: byte for byte where the head holds its bytes, else with its version and words, and no `Date`. `head.close`
/// says that the backend ends the connection.
///
/// Go: `net/http/response.go` `Response.Write`; `apimachinery/pkg/util/proxy/upgradeaware.go` `tryUpgrade` for the bytes.
pub fn write_switch(out: &mut BytesMut, head: &ResponseHead) {
    if let Some(raw) = &head.raw {
        return out.put_slice(raw);
    }
    write_backend_line(out, head);
    if head.close {
        write_close(out, head);
    }
    write_unframed(&head.headers, out);
    out.put_slice(b"\r\n");
}

/// Writes `Connection: close` where the head does not say it by itself.
pub(super) fn write_close(out: &mut BytesMut, head: &ResponseHead) {
    if !has_word(head.headers.get(&Name::CONNECTION).unwrap_or_default(), b"close") {
        out.put_slice(b"Connection: close\r\n");
    }
}

/// Writes a status line with the backend's version and words.
pub(super) fn write_backend_line(out: &mut BytesMut, head: &ResponseHead) {
    out.put_slice(match head.version {
        Version::Http09 => b"HTTP/0.",
        Version::Http10 | Version::Http11 | Version::Http1x(_) | Version::Http2 => b"HTTP/1.",
    });
    out.put_u8(match head.version {
        Version::Http09 => b'9',
        Version::Http10 => b'0',
        Version::Http1x(minor) => b'0' + minor.min(9),
        Version::Http11 | Version::Http2 => b'1',
    });
    out.put_u8(b' ');
    write_decimal(u64::from(head.status.as_u16()), out);
    out.put_u8(b' ');
    if head.reason.is_empty() {
        out.put_slice(status_text(head.status).unwrap_or_default().as_bytes());
    } else {
        // A CR that came within the line does not end it here.
        out.extend(head.reason.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    }
    out.put_slice(b"\r\n");
}

/// Writes all fields that frame nothing, sorted.
pub(super) fn write_unframed(headers: &Headers, out: &mut BytesMut) {
    for (name, value) in headers.iter_sorted().filter(|(name, _)| name.is_token() && !frames(name)) {
        write_field(name, value, out);
    }
}

/// Writes a status line with Go's words for the status, whatever a backend said. Go: `net/http/server.go` `writeStatusLine`.
pub(super) fn write_status_line(version: Version, status: StatusCode, out: &mut BytesMut) {
    out.put_slice(if version <= Version::Http10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    write_decimal(u64::from(status.as_u16()), out);
    match status_text(status) {
        Some(text) => {
            out.put_u8(b' ');
            out.put_slice(text.as_bytes());
        }
        None => {
            out.put_slice(b" status code ");
            write_decimal(u64::from(status.as_u16()), out);
        }
    }
    out.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
