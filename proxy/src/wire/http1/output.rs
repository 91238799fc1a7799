use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::AsyncWrite as _;

use crate::wire::channel::Channel;

/// A large piece of a body, written from where it lies: copying it would cost more than one more element of a write.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The piece.
    pub bytes: Bytes,
    /// What closes it: the end of a chunk, or nothing.
    pub closing: &'static [u8],
}

/// What waits to be written: a buffer, behind it one piece of a body that lies elsewhere, behind that what closes the piece.
///
/// All three go out in one write.
#[derive(Debug, Default)]
pub struct Output {
    buffer: BytesMut,
    /// How large the memory of the buffer may be; it does not tell by itself, once something of it was written.
    buffer_bytes_max: usize,
    piece: Piece,
    /// That the channel may hold back what it was given (TLS does).
    unflushed: bool,
    written: u64,
}

impl Output {
    /// Where heads and small pieces go. To be used only while no piece waits behind it.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Puts a large piece behind the buffer, without a copy.
    pub fn put_piece(&mut self, piece: Piece) {
        debug_assert!(self.piece.is_empty(), "the caller has written the piece before");
        self.piece = piece;
    }

    /// Whether more may be put in, where so much may wait.
    pub fn has_room(&self, bytes_max: usize) -> bool {
        self.piece.is_empty() && self.buffer.len() < bytes_max
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.buffer.len() + self.piece.bytes.len() + self.piece.closing.len()
    }

    /// Whether all of it was written. The channel may still hold some of it back.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.piece.is_empty()
    }

    /// Whether the channel may hold back something of it.
    pub fn is_unflushed(&self) -> bool {
        self.unflushed
    }

    /// How many bytes the channel has taken, ever.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes all of it, and has the channel hold nothing back.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_write(&mut self, channel: &mut Channel, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_down_to(0, channel, cx)
    }

    /// Writes all but the last bytes, of which so many wait for more, and has the channel hold nothing back.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_write_down_to(
        &mut self,
        waiting: usize,
        channel: &mut Channel,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.len() > waiting {
            let mut left = self.len() - waiting;
            let taken = if self.piece.is_empty() {
                ready!(Pin::new(&mut *channel).poll_write(cx, &self.buffer[..left]))?
            } else {
                let Piece { bytes, closing } = &self.piece;
                let parts = [&self.buffer[..], bytes, closing].map(|part| {
                    let part = &part[..part.len().min(left)];
                    left -= part.len();
                    IoSlice::new(part)
                });
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

    /// Gives the buffer's memory back, if it is larger than this.
    pub fn shrink(&mut self, bytes_max: usize) {
        if self.buffer.is_empty() && self.buffer_bytes_max > bytes_max {
            self.buffer = BytesMut::new();
            self.buffer_bytes_max = 0;
        }
    }

    fn advance(&mut self, mut taken: usize) {
        let from_buffer = taken.min(self.buffer.len());
        self.buffer_bytes_max = self.buffer_bytes_max.max(self.buffer.capacity());
        self.buffer.advance(from_buffer);
        taken -= from_buffer;
        let Piece { bytes, closing } = &mut self.piece;
        let from_piece = taken.min(bytes.len());
        bytes.advance(from_piece);
        taken -= from_piece;
        *closing = &closing[taken..];
        if bytes.is_empty() {
            // The body's buffer is not to live on through an empty piece of it.
            *bytes = Bytes::new();
        }
    }
}

impl Piece {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.closing.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An idle connection to a backend kept the room of its largest request's head: what was written is no more in the capacity.
    #[test]
    fn a_large_buffer_goes_back_once_it_is_written() {
        for (taken, kept) in [(vec![100_000], false), (vec![1, 99_999], false), (vec![4_000], true)] {
            let mut output = Output::default();
            output.buffer().extend_from_slice(&vec![b'a'; taken.iter().sum()]);
            taken.iter().for_each(|bytes| output.advance(*bytes));
            output.shrink(8 << 10);
            assert_eq!(output.buffer.try_reclaim(4_000), kept, "{taken:?}");
        }
    }
}
