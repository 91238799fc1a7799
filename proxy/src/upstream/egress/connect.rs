use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    super::{ConnectionFault, Ends, SendCause},
    EgressProxy, authority,
};
use crate::wire::{
    Channel, ResponseHead,
    host::remove_zone,
    http1::{Event, HeadLimits, ResponseReader, Wrong},
    punycode::host_field,
};

/// Asks a proxy for a tunnel to `host`, on a connection to the proxy. Behind it the connection is the tunnel.
///
/// # Errors
/// The proxy refuses, leaves, or says more than its answer: nobody but itself can have said that, since TLS waits for us to begin.
///
/// Go: `net/http/transport.go` `Transport.dialConn`.
pub(in crate::upstream) async fn connect(
    channel: &mut Channel,
    proxy: &EgressProxy,
    host: &str,
    port: u16,
    limits: HeadLimits,
) -> Result<(), SendCause> {
    let ends = Ends::of(channel.stream());
    let failed = |error| SendCause::Connection(ConnectionFault::Write(ends, error));
    channel.write_all(&request(proxy, &authority(host, port))).await.map_err(failed)?;
    channel.flush().await.map_err(failed)?;
    let head = answer(channel, ends, limits).await?;
    match head.status {
        StatusCode::OK => Ok(()),
        _ => Err(SendCause::ProxyRefused(reason(&head))),
    }
}

/// What a proxy says behind its status; of a lone status the reader takes the status itself for it.
///
/// Go: `net/http/transport.go` `Transport.dialConn`.
fn reason(head: &ResponseHead) -> String {
    if head.reason == head.status.as_str() {
        return "unknown status code".to_owned();
    }
    String::from_utf8_lossy(&head.reason).into_owned()
}

fn request(proxy: &EgressProxy, to: &str) -> Vec<u8> {
    let host = remove_zone(&host_field(&Bytes::copy_from_slice(to.as_bytes())));
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: ").into_bytes();
    request.extend_from_slice(&host);
    request.extend_from_slice(b"\r\nUser-Agent: Go-http-client/1.1\r\n");
    if let Some(authorization) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(&authorization);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

async fn answer(channel: &mut Channel, ends: Ends, limits: HeadLimits) -> Result<ResponseHead, SendCause> {
    let mut reader = ResponseReader::new(limits);
    reader.expect_answer(true); // what follows the head is no body, whatever the head says
    let mut input = BytesMut::with_capacity(1024);
    let mut at_end = false;
    loop {
        let wrong = |wrong| match wrong {
            // Go reads no further than the bound, which looks like an end.
            Wrong::Ended | Wrong::ResponseTooLarge(_) => {
                SendCause::Connection(ConnectionFault::Answer(Wrong::EndedEarly))
            }
            wrong => SendCause::Connection(ConnectionFault::Answer(wrong)),
        };
        match reader.next(&mut input, at_end).map_err(wrong)? {
            Event::Head(response) if response.head.status == StatusCode::OK && !input.is_empty() => {
                return Err(SendCause::ProxyTooEager);
            }
            Event::Head(response) => return Ok(*response.head),
            _ => {
                at_end = match channel.read_buf(&mut input).await {
                    Ok(read) => read == 0,
                    // Within a head a reset is an end: Go's reader of lines swallows the error. TLS says it again.
                    Err(_) if !input.is_empty() && !channel.is_tls() => true,
                    Err(error) => return Err(SendCause::Connection(ConnectionFault::Read(ends, error))),
                };
            }
        }
    }
}
