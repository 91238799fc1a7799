use bytes::{BufMut as _, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE, DATE},
};

use super::fields::{self, TooManyFields};
use crate::wire::{
    body::Length,
    headers::{Headers, Name, trim},
    message::{Announced, ResponseHead, Version},
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

/// A response's head: its fields sorted by canonical name, then the framing.
///
/// Go: `net/http/h2_bundle.go` `writeResHeaders.writeFrame`.
///
/// # Errors
/// It has too many fields.
pub fn write_response(head: &ResponseHead, framing: Framing) -> Result<Response<()>, TooManyFields> {
    let mut map = fields::map_for(head.headers.len() + 4)?;
    let mut trailer = trailer_field(&head.announced);
    for (name, value) in head.headers.iter_sorted() {
        if *name > Name::TRAILER
            && let Some(names) = trailer.take()
        {
            fields::put(&mut map, &Name::TRAILER, &names)?;
        }
        if *name != Name::CONTENT_LENGTH {
            fields::put(&mut map, name, value)?;
        }
    }
    if let Some(names) = trailer {
        fields::put(&mut map, &Name::TRAILER, &names)?;
    }
    let content_type = framing.content_type.map(HeaderValue::from_static);
    let content_length = framing.content_length.map(HeaderValue::from);
    let date = framing.date.and_then(|date| HeaderValue::from_bytes(&date).ok());
    for (name, value) in [(CONTENT_TYPE, content_type), (CONTENT_LENGTH, content_length), (DATE, date)] {
        if let Some(value) = value {
            map.try_append(name, value).map_err(|_| TooManyFields)?;
        }
    }
    Ok(response(head, map))
}

/// A 1xx head: its fields and nothing else.
///
/// # Errors
/// It has too many fields.
pub fn informational(head: &ResponseHead) -> Result<Response<()>, TooManyFields> {
    let mut map = fields::map_for(head.headers.len())?;
    for (name, value) in head.headers.iter_sorted() {
        if *name != Name::CONTENT_LENGTH {
            fields::put(&mut map, name, value)?;
        }
    }
    Ok(response(head, map))
}

fn response(head: &ResponseHead, map: HeaderMap) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = head.status;
    *response.headers_mut() = map;
    response
}

/// `X-A, X-B`, none if nothing is announced.
fn trailer_field(announced: &Announced) -> Option<Bytes> {
    let mut names = BytesMut::new();
    for name in announced {
        if !names.is_empty() {
            names.put_slice(b", ");
        }
        names.put_slice(name.as_bytes());
    }
    (!names.is_empty()).then(|| names.freeze())
}

/// Reads the head of a backend's response, and how the end of its body will be known; `bodyless` says that HEADERS ended the stream or
/// that the
/// request was HEAD.
///
/// Go: `net/http/h2_bundle.go` `clientConnReadLoop.handleResponse`.
pub fn read_response(parts: http::response::Parts, bodyless: bool) -> (ResponseHead, Length) {
    let mut headers = fields::from_map(&parts.headers);
    let content_length = headers.get(&Name::CONTENT_LENGTH).and_then(super::request::parse_length);
    headers.remove(&Name::CONTENT_LENGTH);
    let announced = announced(&headers);
    headers.remove(&Name::TRAILER);
    let length = match content_length {
        _ if bodyless => Length::Empty,
        Some(0) => Length::Empty,
        Some(length) => Length::Exactly(length),
        None => Length::Unknown,
    };
    let mut head = ResponseHead::new(parts.status);
    head.version = Version::Http2;
    head.headers = headers;
    head.content_length = content_length;
    head.announced = announced;
    (head, length)
}

/// Every name that `Trailer` fields announce, each once. Go: `foreachHeaderElement`.
fn announced(headers: &Headers) -> Announced {
    let mut announced = Announced::new();
    for list in headers.all(&Name::TRAILER) {
        for name in list.split(|byte| *byte == b',').map(trim).filter(|name| !name.is_empty()) {
            let name = Name::from_slice(name);
            if !announced.contains(&name) {
                announced.push(name);
            }
        }
    }
    announced
}
