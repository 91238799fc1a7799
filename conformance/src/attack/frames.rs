//! Frames of HTTP/2, right ones and wrong ones.

use serde::Deserialize;

use super::octets::Octets;
use crate::replay::framer::{PREFACE, flag, kind, put_literal, write};

/// Something that is sent on a connection of HTTP/2.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Frame {
    /// HEADERS.
    Headers(Block),
    /// CONTINUATION.
    Continuation(Block),
    /// DATA.
    Data(Data),
    /// Any frame.
    #[serde(rename = "frame")]
    Any(Any),
    /// Frames again and again, each time on the next stream.
    Repeat(Repeat),
    /// Any bytes.
    Raw(Octets),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    #[serde(default = "first")]
    stream: u32,
    /// Literals that are not indexed and not Huffman-coded.
    #[serde(default)]
    fields: Vec<(Octets, Octets)>,
    /// END_STREAM.
    #[serde(default = "yes")]
    ends: bool,
    /// END_HEADERS.
    #[serde(default = "yes")]
    whole: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    #[serde(default = "first")]
    stream: u32,
    #[serde(default)]
    bytes: Octets,
    /// END_STREAM.
    #[serde(default = "yes")]
    ends: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Any {
    kind: u8,
    #[serde(default)]
    flags: u8,
    #[serde(default)]
    stream: u32,
    #[serde(default)]
    payload: Octets,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Repeat {
    times: u32,
    /// By how much stream numbers grow.
    #[serde(default = "next")]
    step: u32,
    frames: Vec<Frame>,
}

/// What a client sends: preface, SETTINGS, frames.
pub(super) fn of_client(frames: &[Frame]) -> Vec<u8> {
    let mut out = PREFACE.to_vec();
    write(&mut out, kind::SETTINGS, 0, 0, &[]);
    append(&mut out, frames, 0);
    out
}

/// What a server sends behind its SETTINGS.
pub(super) fn of_server(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    append(&mut out, frames, 0);
    out
}

/// A whole HEADERS frame.
pub(super) fn headers(stream: u32, fields: &[(&str, &str)], ends: bool) -> Vec<u8> {
    let octets = |text: &str| Octets(text.as_bytes().to_vec());
    let fields = fields.iter().map(|(name, value)| (octets(name), octets(value))).collect();
    of_server(&[Frame::Headers(Block { stream, fields, ends, whole: true })])
}

/// A DATA frame that ends its stream.
pub(super) fn data(stream: u32, bytes: &[u8]) -> Vec<u8> {
    of_server(&[Frame::Data(Data { stream, bytes: Octets(bytes.to_vec()), ends: true })])
}

fn append(out: &mut Vec<u8>, frames: &[Frame], further: u32) {
    for frame in frames {
        match frame {
            Frame::Headers(block) => block.append(out, kind::HEADERS, further),
            Frame::Continuation(block) => block.append(out, kind::CONTINUATION, further),
            Frame::Data(data) => {
                write(out, kind::DATA, u8::from(data.ends) * flag::END_STREAM, data.stream + further, &data.bytes.0);
            }
            Frame::Any(any) => {
                let further = if any.stream == 0 { 0 } else { further };
                write(out, any.kind, any.flags, any.stream + further, &any.payload.0);
            }
            Frame::Repeat(repeat) => {
                for time in 0..repeat.times {
                    append(out, &repeat.frames, further + time * repeat.step);
                }
            }
            Frame::Raw(bytes) => out.extend_from_slice(&bytes.0),
        }
    }
}

impl Block {
    fn append(&self, out: &mut Vec<u8>, kind: u8, further: u32) {
        let mut block = Vec::new();
        for (name, value) in &self.fields {
            block.push(0); // a literal that is not indexed, with a new name
            put_literal(&mut block, &name.0);
            put_literal(&mut block, &value.0);
        }
        let ends = self.ends && kind == kind::HEADERS;
        let flags = (u8::from(self.whole) * flag::END_HEADERS) | (u8::from(ends) * flag::END_STREAM);
        write(out, kind, flags, self.stream + further, &block);
    }
}

fn first() -> u32 {
    1
}

fn next() -> u32 {
    2
}

fn yes() -> bool {
    true
}
