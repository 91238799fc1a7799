use std::collections::VecDeque;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{
    ENTRY_OVERHEAD, Field, FieldName, Pseudo,
    field::is_wire_name,
    huffman,
    integer::{self, NoInteger},
    static_table,
};
use crate::wire::headers::Name;

/// Reads header blocks.
#[derive(Debug)]
pub(in crate::wire::http2) struct Decoder {
    /// The dynamic table, the newest entry first.
    entries: VecDeque<Entry>,
    entries_bytes: usize,
    /// What the peer lets its table have.
    bytes_max: usize,
    /// What we let the peer's table have.
    bytes_allowed: usize,
    /// That no field of the block was read yet: only there the size of the table changes.
    at_start: bool,
    /// Where strings are put together. What is given out are parts of it.
    scratch: BytesMut,
}

/// What was read makes no sense, or holds a longer string than is taken: the tables of the two sides are no longer the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire::http2) struct Undecodable;

type Entry = Field;

impl Decoder {
    /// A decoder whose table may have so many bytes.
    pub(in crate::wire::http2) fn new(bytes_allowed: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            entries_bytes: 0,
            bytes_max: bytes_allowed,
            bytes_allowed,
            at_start: true,
            scratch: BytesMut::new(),
        }
    }

    /// Reads what is whole, and takes it off the input: what is left needs more bytes behind it.
    ///
    /// # Errors
    /// The block, and all that follow it, cannot be read.
    pub(in crate::wire::http2) fn decode(
        &mut self,
        input: &mut &[u8],
        string_bytes_max: usize,
        take: &mut dyn FnMut(Field),
    ) -> Result<(), Undecodable> {
        self.scratch.reserve(input.len().min(SCRATCH_BYTES_MAX));
        while !input.is_empty() {
            let mut rest = *input;
            match self.read(&mut rest, string_bytes_max, take) {
                Ok(()) => *input = rest,
                Err(Stopped::Unfinished) => return Ok(()),
                Err(Stopped::Undecodable) => return Err(Undecodable),
            }
        }
        Ok(())
    }

    /// The block is over.
    pub(in crate::wire::http2) fn end_block(&mut self) {
        self.at_start = true;
    }

    /// The memory of the strings goes back while nothing is read.
    pub(in crate::wire::http2) fn release_buffers(&mut self) {
        self.scratch = BytesMut::new();
    }

    fn read(&mut self, input: &mut &[u8], max: usize, take: &mut dyn FnMut(Field)) -> Result<(), Stopped> {
        match input[0] {
            0x80.. => {
                let field = self.field(integer::read(input, 7)?)?;
                if field.value.len() > max {
                    return Err(Stopped::Undecodable);
                }
                take(field);
            }
            0x40..0x80 => {
                let field = self.literal(input, 6, max, Kept::InTheTable)?;
                self.add(field.clone());
                take(field);
            }
            0x20..0x40 => {
                let bytes = integer::read(input, 5)?;
                if !self.at_start && !self.entries.is_empty() || bytes > self.bytes_allowed {
                    return Err(Stopped::Undecodable);
                }
                self.bytes_max = bytes;
                self.shrink(bytes);
                return Ok(());
            }
            0..0x20 => {
                let field = self.literal(input, 4, max, Kept::Nowhere)?;
                take(field);
            }
        }
        self.at_start = false;
        Ok(())
    }

    fn literal(&mut self, input: &mut &[u8], bits: u8, max: usize, kept: Kept) -> Result<Field, Stopped> {
        let index = integer::read(input, bits)?;
        let spelled = if index == 0 { Some(text(input, max)?) } else { None };
        let value = text(input, max)?;
        let (name, name_bytes) = match spelled {
            Some(text) => self.name(text, max, kept)?,
            None => self.name_at(index)?,
        };
        let value = self.string(value, max, kept)?;
        let bytes = name_bytes + value.len() + ENTRY_OVERHEAD;
        Ok(Field { name, value, bytes })
    }

    fn name(&mut self, text: Text<'_>, max: usize, kept: Kept) -> Result<(FieldName, usize), Stopped> {
        text.write(&mut self.scratch, max)?;
        let raw = self.scratch.split();
        let length = raw.len();
        let name = match Pseudo::of(&raw) {
            Some(pseudo) => FieldName::Pseudo(pseudo),
            None if !is_wire_name(&raw) => FieldName::none(Bytes::copy_from_slice(&raw)),
            None if kept == Kept::InTheTable => FieldName::Regular(Name::from_slice(&raw)),
            None => FieldName::Regular(Name::from_buffer(raw)),
        };
        Ok((name, length))
    }

    /// A string. One that the table keeps has memory of its own: it must not hold that of the whole block.
    fn string(&mut self, text: Text<'_>, max: usize, kept: Kept) -> Result<Bytes, Stopped> {
        text.write(&mut self.scratch, max)?;
        Ok(match kept {
            Kept::Nowhere => self.scratch.split().freeze(),
            Kept::InTheTable => {
                let copy = Bytes::copy_from_slice(&self.scratch);
                self.scratch.clear();
                copy
            }
        })
    }

    fn field(&self, index: usize) -> Result<Field, Stopped> {
        if let Some((name, value)) = static_table::entry(index) {
            let bytes = name.wire_length() + value.len() + ENTRY_OVERHEAD;
            return Ok(Field { name, value: Bytes::from_static(value.as_bytes()), bytes });
        }
        self.entry(index).cloned()
    }

    fn name_at(&self, index: usize) -> Result<(FieldName, usize), Stopped> {
        if let Some((name, _)) = static_table::entry(index) {
            let length = name.wire_length();
            return Ok((name, length));
        }
        let entry = self.entry(index)?;
        Ok((entry.name.clone(), entry.bytes - ENTRY_OVERHEAD - entry.value.len()))
    }

    fn entry(&self, index: usize) -> Result<&Entry, Stopped> {
        let place = index.checked_sub(static_table::LENGTH + 1).ok_or(Stopped::Undecodable)?;
        self.entries.get(place).ok_or(Stopped::Undecodable)
    }

    /// RFC 7541 section 4.4: an entry larger than the table empties it.
    fn add(&mut self, entry: Entry) {
        self.shrink(self.bytes_max.saturating_sub(entry.bytes));
        if entry.bytes <= self.bytes_max {
            self.entries_bytes += entry.bytes;
            self.entries.push_front(entry);
        }
    }

    fn shrink(&mut self, bytes: usize) {
        while self.entries_bytes > bytes
            && let Some(oldest) = self.entries.pop_back()
        {
            self.entries_bytes -= oldest.bytes;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    InTheTable,
    Nowhere,
}

enum Stopped {
    Unfinished,
    Undecodable,
}

impl From<NoInteger> for Stopped {
    fn from(why: NoInteger) -> Self {
        match why {
            NoInteger::Unfinished => Self::Unfinished,
            NoInteger::TooLarge => Self::Undecodable,
        }
    }
}

/// A string as it stands in a block.
#[derive(Clone, Copy)]
enum Text<'a> {
    Plain(&'a [u8]),
    Huffman(&'a [u8]),
}

impl Text<'_> {
    fn write(self, out: &mut BytesMut, max: usize) -> Result<(), Stopped> {
        match self {
            Self::Plain(bytes) => out.put_slice(bytes),
            Self::Huffman(bytes) => huffman::decode(bytes, out).map_err(|_| Stopped::Undecodable)?,
        }
        if out.len() > max { Err(Stopped::Undecodable) } else { Ok(()) }
    }
}

/// Takes a string off the input. Its length is looked at before its bytes are waited for.
fn text<'a>(input: &mut &'a [u8], max: usize) -> Result<Text<'a>, Stopped> {
    let is_huffman = input.first().ok_or(Stopped::Unfinished)? & 0x80 != 0;
    let length = integer::read(input, 7)?;
    if length > max {
        return Err(Stopped::Undecodable);
    }
    let (bytes, rest) = input.split_at_checked(length).ok_or(Stopped::Unfinished)?;
    *input = rest;
    Ok(if is_huffman { Text::Huffman(bytes) } else { Text::Plain(bytes) })
}

/// Room for the strings of a usual block; larger ones make room as they go.
const SCRATCH_BYTES_MAX: usize = 16 << 10;
