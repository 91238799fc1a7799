use bytes::Bytes;

use super::{
    frame::Fault,
    hpack::{Decoder, Field, FieldName, Pseudo, Undecodable},
};
use crate::wire::{
    headers::Headers,
    http2::{Code, Why},
    token::is_valid_field_value,
};

/// The fields of a head, or of trailers, as a header block tells them.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) method: Option<Bytes>,
    pub(super) scheme: Option<Bytes>,
    pub(super) authority: Option<Bytes>,
    pub(super) path: Option<Bytes>,
    pub(super) protocol: Option<Bytes>,
    pub(super) status: Option<Bytes>,
    pub(super) fields: Headers,
    /// What did not fit into the bound is left out.
    pub(super) is_truncated: bool,
    /// That there was a pseudo field.
    pub(super) has_pseudo: bool,
}

impl Block {
    /// Whether it has pseudo fields of requests and that of answers.
    fn is_of_both(&self) -> bool {
        let asks = [&self.method, &self.scheme, &self.authority, &self.path, &self.protocol];
        self.status.is_some() && asks.iter().any(|field| field.is_some())
    }
}

/// What begins a block, beside its first fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) stream: u32,
    pub(super) ends_stream: bool,
    pub(super) depends_on: Option<u32>,
}

/// A block that has come to its end. What is wrong with its fields is a matter of its stream.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) opening: Opening,
    pub(super) block: Result<Block, Why>,
}

/// Puts header blocks together.
///
/// Go: `net/http/h2_bundle.go` `Framer.readMetaFrame`.
#[derive(Debug)]
pub(super) struct BlockReader {
    decoder: Decoder,
    list_bytes_max: usize,
    open: Option<Box<Open>>,
}

/// A block whose end has not come.
#[derive(Debug)]
struct Open {
    opening: Opening,
    gathered: Gathered,
    /// The beginning of a field whose end stands in the next fragment.
    rest: Vec<u8>,
    fragments: usize,
}

#[derive(Debug)]
struct Gathered {
    block: Block,
    /// What is left of the bound.
    room: usize,
    /// What is wrong with a field; no further one is looked at.
    wrong: Option<Why>,
    /// What is wrong with the pseudo fields as a whole; Go asks this at the end only.
    wrong_pseudo: Option<Why>,
}

impl BlockReader {
    /// A reader of blocks whose fields have at most so many bytes, each counted with 32 more.
    pub(super) fn new(list_bytes_max: usize) -> Self {
        Self { decoder: Decoder::new(TABLE_BYTES), list_bytes_max, open: None }
    }

    /// How long the next fragment may be.
    pub(super) fn fragment_bytes_max(&self) -> usize {
        self.open.as_ref().map_or(self.list_bytes_max, |open| open.gathered.room).saturating_mul(2)
    }

    /// A block begins.
    ///
    /// # Errors
    /// The connection ends.
    pub(super) fn begin(
        &mut self,
        opening: Opening,
        fragment: &[u8],
        ends_block: bool,
    ) -> Result<Option<Whole>, Fault> {
        let mut gathered = Gathered::new(self.list_bytes_max);
        if fragment.len() > self.fragment_bytes_max() {
            return Err(TOO_LARGE);
        }
        let rest = self.decode(fragment, &mut gathered)?;
        if ends_block {
            return self.end(opening, gathered, rest).map(Some);
        }
        self.open = Some(Box::new(Open { opening, gathered, rest: rest.to_vec(), fragments: 1 }));
        Ok(None)
    }

    /// A block goes on. The frames are known to be in order.
    ///
    /// # Errors
    /// The connection ends.
    pub(super) fn go_on(&mut self, fragment: &[u8], ends_block: bool) -> Result<Option<Whole>, Fault> {
        if fragment.len() > self.fragment_bytes_max() {
            return Err(TOO_LARGE);
        }
        let Some(mut open) = self.open.take() else { return Err(Fault::protocol("unexpected CONTINUATION")) };
        open.fragments += 1;
        // Go counts no fragments: empty ones may come for ever (CVE-2019-9518, CVE-2024-27316).
        if open.fragments > FRAGMENTS_LEAST + self.list_bytes_max / FRAGMENT_BYTES_MEAN {
            return Err(Fault::connection(Code::ENHANCE_YOUR_CALM, "too many fragments of a header block"));
        }
        if open.gathered.wrong.is_some() {
            return Err(Fault::protocol("a malformed header block goes on"));
        }
        open.rest.extend_from_slice(fragment);
        let gathered = std::mem::take(&mut open.rest);
        let left = self.decode(&gathered, &mut open.gathered)?.len();
        if ends_block {
            let Open { opening, gathered: fields, .. } = *open;
            return self.end(opening, fields, &gathered[gathered.len() - left..]).map(Some);
        }
        open.rest = gathered;
        open.rest.drain(..open.rest.len() - left);
        self.open = Some(open);
        Ok(None)
    }

    /// The memory goes back while nothing is read.
    pub(super) fn release_buffers(&mut self) {
        self.decoder.release_buffers();
    }

    /// Decodes what is whole, and gives the rest.
    fn decode<'a>(&mut self, mut fragment: &'a [u8], gathered: &mut Gathered) -> Result<&'a [u8], Fault> {
        let read = self.decoder.decode(&mut fragment, self.list_bytes_max, &mut |field| gathered.take(field));
        read.map_err(|Undecodable| UNDECODABLE)?;
        Ok(fragment)
    }

    fn end(&mut self, opening: Opening, gathered: Gathered, rest: &[u8]) -> Result<Whole, Fault> {
        if !rest.is_empty() {
            return Err(UNDECODABLE);
        }
        self.decoder.end_block();
        let block = match gathered.wrong.or(gathered.wrong_pseudo) {
            Some(why) => Err(why),
            None if gathered.block.is_of_both() => Err(Why::Said("mix of request and response pseudo headers")),
            None => Ok(gathered.block),
        };
        Ok(Whole { opening, block })
    }
}

impl Gathered {
    fn new(room: usize) -> Self {
        let block = Block { fields: Headers::with_capacity(FIELDS_USUAL), ..Block::default() };
        Self { block, room, wrong: None, wrong_pseudo: None }
    }

    fn take(&mut self, field: Field) {
        if self.wrong.is_some() || self.block.is_truncated {
            return;
        }
        if !is_valid_field_value(&field.value) {
            self.wrong = Some(Why::FieldValue(field.name.to_wire()));
            return;
        }
        match (&field.name, self.block.fields.is_empty()) {
            (FieldName::Wrong(name), _) => self.wrong = Some(Why::FieldName(name.clone())),
            (FieldName::Pseudo(_) | FieldName::UnknownPseudo(_), false) => {
                self.wrong = Some(Why::Said("pseudo header field after regular"));
            }
            _ if field.bytes > self.room => {
                self.room = 0;
                self.block.is_truncated = true;
            }
            _ => {
                self.room -= field.bytes;
                self.keep(field);
            }
        }
    }

    fn keep(&mut self, field: Field) {
        let block = &mut self.block;
        let pseudo = match field.name {
            FieldName::Regular(name) => return block.fields.append(name, field.value),
            FieldName::Wrong(_) => return,
            FieldName::Pseudo(pseudo) => pseudo,
            FieldName::UnknownPseudo(name) => {
                self.wrong_pseudo.get_or_insert(Why::UnknownPseudo(name));
                return;
            }
        };
        let slot = match pseudo {
            Pseudo::Method => &mut block.method,
            Pseudo::Scheme => &mut block.scheme,
            Pseudo::Authority => &mut block.authority,
            Pseudo::Path => &mut block.path,
            Pseudo::Protocol => &mut block.protocol,
            Pseudo::Status => &mut block.status,
        };
        block.has_pseudo = true;
        if slot.replace(field.value).is_some() {
            self.wrong_pseudo.get_or_insert(Why::PseudoTwice(pseudo.as_str()));
        }
    }
}

const TOO_LARGE: Fault = Fault::protocol("header list too large");
const UNDECODABLE: Fault = Fault::connection(Code::COMPRESSION_ERROR, "header block cannot be decoded");

/// The peer's table, as it is from the beginning: it is not told of another one. Go: `initialHeaderTableSize`.
const TABLE_BYTES: usize = 4096;
/// What most requests have.
const FIELDS_USUAL: usize = 16;
/// A block may have so many fragments, however small, and one more for each so many bytes of the bound: as many as fields of the usual
/// size fill the bound, each in a fragment of its own, so that a list that is too large is called so.
const FRAGMENTS_LEAST: usize = 16;
const FRAGMENT_BYTES_MEAN: usize = 128;
