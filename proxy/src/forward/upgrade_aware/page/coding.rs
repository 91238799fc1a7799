use std::io::{self, Write as _};

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::{
    Compression, Decompress, FlushDecompress, Status,
    write::{DeflateEncoder, GzEncoder},
};

use crate::{
    forward::gunzip::{self, Gunzip},
    upstream::Incoming,
    wire::{Cut, Name},
};

/// How a page is packed. It is packed again in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Not at all.
    Plain,
    /// With a head and a checksum.
    Gzip,
    /// Raw, without the head of zlib, as Go takes it.
    Deflate,
}

impl Coding {
    /// The coding of an answer, behind the one that was our own idea; none if it is not known.
    pub(super) fn of(incoming: &Incoming) -> Option<Self> {
        if incoming.gzip_was_ours && gunzip::applies(&incoming.head, incoming.body.length()) {
            return Some(Self::Plain);
        }
        match incoming.head.headers.get(&Name::CONTENT_ENCODING) {
            None | Some(b"") => Some(Self::Plain),
            Some(b"gzip") => Some(Self::Gzip),
            Some(b"deflate") => Some(Self::Deflate),
            Some(_) => None,
        }
    }
}

/// Unpacks piece by piece; what one step makes is bounded.
#[derive(Debug)]
pub(super) enum Unpack {
    Plain(Bytes),
    Gzip { begin: BytesMut, gunzip: Box<Gunzip> },
    Deflate(Box<Inflate>),
}

impl Unpack {
    pub(super) fn new(coding: Coding) -> Self {
        match coding {
            Coding::Plain => Self::Plain(Bytes::new()),
            Coding::Gzip => Self::Gzip { begin: BytesMut::new(), gunzip: Box::new(Gunzip::new()) },
            Coding::Deflate => Self::Deflate(Box::new(Inflate::new())),
        }
    }

    /// Takes packed bytes in, once `next` has given all that the ones before make.
    pub(super) fn push(&mut self, packed: Bytes) -> Result<(), Cut> {
        match self {
            Self::Plain(bytes) => *bytes = packed,
            Self::Gzip { begin, gunzip } => {
                if begin.len() < GZIP_HEAD_BYTES {
                    begin.extend_from_slice(&packed[..packed.len().min(GZIP_HEAD_BYTES - begin.len())]);
                    if begin.len() == GZIP_HEAD_BYTES && !begin.starts_with(GZIP_MAGIC) {
                        return Err(Cut::Malformed("errorf making gzip reader: gzip: invalid header"));
                    }
                }
                gunzip.push(&packed);
            }
            Self::Deflate(inflate) => inflate.packed.extend_from_slice(&packed),
        }
        Ok(())
    }

    /// Unpacked bytes, if there are any by now.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        match self {
            Self::Plain(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
            Self::Gzip { begin, .. } if begin.len() < GZIP_HEAD_BYTES => Ok(None),
            Self::Gzip { gunzip, .. } => gunzip.next(),
            Self::Deflate(inflate) => inflate.next(),
        }
    }

    /// The last unpacked bytes; an error when the packed ones broke off.
    pub(super) fn end(&mut self) -> Result<Option<Bytes>, Cut> {
        match self {
            Self::Plain(_) => Ok(None),
            Self::Gzip { begin, .. } if begin.is_empty() => Err(Cut::Malformed("errorf making gzip reader: EOF")),
            Self::Gzip { begin, .. } if begin.len() < GZIP_HEAD_BYTES => {
                Err(Cut::Malformed("errorf making gzip reader: unexpected EOF"))
            }
            // What fails at the end alone has broken off.
            Self::Gzip { gunzip, .. } => gunzip.end().map_err(|_| broken_off()),
            Self::Deflate(inflate) if inflate.ended => Ok(None),
            Self::Deflate(_) => Err(broken_off()),
        }
    }
}

fn broken_off() -> Cut {
    Cut::BackendGone(io::ErrorKind::UnexpectedEof.into())
}

/// Unpacks raw deflate; what stands behind its end is nobody's, as in Go.
#[derive(Debug)]
pub(super) struct Inflate {
    state: Decompress,
    packed: BytesMut,
    /// The last step filled its buffer: there may be more without further bytes.
    has_more: bool,
    ended: bool,
}

impl Inflate {
    fn new() -> Self {
        Self { state: Decompress::new(false), packed: BytesMut::new(), has_more: false, ended: false }
    }

    fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        while !self.ended && (self.has_more || !self.packed.is_empty()) {
            let mut out = Vec::with_capacity(INFLATED_BYTES);
            let before = self.state.total_in();
            let status = self.state.decompress_vec(&self.packed, &mut out, FlushDecompress::None);
            let taken = self.state.total_in() - before;
            self.packed.advance(taken as usize);
            self.has_more = out.len() == out.capacity();
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Err(Cut::Malformed("flate: corrupt input")),
            }
            if !out.is_empty() {
                return Ok(Some(out.into()));
            }
            if taken == 0 && !self.ended {
                return Ok(None);
            }
        }
        self.packed.clear();
        Ok(None)
    }
}

/// Packs what was unpacked.
pub(super) enum Pack {
    Plain,
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(DeflateEncoder<Vec<u8>>),
}

impl Pack {
    pub(super) fn new(coding: Coding) -> Self {
        match coding {
            Coding::Plain => Self::Plain,
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::default())),
            Coding::Deflate => Self::Deflate(DeflateEncoder::new(Vec::new(), Compression::best())),
        }
    }

    /// Takes all of `plain`.
    pub(super) fn write(&mut self, plain: &mut BytesMut, out: &mut BytesMut) -> Result<(), Cut> {
        match self {
            Self::Plain if out.is_empty() => *out = plain.split(),
            Self::Plain => out.extend_from_slice(plain),
            Self::Gzip(encoder) => {
                encoder.write_all(plain).map_err(Cut::BackendGone)?;
                out.extend_from_slice(&std::mem::take(encoder.get_mut()));
            }
            Self::Deflate(encoder) => {
                encoder.write_all(plain).map_err(Cut::BackendGone)?;
                out.extend_from_slice(&std::mem::take(encoder.get_mut()));
            }
        }
        plain.clear();
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut BytesMut) -> Result<(), Cut> {
        match self {
            Self::Plain => {}
            Self::Gzip(encoder) => {
                encoder.try_finish().map_err(Cut::BackendGone)?;
                out.extend_from_slice(&std::mem::take(encoder.get_mut()));
            }
            Self::Deflate(encoder) => {
                encoder.try_finish().map_err(Cut::BackendGone)?;
                out.extend_from_slice(&std::mem::take(encoder.get_mut()));
            }
        }
        Ok(())
    }
}

const GZIP_MAGIC: &[u8] = b"\x1f\x8b\x08";
const GZIP_HEAD_BYTES: usize = 10;
const INFLATED_BYTES: usize = 64 << 10;
