//! Pipes in memory, as connections for tests.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::Channel;
use crate::world::{Io, Stream};

/// Tells whether a pipe's other end was reset.
#[derive(Clone, Debug, Default)]
pub(crate) struct WasReset(Arc<AtomicBool>);

impl WasReset {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct Pipe {
    bytes: DuplexStream,
    was_reset: WasReset,
}

/// The peer's end of a pipe that holds so many bytes, and ours.
pub(crate) fn pipe(bytes: usize) -> (DuplexStream, Channel) {
    let (peer, ours, _) = pipe_that_tells(bytes);
    (peer, ours)
}

/// The same, and whether ours was reset.
pub(crate) fn pipe_that_tells(bytes: usize) -> (DuplexStream, Channel, WasReset) {
    let (peer, ours, was_reset) = stream(bytes);
    (peer, Channel::Plain(ours), was_reset)
}

/// The same as a network gives it.
pub(crate) fn stream(bytes: usize) -> (DuplexStream, Stream, WasReset) {
    let (peer, ours) = duplex(bytes);
    let was_reset = WasReset::default();
    let pipe = Pipe { bytes: ours, was_reset: was_reset.clone() };
    (peer, Stream::Simulated(Box::pin(pipe)), was_reset)
}

impl Io for Pipe {
    fn peer(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 1))
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 2], 2))
    }

    fn reset(self: Pin<Box<Self>>) {
        self.was_reset.0.store(true, Ordering::Relaxed);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.bytes).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.bytes).poll_shutdown(cx)
    }
}
