//! HPACK: header fields as numbers and short strings. Both sides keep a table of what was said before.
//!
//! RFC 7541. Go: `golang.org/x/net/http2/hpack`.

mod decoder;
mod encoder;
mod field;
mod huffman;
mod integer;
mod static_table;
#[cfg(test)]
mod tests;

pub(super) use self::{
    decoder::{Decoder, Undecodable},
    encoder::{BlockWriter, Encoder},
    field::{Field, FieldName, Pseudo},
};

/// What an entry counts beyond its name and its value. RFC 7541 section 4.1.
const ENTRY_OVERHEAD: usize = 32;
