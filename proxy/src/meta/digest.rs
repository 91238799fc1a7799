//! What a document is known by in caches.

use bytes::Bytes;
use sha2::{Digest as _, Sha512};

/// The SHA-512 of a document, in upper-case hex, as it stands in `Etag` and in addresses.
///
/// Go: `apiserver/pkg/endpoints/discovery/aggregated/etag.go` `calculateETag`, `kube-openapi/pkg/handler3/handler.go` `computeETag`.
pub fn sha512(document: &[u8]) -> String {
    format!("{:X}", Bytes::copy_from_slice(&Sha512::digest(document)))
}
