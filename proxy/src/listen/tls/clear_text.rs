//! Clients that do not speak TLS where it is spoken.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::world::Stream;

/// The first bytes of a client, as far as they have come: at least a record's header.
///
/// # Errors
/// The client left, or does not speak TLS; if what it speaks looks like HTTP it was told so, in Go's words.
///
/// Go: `crypto/tls/conn.go` `Conn.readRecordOrCCS`, `net/http/server.go` `conn.serve`.
pub(super) async fn first_bytes(stream: &mut Stream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(FIRST_BYTES_MAX);
    while bytes.len() < RECORD_HEADER_BYTES {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let is_record = matches!(bytes[0], ALERT | HANDSHAKE) && bytes[1] < 0x10;
    if is_record {
        return Ok(bytes);
    }
    if HTTP_BEGINNINGS.iter().any(|beginning| bytes.starts_with(&beginning[..])) {
        stream.write_all(TOLD).await?;
    }
    stream.shutdown().await?;
    Err(io::Error::new(io::ErrorKind::InvalidData, "first record does not look like a TLS handshake"))
}

const RECORD_HEADER_BYTES: usize = 5;
/// What is taken in at once. A usual hello is whole in it; more is read by TLS.
const FIRST_BYTES_MAX: usize = 1024;

/// Types of TLS records that may be a client's first.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// Go: `tlsRecordHeaderLooksLikeHTTP`.
const HTTP_BEGINNINGS: [&[u8; 5]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];

const TOLD: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
