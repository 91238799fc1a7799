use bytes::{Bytes, BytesMut};

use super::{
    chunked::{Chunked, Piece},
    wrong::Wrong,
};
use crate::wire::body::Length;

/// The body of the message being read.
#[derive(Debug)]
pub(super) enum BodyReader {
    /// Nothing, or nothing any more.
    Empty,
    Exactly(u64),
    Chunked(Chunked),
    UntilClose,
}

/// What is left of the body being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remaining {
    /// There is none, or all of it was given.
    Nothing,
    /// So many bytes, and at least one.
    Exactly(u64),
    /// Chunked, or until the end of the connection.
    Unknown,
}

impl BodyReader {
    pub(super) const fn new(length: Length) -> Self {
        match length {
            Length::Empty | Length::Exactly(0) => Self::Empty,
            Length::Exactly(bytes) => Self::Exactly(bytes),
            Length::Unknown => Self::Chunked(Chunked::new()),
            Length::UntilClose => Self::UntilClose,
        }
    }

    pub(super) const fn remaining(&self) -> Remaining {
        match self {
            Self::Empty => Remaining::Nothing,
            Self::Exactly(bytes) => Remaining::Exactly(*bytes),
            Self::Chunked(_) | Self::UntilClose => Remaining::Unknown,
        }
    }

    /// What stands next. At the end of the input this is never `NeedMore`.
    ///
    /// # Errors
    /// The body is broken, or ends early.
    pub(super) fn next(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Piece, Wrong> {
        match self {
            Self::Empty => Ok(Piece::End),
            Self::Exactly(left) => match take(input, *left) {
                None if at_end => Err(Wrong::EndedEarly),
                None => Ok(Piece::NeedMore),
                Some(data) => {
                    *self = Self::new(Length::Exactly(*left - data.len() as u64));
                    Ok(Piece::Data(data))
                }
            },
            Self::Chunked(chunked) => {
                let piece = chunked.next(input, at_end)?;
                if matches!(piece, Piece::Trailers(_) | Piece::End) {
                    *self = Self::Empty;
                }
                Ok(piece)
            }
            Self::UntilClose => match take(input, u64::MAX) {
                Some(data) => Ok(Piece::Data(data)),
                None if at_end => {
                    *self = Self::Empty;
                    Ok(Piece::End)
                }
                None => Ok(Piece::NeedMore),
            },
        }
    }
}

/// What the input has of the next `most` bytes; none when it has nothing.
fn take(input: &mut BytesMut, most: u64) -> Option<Bytes> {
    let have = input.len().min(usize::try_from(most).unwrap_or(usize::MAX));
    (have > 0).then(|| input.split_to(have).freeze())
}
