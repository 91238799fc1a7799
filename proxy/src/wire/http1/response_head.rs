use bytes::BytesMut;
use http::StatusCode;

use super::{
    request::has_word,
    request_writer::{OWN_BYTES, frames},
    status::status_text,
};
use crate::wire::{
    headers::{Headers, Lines, Name},
    message::{ResponseHead, Version},
};

/// Writes a 1xx head. Go: `net/http/server.go` `response.WriteHeader`.
pub fn write_informational(out: &mut BytesMut, head: &ResponseHead, version: Version) {
    let mut lines = Lines::new(out, head.headers.written_bytes() + OWN_BYTES);
    write_status_line(version, head.status, &mut lines);
    write_unframed(&head.headers, &mut lines);
    lines.put(b"\r\n");
}

/// Writes the 101 of a backend: byte for byte where the head holds its bytes, else with its version and words, and no `Date`. `head.close`
/// says that the backend ends the connection.
///
/// Go: `net/http/response.go` `Response.Write`; `apimachinery/pkg/util/proxy/upgradeaware.go` `tryUpgrade` for the bytes.
pub fn write_switch(out: &mut BytesMut, head: &ResponseHead) {
    if let Some(raw) = &head.raw {
        return out.extend_from_slice(raw);
    }
    let mut lines = Lines::new(out, head.headers.written_bytes() + OWN_BYTES);
    write_backend_line(head, &mut lines);
    if head.close {
        write_close(head, &mut lines);
    }
    write_unframed(&head.headers, &mut lines);
    lines.put(b"\r\n");
}

/// Writes `Connection: close` where the head does not say it by itself.
pub(super) fn write_close(head: &ResponseHead, lines: &mut Lines<'_>) {
    if !has_word(head.headers.get(&Name::CONNECTION).unwrap_or_default(), b"close") {
        lines.put(b"Connection: close\r\n");
    }
}

/// Writes a status line with the backend's version and words.
pub(super) fn write_backend_line(head: &ResponseHead, lines: &mut Lines<'_>) {
    lines.put(match head.version {
        Version::Http09 => b"HTTP/0.",
        Version::Http10 | Version::Http11 | Version::Http1x(_) | Version::Http2 => b"HTTP/1.",
    });
    let minor = match head.version {
        Version::Http09 => b'9',
        Version::Http10 => b'0',
        Version::Http1x(minor) => b'0' + minor.min(9),
        Version::Http11 | Version::Http2 => b'1',
    };
    lines.put(&[minor, b' ']);
    lines.put(head.status.as_str().as_bytes());
    lines.put(b" ");
    if head.reason.is_empty() {
        lines.put(status_text(head.status).unwrap_or_default().as_bytes());
    } else {
        // A CR that came within the line does not end it here.
        for part in head.reason.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            match part {
                [text @ .., b'\r' | b'\n'] => {
                    lines.put(text);
                    lines.put(b" ");
                }
                text => lines.put(text),
            }
        }
    }
    lines.put(b"\r\n");
}

/// Writes all fields that frame nothing, sorted.
pub(super) fn write_unframed(headers: &Headers, lines: &mut Lines<'_>) {
    headers.each_line(|line| {
        if !frames(line.name) {
            lines.line(&line);
        }
    });
}

/// Writes a status line with Go's words for the status, whatever a backend said. Go: `net/http/server.go` `writeStatusLine`.
pub(super) fn write_status_line(version: Version, status: StatusCode, lines: &mut Lines<'_>) {
    lines.put(if version <= Version::Http10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
    lines.put(status.as_str().as_bytes());
    match status_text(status) {
        Some(text) => {
            lines.put(b" ");
            lines.put(text.as_bytes());
        }
        None => {
            lines.put(b" status code ");
            lines.put(status.as_str().as_bytes());
        }
    }
    lines.put(b"\r\n");
}

#[cfg(test)]
mod tests;
