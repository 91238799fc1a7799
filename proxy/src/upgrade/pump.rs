use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::{config::limits::TUNNEL_READ_BYTES, wire::Channel};

/// One direction of a tunnel: what was read is written before more is read, so that a slow reader slows the writer.
///
/// A message is written from where it was read to, on the stack: no copy of ours, no memory asked for, and none held while a tunnel idles.
/// Only what the sink does not take at once is copied and kept.
#[derive(Debug)]
pub(super) struct Pump {
    /// What has come and is not written.
    waiting: Bytes,
    state: State,
    unflushed: bool,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    SourceEnded,
    Over(End),
}

/// How a direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The source ended, and the sink was told.
    Clean,
    /// One of the two connections failed.
    Failed,
}

impl Pump {
    /// A direction; `early` is what has come already.
    pub(super) fn new(early: Bytes) -> Self {
        Self { waiting: early, state: State::Open, unflushed: false, bytes: 0 }
    }

    /// How many bytes were carried.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Carries what there is; ready when the direction is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, source: &mut Channel, sink: &mut Channel) -> Poll<End> {
        if let State::Over(end) = self.state {
            return Poll::Ready(end);
        }
        let end = match ready!(self.poll_carry(cx, source, sink)) {
            Ok(()) => End::Clean,
            Err(_) => End::Failed,
        };
        self.state = State::Over(end);
        Poll::Ready(end)
    }

    fn poll_carry(&mut self, cx: &mut Context<'_>, source: &mut Channel, sink: &mut Channel) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_write_waiting(cx, sink))?;
            if self.state == State::SourceEnded {
                return Pin::new(sink).poll_shutdown(cx);
            }
            let mut space = [MaybeUninit::uninit(); TUNNEL_READ_BYTES];
            let mut buffer = ReadBuf::uninit(&mut space);
            if Pin::new(&mut *source).poll_read(cx, &mut buffer)?.is_pending() {
                return self.poll_flush(cx, sink);
            }
            match buffer.filled() {
                [] => self.state = State::SourceEnded,
                read => ready!(self.pass_on(cx, sink, read))?,
            }
        }
    }

    /// Writes what was read, and keeps what the sink does not take at once.
    fn pass_on(&mut self, cx: &mut Context<'_>, sink: &mut Channel, mut read: &[u8]) -> Poll<io::Result<()>> {
        while !read.is_empty() {
            let Poll::Ready(written) = self.poll_write(cx, sink, read)? else {
                self.waiting = Bytes::copy_from_slice(read);
                return Poll::Pending;
            };
            read = &read[written..];
        }
        Poll::Ready(Ok(()))
    }

    /// Writes all that waits.
    fn poll_write_waiting(&mut self, cx: &mut Context<'_>, sink: &mut Channel) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            let written = self.poll_write(cx, sink, &waiting)?;
            self.waiting = waiting;
            self.waiting.advance(ready!(written));
        }
        // Its memory goes back.
        self.waiting = Bytes::new();
        Poll::Ready(Ok(()))
    }

    /// Writes some bytes; never none.
    fn poll_write(&mut self, cx: &mut Context<'_>, sink: &mut Channel, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(sink).poll_write(cx, bytes))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.bytes += written as u64;
        self.unflushed = true;
        Poll::Ready(Ok(written))
    }

    /// Pushes out what TLS holds back; pending in any case, for there is more to carry.
    fn poll_flush(&mut self, cx: &mut Context<'_>, sink: &mut Channel) -> Poll<io::Result<()>> {
        if self.unflushed {
            ready!(Pin::new(sink).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Pending
    }
}
