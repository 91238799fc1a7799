//! The body of a request.

use bytes::{Bytes, BytesMut};

use super::{document::Document, protobuf};
use crate::{
    config::limits::REQUEST_BODY_BYTES_MAX,
    meta::{Media, Status},
    refusal::Refusal,
    wire::{Exchange, Frame, Name, RequestHead, body::Length, media_type::media_type},
};

/// Reads the body to its end.
///
/// # Errors
/// 413: it is longer than Go reads; 500: it was cut.
pub(super) async fn read_body(exchange: &mut Exchange) -> Result<Bytes, Refusal> {
    let mut body = exchange.take_body();
    let too_long = || Status::entity_too_large(format!("limit is {REQUEST_BODY_BYTES_MAX}"));
    if matches!(body.length(), Length::Exactly(bytes) if bytes > REQUEST_BODY_BYTES_MAX as u64) {
        return Err(too_long().into());
    }
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(bytes)) => {
                if read.len() + bytes.len() > REQUEST_BODY_BYTES_MAX {
                    return Err(too_long().into());
                }
                read.extend_from_slice(&bytes);
            }
            Ok(Frame::Flush | Frame::Trailers(_)) => {}
            Err(cut) => return Err(Status::plain_error(cut.to_string()).into()),
        }
    }
    Ok(read.freeze())
}

/// The form of the body.
///
/// # Errors
/// 415: it is none that is understood.
///
/// Go: `negotiation/negotiate.go` `NegotiateInputSerializer`.
pub(super) fn body_media(head: &RequestHead) -> Result<Media, Status> {
    let Some(value) = head.headers.get(&Name::CONTENT_TYPE).filter(|value| !value.is_empty()) else {
        return Ok(Media::Json);
    };
    media_type(value).and_then(|name| Media::from_content_type(&name)).ok_or_else(|| {
        let known: Vec<&str> = Media::ALL.iter().map(|media| media.content_type()).collect();
        unknown_format(&known)
    })
}

/// Go: `negotiation/errors.go` `errUnsupportedMediaType`.
pub(super) fn unknown_format(known: &[&str]) -> Status {
    Status::unsupported_media_type(format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        known.join(", ")
    ))
}

/// Reads a body in its form.
///
/// # Errors
/// What is wrong, in Go's words.
pub(super) fn parse(media: Media, body: &[u8]) -> Result<Document, String> {
    match media {
        Media::Json => Document::json(body),
        Media::Yaml => Document::yaml(body),
        Media::Protobuf => protobuf::decode(body).map(|value| Document { value, ..Document::default() }),
    }
}

/// What was sent, for a sentence: text if it looks like JSON, else hexadecimal. Go: `rest.go` `summarizeData`.
pub(super) fn summary(body: &[u8]) -> String {
    const SHOWN_BYTES_MAX: usize = 30;
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let shown = &body[..body.len().min(SHOWN_BYTES_MAX)];
    let more = if body.len() > SHOWN_BYTES_MAX { " ..." } else { "" };
    if body.starts_with(b"{") {
        return format!("{}{more}", String::from_utf8_lossy(shown));
    }
    let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}{more}")
}
