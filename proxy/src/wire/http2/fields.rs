use bytes::Bytes;

use super::hpack::BlockWriter;
use crate::wire::{
    headers::{Headers, Name},
    token::is_valid_field_value,
    trailers::{keep_announced, may_be_trailer},
};

/// Writes a field. As in Go, a name that is no token and a value with a control byte are left out.
///
/// Fields of a connection are left out as well, where Go sends `keep-alive` and others that a handler sets: RFC 9113 calls such a message
/// malformed.
pub(super) fn write_field(name: &Name, value: &[u8], block: &mut BlockWriter<'_>) {
    let stays_here = is_of_connection(name) || (*name == Name::TE && value != b"trailers");
    if !stays_here && name.is_token() && is_valid_field_value(value) {
        block.field(name, value);
    }
}

/// Writes trailers, sorted by name as Go sends them; those that no trailer may be are left out.
///
/// Go: `net/http/h2_bundle.go` `responseWriterState.promoteUndeclaredTrailers`.
pub(super) fn write_trailers(trailers: &Headers, block: &mut BlockWriter<'_>) {
    for (name, value) in trailers.iter_sorted() {
        if may_be_trailer(name) {
            write_field(name, value, block);
        }
    }
}

/// Whether anything of these trailers would be sent.
pub fn has_trailers(trailers: &Headers) -> bool {
    trailers.iter().any(|(name, value)| {
        may_be_trailer(name) && !is_of_connection(name) && name.is_token() && is_valid_field_value(value)
    })
}

/// What the handler may see of a request's trailers: those that were announced.
///
/// Go: `net/http/h2_bundle.go` `stream.processTrailerHeaders`, `stream.copyTrailersToHandlerRequest`.
///
/// # Errors
/// One of them may be none.
pub(super) fn read_trailers(mut trailers: Headers, announced: &[Name]) -> Result<Option<Headers>, &'static str> {
    if !announced.is_empty() && !trailers.iter().all(|(name, _)| may_be_trailer(name)) {
        return Err("invalid trailer field");
    }
    keep_announced(&mut trailers, announced);
    Ok((!trailers.is_empty()).then_some(trailers))
}

/// A number in digits.
pub(super) fn digits(number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = number;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return &buffer[at..];
        }
    }
}

/// The values of a field as one, with `between` between them.
pub(super) fn joined<'a>(values: impl Iterator<Item = &'a [u8]>, between: &[u8]) -> Bytes {
    values.collect::<Vec<_>>().join(between).into()
}

/// Whether the field belongs to one connection of HTTP/1, so that no HTTP/2 message may have it.
fn is_of_connection(name: &Name) -> bool {
    OF_CONNECTION.iter().any(|(other, _)| other == name)
}

/// The fields of one connection of HTTP/1, and how Go spells them.
///
/// Go: `net/http/h2_bundle.go` `connHeaders`.
pub(super) const OF_CONNECTION: [(Name, &str); 5] = [
    (Name::CONNECTION, "Connection"),
    (Name::KEEP_ALIVE, "Keep-Alive"),
    (Name::PROXY_CONNECTION, "Proxy-Connection"),
    (Name::TRANSFER_ENCODING, "Transfer-Encoding"),
    (Name::UPGRADE, "Upgrade"),
];
