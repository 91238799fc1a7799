//! The lines of a head on HTTP/1, written into room that is made for all of them at once.

use bytes::BytesMut;

use super::name::{LINE_START_BYTES_MAX, Name};
use crate::wire::token::has_control;

/// A field that is to be written. Only the fields of a head make one: they know which values can be written as they are.
#[derive(Debug)]
pub struct Line<'a> {
    /// The name, which may be written.
    pub name: &'a Name,
    pub(super) value: &'a [u8],
    pub(super) state: State,
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// It holds no control byte but TAB, and no blank at its ends.
    #[default]
    Clean,
    /// Anything may stand in it.
    Unknown,
}

impl State {
    /// What there is to know of a value.
    pub(super) fn of(value: &[u8]) -> Self {
        if has_control(value) || trim_lines(value).len() != value.len() { Self::Unknown } else { Self::Clean }
    }
}

/// Writes the lines of a head behind what a buffer holds.
///
/// While it writes, the buffer is longer than what is written; when it is dropped, the buffer ends where the last line does.
#[derive(Debug)]
pub struct Lines<'a> {
    out: &'a mut BytesMut,
    /// Where the next byte goes. Behind it there is room, of zeros.
    at: usize,
}

impl<'a> Lines<'a> {
    /// Writes lines of about so many bytes; more may follow.
    pub fn new(out: &'a mut BytesMut, bytes: usize) -> Self {
        let at = out.len();
        out.resize(at + bytes + LINE_START_BYTES_MAX, 0);
        Self { out, at }
    }

    /// Where the next byte goes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Writes bytes as they are.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Writes one `Name: value` line: CR and LF in the value become spaces, and the value is trimmed.
    pub fn field(&mut self, name: &Name, value: &[u8]) {
        let value = trim_lines(value);
        let written = self.clean_field(name, value);
        if has_control(value) {
            unbreak(written);
        }
    }

    /// Writes the line of a field.
    #[inline]
    pub fn line(&mut self, line: &Line<'_>) {
        match line.state {
            State::Clean => _ = self.clean_field(line.name, line.value),
            State::Unknown => self.field(line.name, line.value),
        }
    }

    /// Writes a line as it is, and gives the value that was written.
    fn clean_field(&mut self, name: &Name, value: &[u8]) -> &mut [u8] {
        let known = name.line_start();
        let start = known.map_or_else(|| name.as_bytes().len() + b": ".len(), |(_, length)| length);
        let end = start + value.len();
        let line = self.room(end + LINE_START_BYTES_MAX);
        match known {
            // A copy of a length that is known takes no loop: the value goes over what is too much of it.
            Some((padded, _)) => line[..padded.len()].copy_from_slice(padded),
            None => {
                line[..start - 2].copy_from_slice(name.as_bytes());
                line[start - 2..start].copy_from_slice(b": ");
            }
        }
        line[start..end].copy_from_slice(value);
        line[end..end + 2].copy_from_slice(b"\r\n");
        let from = self.at;
        self.at += end + 2;
        &mut self.out[from + start..from + end]
    }

    /// The room for the next bytes, of which there are at least so many.
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.out.len() - self.at < bytes {
            self.out.resize(self.at + bytes + LINE_START_BYTES_MAX, 0);
        }
        &mut self.out[self.at..]
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.out.truncate(self.at);
    }
}

/// Leaves no line end in a value: a space stands for each of its bytes.
#[cold]
fn unbreak(value: &mut [u8]) {
    for byte in value {
        if matches!(*byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
}

/// Without blanks and line ends at both ends: line ends become spaces before Go trims.
fn trim_lines(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = value {
        value = rest;
    }
    value
}
