use std::{io, net::SocketAddr};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;
use crate::world::{Io, Stream};

/// A connection that gives its peer nothing until it is flushed, and needs two calls for that: as TLS on a full socket.
#[derive(Debug)]
struct HoldsBack {
    bytes: DuplexStream,
    held: Vec<u8>,
    asked: bool,
}

impl Io for HoldsBack {
    fn peer(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 1))
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 2], 2))
    }

    fn reset(self: Pin<Box<Self>>) {}
}

impl AsyncRead for HoldsBack {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_read(cx, buf)
    }
}

impl AsyncWrite for HoldsBack {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(buf);
        self.asked = false;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.asked, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let held = std::mem::take(&mut self.held);
        let _all_of_it = std::task::ready!(Pin::new(&mut self.bytes).poll_write(cx, &held))?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn a_100_that_the_channel_holds_back_is_flushed_until_it_is_out() {
    // The flush was tried once: client and server waited for one another.
    let (mut client, bytes) = tokio::io::duplex(4096);
    let held_back = HoldsBack { bytes, held: Vec::new(), asked: false };
    let channel = Channel::Plain(Stream::Simulated(Box::pin(held_back)));
    let world = real::world([0; 32]);
    let peer = Peer::new(None, None);
    let handler = Scripted(async |exchange: &mut Exchange| {
        while let Some(Ok(_)) = exchange.body.frame().await {}
        Ok(ok(Body::empty()))
    });
    let (settings, (_stopper, stop)) = (Settings::bounded(None), Stopper::new());
    let talk = async move {
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
        client.write_all(head).await.unwrap();
        assert_eq!(read_quiet(&mut client).await, "HTTP/1.1 100 Continue\r\n\r\n");
        client.write_all(b"ok").await.unwrap();
        assert!(read_quiet(&mut client).await.starts_with("HTTP/1.1 200 OK\r\n"));
    };
    tokio::join!(serve(channel, peer, &handler, &settings, &world, stop), talk);
}
