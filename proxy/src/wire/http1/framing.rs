use bytes::Bytes;
use http::StatusCode;

use super::{head::Fields, wrong::Wrong};
use crate::wire::{
    body::{Length, parse_length},
    headers::{Headers, Name, trim},
    message::may_have_body,
    token::tokens,
    trailers::{Announced, each_once},
};

/// Major and minor.
pub(super) type Number = (u8, u8);

/// How a message is framed, and whether the connection ends behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) length: Length,
    /// What `Content-Length` says.
    pub(super) declared: Option<u64>,
    pub(super) announced: Announced,
    /// Whether the message says so itself.
    pub(super) says_close: bool,
    pub(super) close: bool,
}

/// How the body of a request is framed.
///
/// Where both fields frame it, chunked wins, and the connection ends behind the answer: an implementation between the client and us may
/// have counted otherwise. Go goes on with it.
///
/// # Errors
/// The fields contradict one another or are not understood.
///
/// Go: `net/http/transfer.go` `readTransfer`.
pub(super) fn of_request(version: Number, fields: &mut Fields) -> Result<Framing, Wrong> {
    let says_close = should_close(version, &fields.headers);
    if version == (1, 0) && !fields.encodings.is_empty() {
        return Err(Wrong::EncodingInHttp10);
    }
    let chunked = is_chunked(version, &fields.encodings)?;
    let declared = content_length(&fields.lengths)?;
    let close = says_close || (chunked && declared.is_some());
    let length = match (chunked, declared) {
        (true, _) => Length::Unknown,
        (false, None | Some(0)) => Length::Empty,
        (false, Some(bytes)) => Length::Exactly(bytes),
    };
    let announced = announced(&fields.trailers, chunked)?;
    Ok(Framing { length, declared: declared.filter(|_| !chunked), announced, says_close, close })
}

/// How the body of a response with this status is framed.
///
/// `Connection` is taken out of the fields where it says close, as Go does; what else it names goes with it, where Go forgets it.
///
/// # Errors
/// The fields contradict one another or are not understood.
///
/// Go: `net/http/transfer.go` `readTransfer`, `fixLength`, `shouldClose`.
pub(super) fn of_response(
    version: Number,
    status: StatusCode,
    to_head: bool,
    fields: &mut Fields,
) -> Result<Framing, Wrong> {
    let says_close = should_close(version, &fields.headers);
    if says_close && version > (1, 0) {
        fields.headers.remove_named(&Name::CONNECTION);
        fields.headers.remove(&Name::CONNECTION);
    }
    let chunked = is_chunked(version, &fields.encodings)?;
    let mut declared = content_length(&fields.lengths)?;
    // A backend that frames in two ways at once is not asked again: its next bytes may be anybody's. Behind a switch they are the tunnel's.
    let two_ways = !fields.encodings.is_empty() && (declared.is_some() || !chunked);
    let distrusted = two_ways && status != StatusCode::SWITCHING_PROTOCOLS;
    let bodyless = to_head || !may_have_body(status);
    if chunked && !bodyless {
        declared = None;
    }
    let length = match (bodyless, chunked, declared) {
        (true, ..) | (false, false, Some(0)) => Length::Empty,
        (false, true, _) => Length::Unknown,
        (false, false, Some(bytes)) => Length::Exactly(bytes),
        (false, false, None) => Length::UntilClose,
    };
    let close = says_close || distrusted || length == Length::UntilClose;
    let announced = announced(&fields.trailers, chunked)?;
    Ok(Framing { length, declared, announced, says_close, close })
}

/// Whether the connection ends behind the message. Go: `net/http/transfer.go` `shouldClose`.
fn should_close(version: Number, headers: &Headers) -> bool {
    let close = headers.has_token(&Name::CONNECTION, b"close");
    match version {
        (0, _) => true,
        (1, 0) => close || !headers.has_token(&Name::CONNECTION, b"keep-alive"),
        _ => close,
    }
}

/// One `chunked`, or nothing; ignored below HTTP/1.1. Go: `net/http/transfer.go` `parseTransferEncoding`.
fn is_chunked(version: Number, encodings: &[Bytes]) -> Result<bool, Wrong> {
    match encodings {
        [] => Ok(false),
        _ if version < (1, 1) => Ok(false),
        [one] if one.eq_ignore_ascii_case(b"chunked") => Ok(true),
        [one] => Err(Wrong::Encoding(one.clone())),
        many => Err(Wrong::Encodings(many.to_vec())),
    }
}

/// The number that the fields agree on. Go: `net/http/transfer.go` `fixLength`, `parseContentLength`.
fn content_length(lengths: &[Bytes]) -> Result<Option<u64>, Wrong> {
    let Some(first) = lengths.first() else { return Ok(None) };
    let text = trim(first);
    if lengths[1..].iter().any(|other| trim(other) != text) {
        return Err(Wrong::Lengths(lengths.to_vec()));
    }
    if text.is_empty() {
        return Err(Wrong::EmptyLength);
    }
    parse_length(text).map(Some).ok_or_else(|| Wrong::Length(first.slice_ref(text)))
}

/// The names that `Trailer` lists, each once; none unless the body is chunked. Go: `net/http/transfer.go` `fixTrailer`.
fn announced(trailers: &[Bytes], chunked: bool) -> Result<Announced, Wrong> {
    if !chunked {
        return Ok(Announced::new());
    }
    let items = || trailers.iter().flat_map(|value| tokens(value)).filter(|item| !item.is_empty());
    let names = || items().map(Name::from_slice);
    let framing = [Name::TRANSFER_ENCODING, Name::TRAILER, Name::CONTENT_LENGTH];
    match names().find(|name| framing.contains(name)) {
        Some(name) => Err(Wrong::TrailerName(name)),
        None => Ok(each_once(names())),
    }
}
