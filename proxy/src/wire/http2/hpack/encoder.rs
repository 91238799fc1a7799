use std::collections::VecDeque;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{ENTRY_OVERHEAD, Pseudo, huffman, integer, static_table};
use crate::wire::headers::Name;

/// Writes header blocks.
#[derive(Debug)]
pub(in crate::wire::http2) struct Encoder {
    /// The dynamic table, the newest entry first.
    entries: VecDeque<Entry>,
    entries_bytes: usize,
    bytes_max: usize,
    /// The smallest size that the table had since the last block, which begins with it; and the size it has now.
    resized: Option<usize>,
}

#[derive(Debug)]
struct Entry {
    /// Of name and value: most entries differ from what is looked for by this alone.
    hash: u32,
    name: Name,
    value: Bytes,
}

/// One block on its way out.
#[derive(Debug)]
pub(in crate::wire::http2) struct BlockWriter<'a> {
    encoder: &'a mut Encoder,
    out: &'a mut BytesMut,
}

impl Encoder {
    /// An encoder with an empty table.
    pub(in crate::wire::http2) fn new() -> Self {
        Self { entries: VecDeque::new(), entries_bytes: 0, bytes_max: TABLE_BYTES_MAX, resized: None }
    }

    /// The peer's bound of the table. It is told to the peer in front of the next block.
    pub(in crate::wire::http2) fn resize(&mut self, bytes: u32) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(TABLE_BYTES_MAX);
        if bytes == self.bytes_max && self.resized.is_none() {
            return;
        }
        self.resized = Some(self.resized.unwrap_or(usize::MAX).min(bytes));
        self.bytes_max = bytes;
        self.shrink(bytes);
    }

    /// Begins a block behind what stands in `out` already.
    pub(in crate::wire::http2) fn block<'a>(&'a mut self, out: &'a mut BytesMut) -> BlockWriter<'a> {
        if let Some(least) = self.resized.take() {
            if least < self.bytes_max {
                integer::write(out, 0x20, 5, least);
            }
            integer::write(out, 0x20, 5, self.bytes_max);
        }
        BlockWriter { encoder: self, out }
    }

    fn add(&mut self, entry: Entry) {
        let bytes = entry.bytes();
        self.shrink(self.bytes_max.saturating_sub(bytes));
        if bytes <= self.bytes_max {
            self.entries_bytes += bytes;
            self.entries.push_front(entry);
        }
    }

    fn shrink(&mut self, bytes: usize) {
        while self.entries_bytes > bytes
            && let Some(oldest) = self.entries.pop_back()
        {
            self.entries_bytes -= oldest.bytes();
        }
    }

    fn index_of(&self, hash: u32, name: &Name, value: &[u8]) -> Option<usize> {
        let same = |entry: &Entry| entry.hash == hash && entry.name == *name && entry.value == value;
        self.entries.iter().position(same).map(|at| static_table::LENGTH + 1 + at)
    }

    fn index_of_name(&self, name: &Name) -> Option<usize> {
        static_table::index_of(name).or_else(|| {
            let at = self.entries.iter().position(|entry| entry.name == *name)?;
            Some(static_table::LENGTH + 1 + at)
        })
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.name.as_bytes().len() + self.value.len() + ENTRY_OVERHEAD
    }
}

impl BlockWriter<'_> {
    /// Writes a pseudo field.
    pub(in crate::wire::http2) fn pseudo(&mut self, pseudo: Pseudo, value: &[u8]) {
        let (whole, name) = match (pseudo, value) {
            (Pseudo::Method, b"GET") => (Some(2), 2),
            (Pseudo::Method, b"POST") => (Some(3), 2),
            (Pseudo::Path, b"/") => (Some(4), 4),
            (Pseudo::Scheme, b"http") => (Some(6), 6),
            (Pseudo::Scheme, b"https") => (Some(7), 6),
            (Pseudo::Status, b"200") => (Some(8), 8),
            (Pseudo::Status, b"204") => (Some(9), 8),
            (Pseudo::Status, b"206") => (Some(10), 8),
            (Pseudo::Status, b"304") => (Some(11), 8),
            (Pseudo::Status, b"400") => (Some(12), 8),
            (Pseudo::Status, b"404") => (Some(13), 8),
            (Pseudo::Status, b"500") => (Some(14), 8),
            (Pseudo::Authority, _) => (None, 1),
            (Pseudo::Method, _) => (None, 2),
            (Pseudo::Path, _) => (None, 4),
            (Pseudo::Scheme, _) => (None, 6),
            (Pseudo::Status, _) => (None, 8),
            (Pseudo::Protocol, _) => (None, 0),
        };
        if let Some(index) = whole {
            return integer::write(self.out, 0x80, 7, index);
        }
        integer::write(self.out, LITERAL, 4, name);
        if name == 0 {
            self.string(pseudo.as_str().as_bytes());
        }
        self.string(value);
    }

    /// Writes a field. Its name becomes lower case.
    pub(in crate::wire::http2) fn field(&mut self, name: &Name, value: &[u8]) {
        let (flags, bits) = match Keeping::of(name, value) {
            Keeping::InTheTable => {
                let hash = hash(name, value);
                if let Some(index) = self.encoder.index_of(hash, name, value) {
                    return integer::write(self.out, 0x80, 7, index);
                }
                let index = self.encoder.index_of_name(name);
                self.encoder.add(Entry { hash, name: name.clone(), value: Bytes::copy_from_slice(value) });
                return self.literal(STORED, 6, index, name, value);
            }
            Keeping::Nowhere => (LITERAL, 4),
            Keeping::NeverAnywhere => (NEVER_STORED, 4),
        };
        let index = self.encoder.index_of_name(name);
        self.literal(flags, bits, index, name, value);
    }

    fn literal(&mut self, flags: u8, bits: u8, index: Option<usize>, name: &Name, value: &[u8]) {
        integer::write(self.out, flags, bits, index.unwrap_or(0));
        if index.is_none() {
            self.lower_case(name.as_bytes());
        }
        self.string(value);
    }

    fn lower_case(&mut self, name: &[u8]) {
        let mut short = [0; 64];
        match short.get_mut(..name.len()) {
            Some(lower) => {
                lower.copy_from_slice(name);
                lower.make_ascii_lowercase();
                self.string(lower);
            }
            None => self.string(&name.to_ascii_lowercase()),
        }
    }

    /// Huffman's code where it is shorter, as Go does.
    fn string(&mut self, string: &[u8]) {
        let encoded = huffman::encoded_length(string);
        if encoded < string.len() {
            integer::write(self.out, 0x80, 7, encoded);
            huffman::encode(string, self.out);
        } else {
            integer::write(self.out, 0, 7, string.len());
            self.out.put_slice(string);
        }
    }
}

/// Where a field is kept, so that it can be said as a number when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeping {
    InTheTable,
    /// It hardly comes again as it is, and would only push others out.
    Nowhere,
    /// Who can send fields on our connections must not find out by their lengths what it is. RFC 7541 section 7.1.
    NeverAnywhere,
}

impl Keeping {
    fn of(name: &Name, value: &[u8]) -> Self {
        if SECRET.contains(name) || (*name == Name::COOKIE && value.len() < SHORT_COOKIE_BYTES) {
            return Self::NeverAnywhere;
        }
        let entry = name.as_bytes().len() + value.len() + ENTRY_OVERHEAD;
        if CHANGING.contains(name) || entry > ENTRY_BYTES_MAX { Self::Nowhere } else { Self::InTheTable }
    }
}

/// FNV-1a of the value, begun with the name's length: an index into what to compare, not a promise.
fn hash(name: &Name, value: &[u8]) -> u32 {
    let seed = 0x811c_9dc5 ^ name.as_bytes().len() as u32;
    value.iter().fold(seed, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

const LITERAL: u8 = 0;
const STORED: u8 = 0x40;
const NEVER_STORED: u8 = 0x10;

/// Ours, even if the peer would take more. Go: `initialHeaderTableSize`.
const TABLE_BYTES_MAX: usize = 4096;
/// A quarter of the table.
const ENTRY_BYTES_MAX: usize = TABLE_BYTES_MAX / 4;
/// Shorter ones can be guessed.
const SHORT_COOKIE_BYTES: usize = 20;

static SECRET: [Name; 3] = [Name::AUTHORIZATION, Name::PROXY_AUTHORIZATION, Name::SET_COOKIE];

static CHANGING: [Name; 14] = [
    Name::AGE,
    Name::AUDIT_ID,
    Name::CONTENT_LENGTH,
    Name::CONTENT_RANGE,
    Name::ETAG,
    Name::IF_MODIFIED_SINCE,
    Name::IF_NONE_MATCH,
    Name::LAST_MODIFIED,
    Name::LOCATION,
    Name::RANGE,
    Name::SEC_WEBSOCKET_KEY,
    Name::TRACEPARENT,
    Name::X_FORWARDED_FOR,
    Name::X_REQUEST_ID,
];
