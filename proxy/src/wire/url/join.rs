//! A request's URL laid on a backend's base.

use bytes::Bytes;

use super::Url;
use super::parse::concat;

/// `path` and `raw_path` of a request behind a base, with one slash at the seam; nothing else is cleaned.
///
/// Go: `net/http/httputil/reverseproxy.go` `joinURLPath` (go1.26.8). Trace: `fixtures/vectors/join.json`.
pub fn join_paths(base: &Url, request: &Url) -> (Bytes, Bytes) {
    if base.raw_path.is_empty() && request.raw_path.is_empty() {
        let seam = Seam::between(&base.path, &request.path);
        return (seam.join(&base.path, &request.path), Bytes::new());
    }
    // The escaped forms decide: an escaped slash is none.
    let escaped_base = base.escaped_path();
    let escaped_request = request.escaped_path();
    let seam = Seam::between(&escaped_base, &escaped_request);
    (seam.join(&base.path, &request.path), seam.join(&escaped_base, &escaped_request))
}

/// Both queries with `&` between them; a query that is empty leaves the other as it is. Go: `rewriteRequestURL`.
pub fn join_queries(base: &Bytes, request: &Bytes) -> Bytes {
    if base.is_empty() {
        return request.clone();
    }
    if request.is_empty() {
        return base.clone();
    }
    concat(&[base, b"&", request])
}

/// How many slashes meet where two paths do.
#[derive(Clone, Copy)]
enum Seam {
    Neither,
    One,
    Both,
}

impl Seam {
    fn between(base: &[u8], request: &[u8]) -> Self {
        match (base.ends_with(b"/"), request.starts_with(b"/")) {
            (true, true) => Self::Both,
            (false, false) => Self::Neither,
            _ => Self::One,
        }
    }

    fn join(self, base: &Bytes, request: &Bytes) -> Bytes {
        match self {
            Self::Neither => concat(&[base, b"/", request]),
            Self::One if base.is_empty() => request.clone(),
            Self::One if request.is_empty() => base.clone(),
            Self::One => concat(&[base, request]),
            Self::Both if base == "/" => request.clone(),
            Self::Both => concat(&[base, request.get(1..).unwrap_or_default()]),
        }
    }
}
