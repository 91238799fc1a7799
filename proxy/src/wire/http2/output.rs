use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf as _, Bytes, BytesMut};

/// Bytes on their way to the socket: frames one behind the other, large pieces of bodies from where they lie.
#[derive(Debug, Default)]
pub(super) struct Output {
    pieces: VecDeque<Bytes>,
    pieces_bytes: usize,
    /// Behind the pieces.
    tail: BytesMut,
    /// Where frames go that come too late; none while they do not.
    late: Option<BytesMut>,
}

impl Output {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.pieces_bytes + self.tail.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where frames are written to.
    pub(super) fn frames(&mut self) -> &mut BytesMut {
        match &mut self.late {
            Some(late) => {
                late.clear();
                late
            }
            None => &mut self.tail,
        }
    }

    /// The last word is said: whatever else is to be written is forgotten.
    pub(super) fn close(&mut self) {
        self.late = Some(BytesMut::new());
    }

    /// Adds a piece of a body.
    pub(super) fn add(&mut self, bytes: Bytes) {
        if self.late.is_some() {
            return;
        }
        if bytes.len() < COPIED_BYTES_MAX {
            return self.tail.extend_from_slice(&bytes);
        }
        let tail = self.tail.split().freeze();
        self.pieces_bytes += tail.len() + bytes.len();
        if !tail.is_empty() {
            self.pieces.push_back(tail);
        }
        self.pieces.push_back(bytes);
    }

    /// What is to be written next. Gives how many slices there are.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let all = self.pieces.iter().map(|piece| &piece[..]).chain([&self.tail[..]]).filter(|piece| !piece.is_empty());
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(all) {
            *slot = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// So many bytes were written.
    pub(super) fn advance(&mut self, mut bytes: usize) {
        while bytes > 0
            && let Some(piece) = self.pieces.front_mut()
        {
            let part = bytes.min(piece.len());
            piece.advance(part);
            self.pieces_bytes -= part;
            bytes -= part;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        self.tail.advance(bytes.min(self.tail.len()));
    }

    /// The memory goes back while nothing is written.
    pub(super) fn release_buffers(&mut self) {
        if self.is_empty() && self.late.is_none() {
            *self = Self::default();
        }
    }
}

/// From here on a piece is written from where it lies: copying it would cost more than one more element of a write.
const COPIED_BYTES_MAX: usize = 8 << 10;
