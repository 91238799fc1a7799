//! A connection's bytes, plain or through TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{client, server};

use super::throttle::Throttled;
use crate::world::Stream;

/// A connection's bytes, plain or through TLS.
///
/// Shutting it down ends the writing side: over TLS with close_notify first, then FIN.
#[derive(Debug)]
pub enum Channel {
    /// No TLS.
    Plain(Stream),
    /// TLS with a client.
    Server(Box<server::TlsStream<Stream>>),
    /// TLS with a backend.
    Client(Box<client::TlsStream<Stream>>),
    /// TLS with a backend, within TLS with a proxy.
    Tunnelled(Box<client::TlsStream<Channel>>),
    /// Any of these, with a bound of bytes per second.
    Throttled(Box<Throttled>),
}

impl Channel {
    /// The stream below TLS.
    pub fn stream(&self) -> &Stream {
        match self {
            Self::Plain(stream) => stream,
            Self::Server(tls) => tls.get_ref().0,
            Self::Client(tls) => tls.get_ref().0,
            Self::Tunnelled(tls) => tls.get_ref().0.stream(),
            Self::Throttled(bounded) => bounded.get_ref().stream(),
        }
    }

    /// The other end; none for a unix socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream().peer()
    }

    /// Whether TLS is spoken.
    pub fn is_tls(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Server(_) | Self::Client(_) | Self::Tunnelled(_) => true,
            Self::Throttled(bounded) => bounded.get_ref().is_tls(),
        }
    }

    /// Ends the connection so that the peer sees a reset, not an end.
    pub fn reset(self) {
        match self {
            Self::Plain(stream) => stream.reset(),
            Self::Server(tls) => tls.into_inner().0.reset(),
            Self::Client(tls) => tls.into_inner().0.reset(),
            Self::Tunnelled(tls) => tls.into_inner().0.reset(),
            Self::Throttled(bounded) => bounded.into_inner().reset(),
        }
    }
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Server(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::Client(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::Tunnelled(tls) => Pin::new(tls).poll_read(cx, buf),
            Self::Throttled(bounded) => Pin::new(bounded).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Server(tls) => Pin::new(tls).poll_write(cx, buf),
            Self::Client(tls) => Pin::new(tls).poll_write(cx, buf),
            Self::Tunnelled(tls) => Pin::new(tls).poll_write(cx, buf),
            Self::Throttled(bounded) => Pin::new(bounded).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Server(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            Self::Client(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            Self::Tunnelled(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
            Self::Throttled(bounded) => Pin::new(bounded).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Server(tls) => Pin::new(tls).poll_flush(cx),
            Self::Client(tls) => Pin::new(tls).poll_flush(cx),
            Self::Tunnelled(tls) => Pin::new(tls).poll_flush(cx),
            Self::Throttled(bounded) => Pin::new(bounded).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Server(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Client(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Tunnelled(tls) => Pin::new(tls).poll_shutdown(cx),
            Self::Throttled(bounded) => Pin::new(bounded).poll_shutdown(cx),
        }
    }
}
