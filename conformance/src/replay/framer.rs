//! Frames of HTTP/2, written as a script says, and read into events.

use bytes::{Buf as _, BufMut as _, BytesMut};
use loona_hpack::Decoder;
use weir::wire::http2::Code;

use super::event::{Event, What};
use crate::scenario::{Addresses, Frame};

/// Writes the frames of a step as they go on the wire.
pub(crate) fn encode(frames: &[Frame], addresses: &Addresses) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in frames {
        match frame {
            Frame::Preface => out.extend_from_slice(PREFACE),
            Frame::Raw(bytes) => out.extend(bytes.filled(addresses)),
            Frame::Ping => write(&mut out, kind::PING, 0, 0, &[0; 8]),
            Frame::Settings(settings) => {
                let mut payload = Vec::new();
                for (setting, value) in settings {
                    payload.put_u16(setting.0);
                    payload.put_u32(*value);
                }
                write(&mut out, kind::SETTINGS, 0, 0, &payload);
            }
            Frame::Headers { stream, fields, end_stream } => {
                let mut block = Vec::new();
                for (name, value) in fields {
                    block.push(0); // literal without indexing, new name
                    put_literal(&mut block, &name.filled(addresses));
                    put_literal(&mut block, &value.filled(addresses));
                }
                write(&mut out, kind::HEADERS, flag::END_HEADERS | u8::from(*end_stream), *stream, &block);
            }
            Frame::Data { stream, bytes, end_stream } => {
                write(&mut out, kind::DATA, u8::from(*end_stream), *stream, &bytes.filled(addresses));
            }
            Frame::Reset { stream, code } => write(&mut out, kind::RST_STREAM, 0, *stream, &code.0.to_be_bytes()),
            Frame::GoAway { last, code } => {
                write(&mut out, kind::GOAWAY, 0, 0, &[last.to_be_bytes(), code.0.to_be_bytes()].concat());
            }
            Frame::Window { stream, add } => write(&mut out, kind::WINDOW_UPDATE, 0, *stream, &add.to_be_bytes()),
        }
    }
    out
}

/// The SETTINGS frame, empty, that a server begins with.
pub(crate) fn empty_settings() -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, kind::SETTINGS, 0, 0, &[]);
    out
}

pub(crate) fn write(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.put_uint(payload.len() as u64, 3);
    out.put_u8(kind);
    out.put_u8(flags);
    out.put_u32(stream);
    out.extend_from_slice(payload);
}

/// A string as HPACK writes it without Huffman coding (RFC 7541, 5.1 and 5.2).
pub(crate) fn put_literal(out: &mut Vec<u8>, literal: &[u8]) {
    match u8::try_from(literal.len()) {
        Ok(length) if length < 127 => out.push(length),
        _ => {
            out.push(127);
            let mut rest = literal.len() - 127;
            while rest >= 128 {
                out.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            out.push(rest as u8);
        }
    }
    out.extend_from_slice(literal);
}

/// Turns the bytes of a peer into events.
pub(crate) struct Reader {
    buffer: BytesMut,
    decoder: Decoder<'static>,
    /// Of a HEADERS frame whose CONTINUATION is still to come: its block so far, and whether it ends its stream.
    block: (Vec<u8>, bool),
    preface_left: usize,
}

/// What one frame was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// What is written down.
    pub(crate) event: Option<Event>,
    /// What a well-behaved peer answers at once.
    pub(crate) answer: Vec<u8>,
}

/// The peer sent what is no frame. Nothing behind it can be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Reader {
    /// A reader of what a client sends, preface first.
    pub(crate) fn of_client() -> Self {
        Self { preface_left: PREFACE.len(), ..Self::of_server() }
    }

    /// A reader of what a server sends.
    pub(crate) fn of_server() -> Self {
        let mut decoder = Decoder::new();
        decoder.set_max_allowed_table_size(1 << 24);
        Self { buffer: BytesMut::new(), decoder, block: (Vec::new(), false), preface_left: 0 }
    }

    /// Takes bytes that came.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        let skipped = self.preface_left.min(self.buffer.len());
        self.buffer.advance(skipped);
        self.preface_left -= skipped;
    }

    /// Reads one frame; none while it has not come.
    pub(crate) fn next(&mut self) -> Result<Option<Turn>, Malformed> {
        let Some(mut head) = self.buffer.get(..HEAD) else { return Ok(None) };
        let length = head.get_uint(3) as usize;
        let (kind, flags, stream) = (head.get_u8(), head.get_u8(), head.get_u32() & (u32::MAX >> 1));
        if self.buffer.len() < HEAD + length {
            return Ok(None);
        }
        let payload = self.buffer.split_to(HEAD + length).split_off(HEAD);
        self.frame(kind, flags, stream, &payload).map(Some)
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<Turn, Malformed> {
        let has = |wanted| flags & wanted != 0;
        let ends = has(flag::END_STREAM);
        let mut turn = Turn::default();
        match kind {
            kind::SETTINGS if !has(flag::ACK) => write(&mut turn.answer, kind::SETTINGS, flag::ACK, 0, &[]),
            kind::PING if !has(flag::ACK) => write(&mut turn.answer, kind::PING, flag::ACK, 0, payload),
            kind::DATA => {
                let bytes = unpadded(payload, has(flag::PADDED))?.to_vec();
                turn.event = Some(Event { stream, what: What::Data(bytes), ends });
                if !payload.is_empty() {
                    let add = (payload.len() as u32).to_be_bytes();
                    write(&mut turn.answer, kind::WINDOW_UPDATE, 0, 0, &add);
                    if !ends {
                        write(&mut turn.answer, kind::WINDOW_UPDATE, 0, stream, &add);
                    }
                }
            }
            kind::HEADERS => {
                let block = unpadded(payload, has(flag::PADDED))?;
                let block = if has(flag::PRIORITY) { block.get(5..).ok_or(Malformed)? } else { block };
                self.block = (block.to_vec(), ends);
                if has(flag::END_HEADERS) {
                    turn.event = Some(self.headers(stream)?);
                }
            }
            kind::CONTINUATION => {
                self.block.0.extend_from_slice(payload);
                if has(flag::END_HEADERS) {
                    turn.event = Some(self.headers(stream)?);
                }
            }
            kind::RST_STREAM => {
                let code = number_at(payload, 0)?;
                turn.event = Some(Event { stream, what: What::Reset(Code(code)), ends: true });
            }
            kind::GOAWAY => {
                let code = number_at(payload, 4)?;
                turn.event = Some(Event { stream: 0, what: What::GoAway(Code(code)), ends: false });
            }
            _ => {}
        }
        Ok(turn)
    }

    fn headers(&mut self, stream: u32) -> Result<Event, Malformed> {
        let (block, ends) = std::mem::take(&mut self.block);
        let fields = self.decoder.decode(&block).map_err(|_| Malformed)?;
        Ok(Event { stream, what: What::Headers(fields), ends })
    }
}

fn unpadded(payload: &[u8], padded: bool) -> Result<&[u8], Malformed> {
    if !padded {
        return Ok(payload);
    }
    let (padding, rest) = payload.split_first().ok_or(Malformed)?;
    rest.len().checked_sub(usize::from(*padding)).map(|length| &rest[..length]).ok_or(Malformed)
}

fn number_at(payload: &[u8], at: usize) -> Result<u32, Malformed> {
    payload.get(at..at + 4).map(|mut number| number.get_u32()).ok_or(Malformed)
}

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD: usize = 9;

pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

pub(crate) mod flag {
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(crate) const PADDED: u8 = 8;
    pub(crate) const PRIORITY: u8 = 32;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Octets;

    fn read(bytes: &[u8]) -> Vec<Turn> {
        let mut reader = Reader::of_client();
        let mut turns = Vec::new();
        for byte in bytes {
            reader.push(&[*byte]);
            turns.extend(reader.next().unwrap());
        }
        turns
    }

    #[test]
    fn what_is_written_is_read_back() {
        let octets = |text: &str| Octets::from(text.as_bytes().to_vec());
        let addresses =
            Addresses { proxy: "p:1".to_owned(), backend: String::new(), authority: String::new(), client: Vec::new() };
        let long = "v".repeat(300);
        let frames = [
            Frame::Preface,
            Frame::Settings(Vec::new()),
            Frame::Headers {
                stream: 1,
                fields: vec![(octets(":authority"), octets("${proxy}")), (octets("a"), octets(&long))],
                end_stream: false,
            },
            Frame::Data { stream: 1, bytes: octets("hi"), end_stream: true },
            Frame::GoAway { last: 0, code: Code(1) },
        ];
        let turns = read(&encode(&frames, &addresses));
        assert_eq!(turns[0].answer, [0, 0, 0, 4, 1, 0, 0, 0, 0]);
        let fields = vec![(b":authority".to_vec(), b"p:1".to_vec()), (b"a".to_vec(), long.into_bytes())];
        assert_eq!(turns[1].event, Some(Event { stream: 1, what: What::Headers(fields), ends: false }));
        assert_eq!(turns[2].event, Some(Event { stream: 1, what: What::Data(b"hi".to_vec()), ends: true }));
        assert_eq!(turns[2].answer, [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(turns[3].event, Some(Event { stream: 0, what: What::GoAway(Code(1)), ends: false }));
    }

    #[test]
    fn padding_beyond_the_frame_is_malformed() {
        let mut reader = Reader::of_server();
        reader.push(&[0, 0, 2, 0, 8, 0, 0, 0, 1, 2, 0]);
        assert_eq!(reader.next(), Err(Malformed));
    }
}
