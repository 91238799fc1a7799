//! Compression of long answers.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::{
    config::limits::GZIP_BYTES_MIN,
    wire::{Headers, Name, headers::trim},
};

/// The body of an answer, compressed if it is long and the client takes gzip. The headers of the answer then say so.
///
/// Go: `apiserver/pkg/endpoints/handlers/responsewriters/writers.go` `deferredResponseWriter`.
pub fn compress(headers: &mut Headers, asked: &Headers, body: Bytes) -> Bytes {
    let Some(compressed) = compressed(asked, &body) else { return body };
    headers.set(Name::CONTENT_ENCODING, "gzip");
    headers.append(Name::VARY, "Accept-Encoding");
    compressed
}

/// A body compressed, if it is long and the client takes gzip.
///
/// `asked` are the headers of the request: only an item of `Accept-Encoding` that is just `gzip` counts.
///
/// Go: `writers.go` `negotiateContentEncoding`.
pub fn compressed(asked: &Headers, body: &Bytes) -> Option<Bytes> {
    let accepted = asked.get(&Name::ACCEPT_ENCODING)?;
    if body.len() <= GZIP_BYTES_MIN || !accepted.split(|byte| *byte == b',').any(|item| trim(item) == b"gzip") {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 8), Compression::new(1));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}
