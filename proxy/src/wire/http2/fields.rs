use bytes::{BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::headers::{Headers, Name};

/// More names than the `http` crate can hold in one message (24 576).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many header fields for HTTP/2")]
pub struct TooManyFields;

/// Fields that came off a stream: names canonical, values of one name in their order.
///
/// The values are copied into one block: `HeaderValue` gives its bytes to nobody.
pub(super) fn from_map(map: &HeaderMap) -> Headers {
    let mut headers = Headers::with_capacity(map.len());
    let mut block = BytesMut::with_capacity(map.values().map(HeaderValue::len).sum());
    for lower in map.keys() {
        let name = Name::from_slice(lower.as_str().as_bytes());
        for value in map.get_all(lower) {
            block.put_slice(value.as_bytes());
            headers.append(name.clone(), block.split().freeze());
        }
    }
    headers
}

/// An empty map with room for so many names.
pub(super) fn map_for(names: usize) -> Result<HeaderMap, TooManyFields> {
    HeaderMap::try_with_capacity(names).map_err(|_| TooManyFields)
}

/// Puts a field behind the others. As in Go, a name that is no token and a value with a control byte are left out.
///
/// Fields of a connection are left out as well, where Go sends `keep-alive` and others that a handler sets: RFC 9113 calls such a message
/// malformed, and the `h2` crate refuses to send it.
pub(super) fn put(map: &mut HeaderMap, name: &Name, value: &Bytes) -> Result<(), TooManyFields> {
    let stays_here = is_of_connection(name) || (*name == Name::TE && value != "trailers");
    if stays_here || !name.is_token() {
        return Ok(());
    }
    let Ok(lower) = HeaderName::from_bytes(name.as_bytes()) else { return Ok(()) };
    let Ok(value) = HeaderValue::from_maybe_shared(value.clone()) else { return Ok(()) };
    map.try_append(lower, value).map(drop).map_err(|_| TooManyFields)
}

/// Trailers, sorted by name as Go sends them; those that no trailer may be are left out.
///
/// Go: `net/http/h2_bundle.go` `responseWriterState.promoteUndeclaredTrailers`.
///
/// # Errors
/// There are too many.
pub fn trailers_to_map(trailers: &Headers) -> Result<HeaderMap, TooManyFields> {
    let mut map = HeaderMap::new();
    for (name, value) in trailers.iter_sorted() {
        if may_be_trailer(name) {
            put(&mut map, name, value)?;
        }
    }
    Ok(map)
}

/// Whether a trailer may have this name.
///
/// Go: `golang.org/x/net/http/httpguts/guts.go` `ValidTrailerHeader`.
pub fn may_be_trailer(name: &Name) -> bool {
    !name.as_bytes().starts_with(b"If-") && !NO_TRAILERS.contains(&name.as_bytes())
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

/// Go: `golang.org/x/net/http/httpguts/guts.go` `badTrailer`.
const NO_TRAILERS: [&[u8]; 21] = [
    b"Authorization",
    b"Cache-Control",
    b"Connection",
    b"Content-Encoding",
    b"Content-Length",
    b"Content-Range",
    b"Content-Type",
    b"Expect",
    b"Host",
    b"Keep-Alive",
    b"Max-Forwards",
    b"Pragma",
    b"Proxy-Authenticate",
    b"Proxy-Authorization",
    b"Proxy-Connection",
    b"Range",
    b"Realm",
    b"Te",
    b"Trailer",
    b"Transfer-Encoding",
    b"Www-Authenticate",
];
