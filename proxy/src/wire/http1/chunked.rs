use bytes::{Buf as _, Bytes, BytesMut};
use memchr::{memchr, memmem};

use super::{
    head::{HeadLines, Of},
    wrong::{BadChunk, Wrong},
};
use crate::wire::headers::Headers;

/// Takes a chunked body apart.
///
/// Chunks that lie in the input together become one piece of data, of at most 32 KiB, as one read of Go's proxy gives them: data that follows a
/// chunk's frame is moved over the frame, at most once. A piece that lies alone is not copied.
///
/// Go: `net/http/internal/chunked.go` `chunkedReader`, `net/http/transfer.go` `body.readTrailer`.
#[derive(Debug)]
pub(super) struct Chunked {
    at: At,
    /// Bytes beside the data beyond what is granted to each chunk.
    excess: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The line with the size; so many of its bytes hold no line end.
    Size { searched: usize },
    /// Data, of which so much is left.
    Data { left: u64 },
    /// CR LF behind the data.
    DataEnd,
    /// Behind the last chunk; so many bytes hold no empty line.
    Trailers { searched: usize },
    /// Behind it all.
    End,
}

/// What stands next in a chunked body.
#[derive(Debug)]
pub(super) enum Piece {
    NeedMore,
    Data(Bytes),
    Trailers(Headers),
    End,
}

impl Chunked {
    pub(super) const fn new() -> Self {
        Self { at: At::Size { searched: 0 }, excess: 0 }
    }

    /// What is left of the chunk being read.
    pub(super) const fn left(&self) -> u64 {
        match self.at {
            At::Data { left } => left,
            At::Size { .. } | At::DataEnd | At::Trailers { .. } | At::End => 0,
        }
    }

    /// What stands next. At the end of the input this is never `NeedMore`.
    ///
    /// # Errors
    /// It is no chunked body, or the input ends within it. What stood before the error was given before.
    pub(super) fn next(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Piece, Wrong> {
        match self.at {
            At::Trailers { searched } => return self.trailers(searched, input, at_end),
            At::End => return Ok(Piece::End),
            At::Size { .. } | At::Data { .. } | At::DataEnd => {}
        }
        let mut gathered = 0;
        let mut at = 0;
        loop {
            let before = self.at;
            match self.step(input, &mut at, &mut gathered) {
                Ok(Step::On) => {}
                Ok(Step::Stop) => break,
                Err(_) if gathered > 0 => {
                    // The data first; the next call meets the error again.
                    self.at = before;
                    break;
                }
                Err(wrong) => return Err(wrong),
            }
        }
        if gathered > 0 {
            let data = input.split_to(gathered).freeze();
            input.advance(at - gathered);
            return Ok(Piece::Data(data));
        }
        input.advance(at);
        match self.at {
            At::Trailers { searched } => self.trailers(searched, input, at_end),
            _ if at_end => Err(Wrong::EndedEarly),
            _ => Ok(Piece::NeedMore),
        }
    }

    /// Reads one element at `at`, and moves `at` behind it.
    fn step(&mut self, input: &mut BytesMut, at: &mut usize, gathered: &mut usize) -> Result<Step, Wrong> {
        let rest = &input[*at..];
        match self.at {
            At::Size { searched } => {
                let Some(found) = rest.get(searched..).and_then(|new| memchr(b'\n', new)) else {
                    if rest.len() >= SIZE_LINE_MAX {
                        return Err(Wrong::Chunk(BadChunk::LineTooLong));
                    }
                    self.at = At::Size { searched: rest.len() };
                    return Ok(Step::Stop);
                };
                let line = &rest[..=searched + found];
                let (size, excess) = parse_size_line(line, self.excess).map_err(Wrong::Chunk)?;
                *at += line.len();
                self.excess = excess;
                self.at = if size == 0 { At::Trailers { searched: 0 } } else { At::Data { left: size } };
                Ok(if size == 0 { Step::Stop } else { Step::On })
            }
            At::Data { left } => {
                let room = DATA_MAX - *gathered;
                let have = rest.len().min(room).min(usize::try_from(left).unwrap_or(usize::MAX));
                if have == 0 {
                    return Ok(Step::Stop);
                }
                if at != gathered {
                    input.copy_within(*at..*at + have, *gathered);
                }
                *at += have;
                *gathered += have;
                let left = left - have as u64;
                self.at = if left == 0 { At::DataEnd } else { At::Data { left } };
                Ok(Step::On)
            }
            At::DataEnd => {
                let Some(end) = rest.first_chunk::<2>() else { return Ok(Step::Stop) };
                if end != b"\r\n" {
                    return Err(Wrong::Chunk(BadChunk::DataEnd));
                }
                *at += 2;
                self.at = At::Size { searched: 0 };
                Ok(Step::On)
            }
            At::Trailers { .. } | At::End => Ok(Step::Stop),
        }
    }

    /// The fields behind the last chunk: an empty line, or a block that ends with an empty line within 4096 bytes.
    fn trailers(&mut self, searched: usize, input: &mut BytesMut, at_end: bool) -> Result<Piece, Wrong> {
        if input.starts_with(b"\r\n") {
            input.advance(2);
            self.at = At::End;
            return Ok(Piece::End);
        }
        if input.len() < 2 {
            return if at_end { Err(Wrong::TrailerEnded) } else { Ok(Piece::NeedMore) };
        }
        let window = input.len().min(TRAILERS_MAX);
        // The three bytes before belong to the search: the empty line may lie across the border.
        let from = searched.saturating_sub(3).min(window);
        if memmem::find(&input[from..window], b"\r\n\r\n").is_none() {
            if at_end || input.len() >= TRAILERS_MAX {
                return Err(Wrong::TrailerTooLong);
            }
            self.at = At::Trailers { searched: window };
            return Ok(Piece::NeedMore);
        }
        let mut lines = HeadLines::default();
        // The block ends at its first empty line, which LF alone may end.
        let length = match lines.fields(&mut input[..window], true)? {
            Some(length) => length,
            None => return Err(Wrong::TrailerEnded),
        };
        let headers = lines.take_fields(input.split_to(length), 0, Of::Trailers).headers;
        self.at = At::End;
        Ok(if headers.is_empty() { Piece::End } else { Piece::Trailers(headers) })
    }
}

enum Step {
    On,
    Stop,
}

/// The size that a line gives, and the excess behind it.
///
/// Each chunk is granted 16 bytes beside its data and twice its data; more than 16 KiB beyond all that is refused.
fn parse_size_line(line: &[u8], excess: u64) -> Result<(u64, u64), BadChunk> {
    if line.len() > SIZE_LINE_MAX {
        return Err(BadChunk::LineTooLong);
    }
    let content = match memchr(b'\r', line) {
        None => return Err(BadChunk::BareLf),
        Some(cr) if cr + 2 != line.len() => return Err(BadChunk::Cr),
        Some(cr) => &line[..cr],
    };
    let mut size = content;
    while let [rest @ .., b' ' | b'\t'] = size {
        size = rest;
    }
    if let Some(semicolon) = memchr(b';', size) {
        size = &size[..semicolon];
    }
    let size = parse_hex(size)?;
    let granted = size.saturating_mul(2).saturating_add(16);
    let excess = (excess + content.len() as u64 + 2).saturating_sub(granted);
    if excess > EXCESS_MAX { Err(BadChunk::TooMuchBesideData) } else { Ok((size, excess)) }
}

fn parse_hex(digits: &[u8]) -> Result<u64, BadChunk> {
    if digits.is_empty() {
        return Err(BadChunk::EmptySize);
    }
    let mut number = 0;
    for (at, byte) in digits.iter().enumerate() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return Err(BadChunk::SizeByte),
        };
        if at == 16 {
            return Err(BadChunk::SizeTooLong);
        }
        number = number << 4 | u64::from(digit);
    }
    Ok(number)
}

/// The line of a size, with its CR LF: Go's read buffer.
const SIZE_LINE_MAX: usize = 4096;
/// The trailers, with their empty line: Go's read buffer.
const TRAILERS_MAX: usize = 4096;
/// One piece of data: the buffer that Go's proxy copies with.
const DATA_MAX: usize = 32 * 1024;
const EXCESS_MAX: u64 = 16 * 1024;
