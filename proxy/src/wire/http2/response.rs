use http::StatusCode;

use super::{
    block::Block,
    fields::{digits, joined, write_field},
    hpack::{BlockWriter, Pseudo},
};
use crate::wire::{
    body::{Length, parse_length},
    headers::Name,
    message::{ResponseHead, Version, may_have_body},
    trailers::each_once,
};

/// What whoever sends a response puts behind its own fields, each where it is there, in this order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Framing {
    /// The type that was found by looking at the body.
    pub content_type: Option<&'static str>,
    /// The length of the body; on HEAD and 304 of the body that is not sent.
    pub content_length: Option<u64>,
    /// The time.
    pub date: Option<[u8; 29]>,
}

/// Writes a response's head: its fields sorted by canonical name, then the framing.
///
/// Go: `net/http/h2_bundle.go` `writeResHeaders.writeFrame`.
pub(super) fn write_response(head: &ResponseHead, framing: Framing, block: &mut BlockWriter<'_>) {
    block.pseudo(Pseudo::Status, head.status.as_str().as_bytes());
    let mut trailer = Some(head.announced_lines());
    for (name, value) in head.headers.iter_sorted() {
        if *name > Name::TRAILER
            && let Some(lines) = trailer.take()
        {
            lines.for_each(|names| write_trailer_field(names, block));
        }
        if *name != Name::CONTENT_LENGTH {
            write_field(name, value, block);
        }
    }
    trailer.into_iter().flatten().for_each(|names| write_trailer_field(names, block));
    if let Some(content_type) = framing.content_type {
        block.field(&Name::CONTENT_TYPE, content_type.as_bytes());
    }
    if let Some(length) = framing.content_length {
        block.field(&Name::CONTENT_LENGTH, digits(length, &mut [0; 20]));
    }
    if let Some(date) = framing.date {
        block.field(&Name::DATE, &date);
    }
}

/// Writes a 1xx head: its fields and nothing else.
pub(super) fn write_informational(head: &ResponseHead, block: &mut BlockWriter<'_>) {
    block.pseudo(Pseudo::Status, head.status.as_str().as_bytes());
    for (name, value) in head.headers.iter_sorted() {
        if *name != Name::CONTENT_LENGTH {
            write_field(name, value, block);
        }
    }
}

/// `X-A, X-B`.
fn write_trailer_field(names: &[Name], block: &mut BlockWriter<'_>) {
    write_field(&Name::TRAILER, &joined(names.iter().map(Name::as_bytes), b", "), block);
}

/// Reads the head of a backend's response, and how the end of its body will be known.
///
/// Go: `net/http/h2_bundle.go` `clientConnReadLoop.handleResponse`.
///
/// # Errors
/// It is no response.
pub(super) fn read_response(
    block: Block,
    ends_stream: bool,
    is_head_only: bool,
) -> Result<(ResponseHead, Length), &'static str> {
    let Block { status, fields: mut headers, .. } = block;
    let status = status.filter(|status| !status.is_empty());
    let status = status.ok_or("malformed response from server: missing status pseudo header")?;
    let status = StatusCode::from_bytes(&status)
        .map_err(|_| "malformed response from server: malformed non-numeric status pseudo header")?;
    // Of several none counts.
    let content_length = match headers.all(&Name::CONTENT_LENGTH).nth(1) {
        Some(_) => None,
        None => headers.get(&Name::CONTENT_LENGTH).and_then(parse_length),
    };
    headers.remove(&Name::CONTENT_LENGTH);
    let announced = each_once(headers.names_in(&Name::TRAILER));
    headers.remove(&Name::TRAILER);
    let length = match content_length {
        _ if is_head_only || (ends_stream && !may_have_body(status)) => Length::Empty,
        Some(0) if ends_stream => Length::Empty,
        // Where the stream has ended, bytes are missing, and the reader is told so.
        Some(length) => Length::Exactly(length),
        None if ends_stream => Length::Empty,
        None => Length::Unknown,
    };
    let mut head = ResponseHead::new(status);
    head.version = Version::Http2;
    head.headers = headers;
    head.content_length = content_length;
    head.announced = announced;
    Ok((head, length))
}
