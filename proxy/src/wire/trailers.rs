//! Trailers: the names that announce them, and those that none may have.
//!
//! A head of 1 MiB has room for 100,000 names: they are looked up here, never compared all with all.

use std::collections::BTreeSet;

use super::headers::{Headers, Name};

/// The names of trailers that a message announces, in their order.
pub type Announced = Vec<Name>;

/// Leaves of each name the first.
pub(super) fn each_once(names: &mut Announced) {
    if names.len() > 1 {
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
    }
}

/// Whether every one of the trailers was announced.
pub(super) fn were_announced(trailers: &Headers, announced: &[Name]) -> bool {
    let announced: BTreeSet<&Name> = announced.iter().collect();
    trailers.iter().all(|(name, _)| announced.contains(name))
}

/// Takes out the trailers that were not announced.
pub(super) fn keep_announced(trailers: &mut Headers, announced: &[Name]) {
    let announced: BTreeSet<&Name> = announced.iter().collect();
    trailers.retain(|name, _| announced.contains(name));
}

/// Whether a trailer may have this name.
///
/// Go: `golang.org/x/net/http/httpguts/guts.go` `ValidTrailerHeader`.
pub fn may_be_trailer(name: &Name) -> bool {
    !name.as_bytes().starts_with(b"If-") && !NO_TRAILERS.contains(&name.as_bytes())
}

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
