use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::AsyncWrite as _;

use crate::{config::limits, wire::Channel};

/// What waits to be written: a buffer, behind it one piece of a body that lies elsewhere, behind that what closes the piece.
///
/// All three go out in one write.
#[derive(Debug, Default)]
pub(super) struct Output {
    buffer: BytesMut,
    piece: Bytes,
    closing: &'static [u8],
    /// That the channel may hold back what it was given (TLS does).
    unflushed: bool,
    written: u64,
}

impl Output {
    /// Where heads and small pieces go. To be used only while there is room.
    pub(super) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Puts a large piece behind the buffer, without a copy.
    pub(super) fn put_piece(&mut self, piece: Bytes, closing: &'static [u8]) {
        debug_assert!(self.piece.is_empty() && self.closing.is_empty(), "the caller asked for room");
        self.piece = piece;
        self.closing = closing;
    }

    /// Whether more may be put in.
    pub(super) fn has_room(&self) -> bool {
        self.piece.is_empty() && self.closing.is_empty() && self.buffer.len() < limits::UPLOAD_WAITING_BYTES_MAX
    }

    /// Whether all of it was written. The channel may still hold some of it back.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.piece.is_empty() && self.closing.is_empty()
    }

    /// How many bytes the channel has taken, ever.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Writes all of it, and has the channel hold nothing back.
    ///
    /// # Errors
    /// The connection failed.
    pub(super) fn poll_write(&mut self, channel: &mut Channel, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let taken = if self.piece.is_empty() && self.closing.is_empty() {
                ready!(Pin::new(&mut *channel).poll_write(cx, &self.buffer))?
            } else {
                let parts = [IoSlice::new(&self.buffer), IoSlice::new(&self.piece), IoSlice::new(self.closing)];
                let first = parts.iter().take_while(|part| part.is_empty()).count();
                ready!(Pin::new(&mut *channel).poll_write_vectored(cx, &parts[first..]))?
            };
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.written += taken as u64;
            self.advance(taken);
        }
        if self.unflushed {
            ready!(Pin::new(channel).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Gives the buffer's memory back, if it is large.
    pub(super) fn shrink(&mut self) {
        if self.buffer.is_empty() && self.buffer.capacity() > limits::UPLOAD_COPIED_BYTES_MAX {
            self.buffer = BytesMut::new();
        }
    }

    fn advance(&mut self, mut taken: usize) {
        let from_buffer = taken.min(self.buffer.len());
        self.buffer.advance(from_buffer);
        taken -= from_buffer;
        let from_piece = taken.min(self.piece.len());
        self.piece.advance(from_piece);
        taken -= from_piece;
        self.closing = &self.closing[taken..];
        if self.piece.is_empty() {
            // The body's buffer is not to live on through an empty piece of it.
            self.piece = Bytes::new();
        }
    }
}
