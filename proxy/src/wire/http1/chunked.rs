use bytes::{Buf as _, Bytes, BytesMut};
use memchr::{memchr, memmem};

use super::{
    head::{HeadLines, Of},
    wrong::{BadChunk, Wrong},
};
use crate::wire::headers::Headers;

/// Takes a chunked body apart.
///
/// A piece of data is what one read of Go's proxy gives: a chunk is waited for until it is whole or there are 32 KiB, and whole chunks that
/// lie in the input together become one piece. Data behind a chunk's frame is moved over that frame, once; a chunk that lies alone is not
/// copied. So the input holds at most 32 KiB of data, 4 KiB of frames between them, and a line of 4 KiB.
///
/// Go: `net/http/internal/chunked.go` `chunkedReader`, `net/http/transfer.go` `body.readTrailer`. Trace:
/// `forward/flush/half_a_chunk_waits_for_its_rest`.
#[derive(Debug)]
pub(super) struct Chunked {
    at: At,
    /// Where `at` stands in the input.
    cursor: usize,
    /// How much data lies at the start of the input; between it and `cursor` are frames.
    held: usize,
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
        Self { at: At::Size { searched: 0 }, cursor: 0, held: 0, excess: 0 }
    }

    /// What stands next. At the end of the input this is never `NeedMore`.
    ///
    /// # Errors
    /// It is no chunked body, or the input ends within it. What stood before the error was given before.
    pub(super) fn next(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Piece, Wrong> {
        loop {
            let step = match self.at {
                At::Size { searched } => self.size(searched, input),
                At::Data { left } => self.data(left, input, at_end),
                At::DataEnd => self.data_end(input),
                At::Trailers { .. } if self.held > 0 => Ok(Step::Give),
                At::Trailers { searched } => {
                    self.give(input);
                    return self.trailers(searched, input, at_end);
                }
                At::End => return Ok(Piece::End),
            };
            match step {
                Ok(Step::On) => {}
                Ok(Step::Hold) => return Ok(Piece::NeedMore),
                // The data first; the next call meets the error again.
                Ok(Step::Give) | Err(_) if self.held > 0 => return Ok(Piece::Data(self.give(input))),
                Ok(Step::Give) => {
                    self.give(input);
                    return if at_end { Err(Wrong::EndedEarly) } else { Ok(Piece::NeedMore) };
                }
                Err(wrong) => return Err(wrong),
            }
        }
    }

    /// The line with the size.
    fn size(&mut self, searched: usize, input: &BytesMut) -> Result<Step, Wrong> {
        let rest = input.get(self.cursor..).unwrap_or_default();
        let Some(found) = rest.get(searched..).and_then(|new| memchr(b'\n', new)) else {
            if rest.len() >= SIZE_LINE_MAX {
                return Err(Wrong::Chunk(BadChunk::LineTooLong));
            }
            self.at = At::Size { searched: rest.len() };
            return Ok(Step::Give);
        };
        if self.held > 0 && self.cursor - self.held >= FRAMES_MAX {
            return Ok(Step::Give);
        }
        let line = &rest[..=searched + found];
        let (size, excess) = parse_size_line(line, self.excess).map_err(Wrong::Chunk)?;
        self.cursor += line.len();
        self.excess = excess;
        self.at = if size == 0 { At::Trailers { searched: 0 } } else { At::Data { left: size } };
        Ok(Step::On)
    }

    /// Data: put behind the data that is held.
    fn data(&mut self, left: u64, input: &mut BytesMut, at_end: bool) -> Result<Step, Wrong> {
        let rest = input.len().saturating_sub(self.cursor);
        let take = rest.min(DATA_MAX - self.held).min(usize::try_from(left).unwrap_or(usize::MAX));
        if self.held != self.cursor {
            input.copy_within(self.cursor..self.cursor + take, self.held);
        }
        self.held += take;
        self.cursor += take;
        let left = left - take as u64;
        self.at = if left == 0 { At::DataEnd } else { At::Data { left } };
        Ok(match left {
            0 => Step::On,
            _ if self.held == DATA_MAX || at_end || self.held == 0 => Step::Give,
            _ => Step::Hold,
        })
    }

    /// CR LF behind the data.
    fn data_end(&mut self, input: &BytesMut) -> Result<Step, Wrong> {
        match input.get(self.cursor..self.cursor + 2) {
            None => Ok(Step::Give),
            Some(b"\r\n") => {
                self.cursor += 2;
                self.at = At::Size { searched: 0 };
                Ok(Step::On)
            }
            Some(_) => Err(Wrong::Chunk(BadChunk::DataEnd)),
        }
    }

    /// Cuts off the data that is held, and what stands before `cursor`.
    fn give(&mut self, input: &mut BytesMut) -> Bytes {
        let data = input.split_to(self.held).freeze();
        input.advance(self.cursor - self.held);
        self.held = 0;
        self.cursor = 0;
        data
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
        let headers = lines.take_fields(input.split_to(length), Of::Trailers).1.headers;
        self.at = At::End;
        Ok(if headers.is_empty() { Piece::End } else { Piece::Trailers(headers) })
    }
}

enum Step {
    /// The next element may be whole too.
    On,
    /// The data that is held is a piece; if there is none, more input is needed.
    Give,
    /// The data that is held waits for more input.
    Hold,
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
/// Between data that becomes one piece: Go joins chunks only within its read buffer.
const FRAMES_MAX: usize = 4096;
const EXCESS_MAX: u64 = 16 * 1024;

#[cfg(test)]
mod tests;
