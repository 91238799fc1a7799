//! Clients that do not speak TLS where it is spoken.

use std::{future::poll_fn, io, pin::Pin, task::Poll};

use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use crate::world::Stream;

/// The header of a client's first record.
///
/// # Errors
/// The client left, or does not speak TLS; if what it speaks looks like HTTP it was told so, in Go's words.
///
/// Go: `crypto/tls/conn.go` `Conn.readRecordOrCCS`, `net/http/server.go` `conn.serve`.
pub(super) async fn first_header(stream: &mut Stream) -> io::Result<[u8; 5]> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let is_record = matches!(header[0], ALERT | HANDSHAKE) && header[1] < 0x10;
    if is_record {
        return Ok(header);
    }
    if HTTP_BEGINNINGS.contains(&&header) {
        stream.write_all(TOLD).await?;
    }
    take_in(stream).await;
    stream.shutdown().await?;
    Err(io::Error::new(io::ErrorKind::InvalidData, "first record does not look like a TLS handshake"))
}

/// Takes what has come off the socket: a close with bytes in it would be a reset, and the client might lose what it was told.
async fn take_in(stream: &mut Stream) {
    let mut bytes = [0; 4096];
    poll_fn(|cx| {
        let _ = Pin::new(&mut *stream).poll_read(cx, &mut ReadBuf::new(&mut bytes));
        Poll::Ready(())
    })
    .await;
}

/// Types of TLS records that may be a client's first.
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// Go: `tlsRecordHeaderLooksLikeHTTP`.
const HTTP_BEGINNINGS: [&[u8; 5]; 5] = [b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];

const TOLD: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
