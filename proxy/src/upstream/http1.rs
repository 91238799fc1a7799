//! HTTP/1 towards backends: one connection, and one request's way over it.

mod conversation;
mod download;
mod fault;
mod upload;

use std::{
    fmt, io,
    mem::MaybeUninit,
    pin::{Pin, pin},
    task::{Context, Poll, Waker, ready},
};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWrite as _, ReadBuf};

pub(super) use self::{
    conversation::{Conversation, Waits},
    download::Http1Download,
};
use super::{Ends, pool::Seat};
use crate::{
    config::limits,
    wire::{
        Channel,
        http1::{HeadLimits, Output, Remaining, ResponseReader},
    },
    world::Bug,
};

/// A connection that carries one request at a time.
pub(super) struct Http1 {
    channel: Channel,
    /// Asked for while the connection is whole: one that was reset has no ends any more.
    ends: Ends,
    reader: ResponseReader,
    input: BytesMut,
    output: Output,
    /// That the backend has ended its side.
    ended: bool,
    seat: Seat,
}

/// Why a connection without a request is of no use any more.
#[derive(Debug)]
pub(super) enum Death {
    /// The backend has ended it; also with a 408, which is how some servers say so.
    Ended,
    /// It failed.
    Failed(io::Error),
    /// The backend has said something that nobody asked for.
    Unsolicited(Bytes),
}

impl Http1 {
    pub(super) fn new(channel: Channel, limits: HeadLimits, seat: Seat) -> Box<Self> {
        let reader = ResponseReader::new(limits);
        let ends = Ends::of(channel.stream());
        Box::new(Self { channel, ends, reader, input: BytesMut::new(), output: Output::default(), ended: false, seat })
    }

    fn has(&self, bug: Bug) -> bool {
        self.seat.pool().is_some_and(|pool| pool.has(bug))
    }

    /// The place in the pool that this connection takes.
    pub(super) fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Ready when the connection is of no use any more. To be asked only between requests.
    ///
    /// Go: `net/http/transport.go` `persistConn.readLoopPeekFailLocked`.
    pub(super) fn poll_death(&mut self, cx: &mut Context<'_>) -> Poll<Death> {
        if self.has(Bug::KeepsConnectionsThatSpoke) {
            return Poll::Pending;
        }
        if !self.input.is_empty() {
            return Poll::Ready(unasked(&self.input));
        }
        if self.ended {
            return Poll::Ready(Death::Ended);
        }
        // As much as Go's buffer: what is left unread on the socket would turn the end into a reset.
        let mut bytes = [MaybeUninit::uninit(); limits::ANSWER_READ_BYTES];
        let mut bytes = ReadBuf::uninit(&mut bytes);
        Poll::Ready(match ready!(Pin::new(&mut self.channel).poll_read(cx, &mut bytes)) {
            Err(error) => Death::Failed(error),
            Ok(()) if bytes.filled().is_empty() => Death::Ended,
            Ok(()) => unasked(bytes.filled()),
        })
    }

    /// Goes back to the pool, or is closed if the pool does not want it.
    pub(super) fn give_back(mut self: Box<Self>) {
        // What has come unasked stays: the pool sees it and refuses the connection.
        if self.input.is_empty() && self.input.capacity() > limits::ANSWER_READ_BYTES {
            self.input = BytesMut::new();
        }
        self.output.shrink(limits::UPLOAD_COPIED_BYTES_MAX);
        match self.seat.pool() {
            Some(pool) => pool.put(self),
            None => self.close(),
        }
    }

    /// Closes the connection in good order: TLS says so first.
    pub(super) fn close(mut self) {
        if self.has(Bug::LeaksConnections) {
            return std::mem::forget(self);
        }
        if self.channel.is_tls() {
            // What the socket does not take at once is not worth waiting for.
            let _pending = Pin::new(&mut self.channel).poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
    }

    /// Takes bytes in, at most one read. Ready with false when the backend has ended its side.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.ended {
            return Poll::Ready(Ok(false));
        }
        let room = match self.reader.remaining() {
            Remaining::Nothing => limits::ANSWER_READ_BYTES,
            Remaining::Exactly(left) => usize::try_from(left)
                .unwrap_or(usize::MAX)
                .clamp(limits::ANSWER_READ_BYTES, limits::ANSWER_BODY_READ_BYTES),
            Remaining::Unknown => limits::ANSWER_BODY_READ_BYTES,
        };
        if self.input.capacity() - self.input.len() < limits::ANSWER_READ_BYTES {
            // A stream of small pieces fills one large buffer, not one for each piece.
            self.input.reserve(room);
        }
        let read = ready!(pin!(self.channel.read_buf(&mut self.input)).poll(cx))?;
        self.ended = read == 0;
        Poll::Ready(Ok(read > 0))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.output.poll_write(&mut self.channel, cx)
    }

    fn is_tls(&self) -> bool {
        self.channel.is_tls()
    }

    fn ends(&self) -> Ends {
        self.ends
    }

    /// The bare connection, and what came on it that nobody has read.
    fn into_parts(self) -> (Channel, Bytes) {
        (self.channel, self.input.freeze())
    }
}

/// Go: `net/http/transport.go` `is408Message`.
fn unasked(bytes: &[u8]) -> Death {
    let is_408 = bytes.starts_with(b"HTTP/1.") && bytes.get(8..12) == Some(b" 408");
    if is_408 {
        Death::Ended
    } else {
        Death::Unsolicited(Bytes::copy_from_slice(&bytes[..bytes.len().min(UNSOLICITED_BYTES_SHOWN)]))
    }
}

impl fmt::Debug for Http1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http1").field("ends", &self.ends()).field("ended", &self.ended).finish_non_exhaustive()
    }
}

/// Enough of an unasked answer to recognise it in a log.
const UNSOLICITED_BYTES_SHOWN: usize = 64;
