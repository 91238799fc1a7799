//! Bodies that the backend compressed because the transport asked for it, not the client.
//!
//! Go: `net/http/transport.go` `gzipReader`.

use std::io::{self, Write as _};

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::write::GzDecoder;

use crate::{
    config::limits::GUNZIP_PIECE_BYTES_MAX,
    wire::{Cut, Length, Name, ResponseHead},
};

/// Whether there is a body, and it is gzip.
pub(super) fn applies(head: &ResponseHead, length: Length) -> bool {
    length != Length::Empty
        && head.headers.get(&Name::CONTENT_ENCODING).is_some_and(|coding| coding.eq_ignore_ascii_case(b"gzip"))
}

/// Takes what speaks of the compressed body out of the head.
pub(super) fn strip(head: &mut ResponseHead) {
    head.headers.remove(&Name::CONTENT_ENCODING);
    head.content_length = None;
}

/// Unpacks a body piece by piece; what one piece may become is bounded. Several packed streams in a row are one body.
#[derive(Debug)]
pub(super) struct Gunzip {
    decoder: GzDecoder<Vec<u8>>,
    packed: BytesMut,
    begun: bool,
    broken: Option<io::Error>,
}

impl Gunzip {
    pub(super) fn new() -> Self {
        Self { decoder: GzDecoder::new(Vec::new()), packed: BytesMut::new(), begun: false, broken: None }
    }

    /// Takes packed bytes in; they are unpacked by `next`.
    pub(super) fn push(&mut self, packed: &[u8]) {
        self.packed.extend_from_slice(packed);
    }

    /// Unpacked bytes, if the packed ones that were taken in give any; what stands before an error comes before it, and what ends a stream
    /// is not joined with what begins the next.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Cut> {
        while !self.packed.is_empty() && self.broken.is_none() {
            self.begun = true;
            match self.unpack() {
                Ok(0) => match self.decoder.try_finish() {
                    Ok(()) => self.decoder = GzDecoder::new(self.rest()),
                    Err(error) => self.broken = Some(error),
                },
                Ok(taken) => self.packed.advance(taken),
                Err(error) => {
                    // What was unpacked before the error is given out; the error comes again.
                    let _ = self.decoder.try_finish();
                    self.broken = Some(error);
                }
            }
            if let Some(bytes) = self.taken() {
                return Ok(Some(bytes));
            }
        }
        match self.broken.take() {
            Some(error) => Err(Cut::BackendGone(error)),
            None => Ok(None),
        }
    }

    /// Unpacks the next packed bytes; none are taken when a stream has ended before them.
    fn unpack(&mut self) -> io::Result<usize> {
        let piece = self.packed.len().min(GUNZIP_PIECE_BYTES_MAX);
        let taken = self.decoder.write(&self.packed[..piece])?;
        if taken > 0 {
            self.decoder.flush()?; // the decoder holds back what it is not asked for
        }
        Ok(taken)
    }

    /// The last unpacked bytes; an error when the packed ones broke off. No bytes at all are an empty body, as in Go.
    pub(super) fn end(&mut self) -> Result<Option<Bytes>, Cut> {
        if !self.begun {
            return Ok(None);
        }
        self.decoder.try_finish().map_err(Cut::BackendGone)?;
        Ok(self.taken())
    }

    /// What was unpacked and not given out yet.
    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(self.decoder.get_mut())
    }

    fn taken(&mut self) -> Option<Bytes> {
        let bytes = self.rest();
        (!bytes.is_empty()).then(|| Bytes::from(bytes))
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(gunzip: &mut Gunzip) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(bytes) = gunzip.next().unwrap() {
            assert!(bytes.len() <= 300 * 1024);
            out.extend_from_slice(&bytes);
        }
        out
    }

    #[test]
    fn a_bomb_is_unpacked_in_bounded_pieces() {
        let mut gunzip = Gunzip::new();
        gunzip.push(&packed(&vec![0; 8 << 20]));
        let mut out = unpack(&mut gunzip);
        out.extend_from_slice(&gunzip.end().unwrap().unwrap_or_default());
        assert_eq!(out.len(), 8 << 20);
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        let mut gunzip = Gunzip::new();
        let bytes = packed(b"hello, hello, hello");
        gunzip.push(&bytes[..bytes.len() - 4]);
        unpack(&mut gunzip);
        assert!(gunzip.end().is_err());
    }

    #[test]
    fn an_answer_without_a_body_keeps_its_encoding_as_in_go() {
        // A 304 lost its Content-Encoding, and was cut.
        let mut head = ResponseHead::new(http::StatusCode::NOT_MODIFIED);
        head.headers.set(Name::CONTENT_ENCODING, "gzip");
        assert!(!applies(&head, Length::Empty));
        assert!(applies(&head, Length::Unknown));
    }

    #[test]
    fn what_has_come_is_unpacked_at_once() {
        // The decoder held it back until more came: an event stream was one event late.
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(b"first event").unwrap();
        encoder.flush().unwrap();
        let mut gunzip = Gunzip::new();
        gunzip.push(encoder.get_ref());
        assert_eq!(unpack(&mut gunzip), b"first event");
    }

    #[test]
    fn what_stands_before_a_break_is_unpacked() {
        // It was lost with the error.
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(b"before").unwrap();
        encoder.flush().unwrap();
        let mut gunzip = Gunzip::new();
        gunzip.push(&[encoder.get_ref(), &b"\xff\xff\xff\xff"[..]].concat());
        assert_eq!(gunzip.next().unwrap().as_deref(), Some(&b"before"[..]));
        assert!(gunzip.next().is_err());
    }

    #[test]
    fn streams_in_a_row_are_given_out_one_by_one() {
        let mut gunzip = Gunzip::new();
        gunzip.push(&[packed(b"one"), packed(b"two")].concat());
        assert_eq!(gunzip.next().unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(gunzip.next().unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(gunzip.next().unwrap(), None);
        assert_eq!(gunzip.end().unwrap(), None);
        gunzip.push(b"no third one");
        assert!(gunzip.next().is_err());
    }

    #[test]
    fn a_wrong_checksum_is_an_error_behind_what_was_unpacked() {
        let mut bytes = packed(b"hello");
        let checksum = bytes.len() - 8;
        bytes[checksum] ^= 1;
        let mut gunzip = Gunzip::new();
        gunzip.push(&bytes);
        assert_eq!(gunzip.next().unwrap().as_deref(), Some(&b"hello"[..]));
        assert!(gunzip.next().is_err() || gunzip.end().is_err());
    }

    #[test]
    fn a_body_that_is_not_gzip_is_an_error() {
        let mut gunzip = Gunzip::new();
        gunzip.push(b"plain text, as it turns out");
        assert!(gunzip.next().is_err());
    }
}
