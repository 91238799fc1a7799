//! Trailers: the names that announce them, and those that none may have.
//!
//! A head of 1 MiB has room for 100,000 names: they are looked up here, never compared all with all.

use std::collections::BTreeSet;

use super::headers::{Headers, Name};

/// The names of trailers that a message announces, in their order.
pub type Announced = Vec<Name>;

/// Of each name the first, and no more of them than can come.
pub(super) fn each_once(names: impl Iterator<Item = Name>) -> Announced {
    let (mut once, mut seen) = (Announced::new(), BTreeSet::new());
    for name in names {
        // Most announce one.
        if !once.is_empty() && seen.is_empty() {
            seen.extend(once.first().cloned());
        }
        if once.is_empty() || (once.len() < ANNOUNCED_MAX && seen.insert(name.clone())) {
            once.push(name);
        }
    }
    once
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

/// Trailers take 4 KiB at most on HTTP/1, as in Go, and each of them four bytes. Of a head of 1 MiB that announces nothing else 500,000
/// names were kept.
const ANNOUNCED_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_announced_once_and_no_more_than_can_come() {
        let names = |names: &[&str]| each_once(names.iter().map(|name| Name::from_slice(name.as_bytes())));
        assert_eq!(names(&["b", "A", "B", "a", "c"]), ["B", "A", "C"].map(|name| Name::from_slice(name.as_bytes())));
        let many = (0..5_000).map(|number| Name::from_slice(format!("x-{number}").as_bytes()));
        assert_eq!(each_once(many).len(), ANNOUNCED_MAX);
    }
}
