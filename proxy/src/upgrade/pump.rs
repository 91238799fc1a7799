use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::AsyncWrite as _;
use tokio_util::io::poll_read_buf;

use crate::{config::limits::TUNNEL_READ_BYTES, wire::Channel};

/// One direction of a tunnel: a buffer that is written before it is filled again, so that a slow reader slows the writer.
#[derive(Debug)]
pub(super) struct Pump {
    early: Bytes,
    buffer: BytesMut,
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
        Self { early, buffer: BytesMut::new(), state: State::Open, unflushed: false, bytes: 0 }
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
            ready!(self.poll_write(cx, sink))?;
            if self.state == State::SourceEnded {
                return Pin::new(sink).poll_shutdown(cx);
            }
            self.buffer.reserve(TUNNEL_READ_BYTES);
            match poll_read_buf(Pin::new(source), cx, &mut self.buffer)? {
                Poll::Ready(0) => self.state = State::SourceEnded,
                Poll::Ready(_) => {}
                Poll::Pending => {
                    // A tunnel may idle for hours: it keeps no buffer meanwhile.
                    self.buffer = BytesMut::new();
                    return self.poll_flush(cx, sink);
                }
            }
        }
    }

    /// Writes all that waits.
    fn poll_write(&mut self, cx: &mut Context<'_>, sink: &mut Channel) -> Poll<io::Result<()>> {
        while !self.early.is_empty() || !self.buffer.is_empty() {
            let bytes = if self.early.is_empty() { &self.buffer[..] } else { &self.early[..] };
            let written = ready!(Pin::new(&mut *sink).poll_write(cx, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            if self.early.is_empty() {
                self.buffer.advance(written);
            } else {
                self.early.advance(written);
            }
            self.bytes += written as u64;
            self.unflushed = true;
        }
        Poll::Ready(Ok(()))
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
