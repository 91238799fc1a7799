use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memchr;
use smallvec::SmallVec;

use super::wrong::Wrong;
use crate::wire::{
    headers::{Headers, Name, trim},
    token::is_token_byte,
};

/// Reads the lines of a head while they come in; no byte is looked at twice for a line end.
///
/// All positions count from the start of the head, which is the start of the input until the head is whole.
///
/// Go: `net/textproto/reader.go` `Reader.ReadLine`, `readMIMEHeader`, `readContinuedLineSlice`.
#[derive(Debug, Default)]
pub(super) struct HeadLines {
    /// Where the line being read starts.
    line: usize,
    /// Where to look on for its end.
    searched: usize,
    /// The field read last, which the next line may continue.
    open: Option<OpenField>,
    /// The fields that are whole.
    fields: Vec<FieldAt>,
    /// That a field stood on several lines: its bytes were moved together.
    unfolded: bool,
}

#[derive(Clone, Copy, Debug)]
struct OpenField {
    start: usize,
    colon: usize,
    end: usize,
    folded: bool,
}

#[derive(Clone, Copy, Debug)]
struct FieldAt {
    name: usize,
    name_length: usize,
    value: usize,
    value_length: usize,
}

/// The fields of a head; those that frame it stand apart.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) headers: Headers,
    /// Of requests; the `Host` of a response is a field like others.
    pub(super) hosts: Values,
    pub(super) lengths: Values,
    pub(super) encodings: Values,
    pub(super) trailers: Values,
}

/// The values of the fields of one name.
pub(super) type Values = SmallVec<[Bytes; 1]>;

/// What the fields belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Request,
    Response,
    /// Trailers: nothing in them frames anything.
    Trailers,
}

impl HeadLines {
    /// The first line, without its end; none while it is not whole. What is there at the end of the input counts as a line.
    pub(super) fn first(&mut self, input: &[u8], at_end: bool) -> Option<(usize, usize)> {
        self.take_line(input, at_end)
    }

    /// Where the line being read starts.
    pub(super) const fn position(&self) -> usize {
        self.line
    }

    /// Whether the bytes of the head stand as they came.
    pub(super) const fn is_as_it_came(&self) -> bool {
        !self.unfolded
    }

    /// Reads on until the empty line. Gives the length of the head, none while it is not whole.
    ///
    /// # Errors
    /// A line is no field, or the input ends within the head.
    pub(super) fn fields(&mut self, input: &mut [u8], at_end: bool) -> Result<Option<usize>, Wrong> {
        loop {
            let next = input.get(self.line).copied();
            let continues = matches!(next, Some(b' ' | b'\t'));
            if !continues && (next.is_some() || at_end) {
                self.close_field(input)?;
            }
            let Some((start, end)) = self.take_line(input, at_end) else {
                return if at_end { Err(Wrong::EndedEarly) } else { Ok(None) };
            };
            let line = &input[start..end];
            if continues {
                match &mut self.open {
                    Some(open) => {
                        open.end = end;
                        open.folded = true;
                    }
                    None => return Err(Wrong::FirstField(Bytes::copy_from_slice(line))),
                }
            } else if line.is_empty() {
                return Ok(Some(self.line));
            } else {
                let colon = memchr(b':', line).ok_or_else(|| Wrong::Colon(Bytes::copy_from_slice(line)))?;
                self.open = Some(OpenField { start, colon: start + colon, end, folded: false });
            }
        }
    }

    /// Takes the fields out of a whole head, of which `consumed` bytes are cut off already, and gets ready for the next head.
    pub(super) fn take_fields(&mut self, mut head: BytesMut, consumed: usize, of: Of) -> Fields {
        let mut fields = Fields { headers: Headers::with_capacity(self.fields.len()), ..Fields::default() };
        let mut at = consumed;
        for field in &self.fields {
            head.advance(field.name - at);
            let name = Name::from_buffer(head.split_to(field.name_length));
            head.advance(field.value - field.name - field.name_length);
            let value = if field.value_length == 0 { Bytes::new() } else { head.split_to(field.value_length).freeze() };
            at = field.value + field.value_length;
            fields.put(name, value, of);
        }
        self.reset();
        fields
    }

    /// Gets ready for the next head.
    pub(super) fn reset(&mut self) {
        self.line = 0;
        self.searched = 0;
        self.open = None;
        self.fields.clear();
        self.fields.shrink_to(FIELDS_KEPT);
        self.unfolded = false;
    }

    /// The next line, without its end; none while it is not whole.
    fn take_line(&mut self, input: &[u8], at_end: bool) -> Option<(usize, usize)> {
        let start = self.line;
        let new = input.get(self.searched..).unwrap_or_default();
        if let Some(found) = memchr(b'\n', new) {
            let lf = self.searched + found;
            self.line = lf + 1;
            self.searched = lf + 1;
            let cr = lf > start && input[lf - 1] == b'\r';
            return Some((start, lf - usize::from(cr)));
        }
        self.searched = input.len();
        if at_end && start < input.len() {
            self.line = input.len();
            return Some((start, input.len()));
        }
        None
    }

    /// The field read last is whole: checks it, and keeps where it stands.
    fn close_field(&mut self, input: &mut [u8]) -> Result<(), Wrong> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.unfolded |= open.folded;
        let end = if open.folded {
            unfold(input, open.start, open.end)
        } else {
            open.start + trim_end(&input[open.start..open.end]).len()
        };
        let name = &input[open.start..open.colon];
        let value = &input[open.colon + 1..end];
        if !may_be_name(name) || !may_be_value(value) {
            return Err(Wrong::Field(Bytes::copy_from_slice(&input[open.start..end])));
        }
        let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.fields.push(FieldAt {
            name: open.start,
            name_length: name.len(),
            value: open.colon + 1 + blanks,
            value_length: value.len() - blanks,
        });
        Ok(())
    }
}

impl Fields {
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty()
            && [&self.hosts, &self.lengths, &self.encodings, &self.trailers].iter().all(|values| values.is_empty())
    }

    fn put(&mut self, name: Name, value: Bytes, of: Of) {
        if of == Of::Trailers {
            self.headers.append(name, value);
        } else if name == Name::CONTENT_LENGTH {
            self.lengths.push(value);
        } else if name == Name::TRANSFER_ENCODING {
            self.encodings.push(value);
        } else if name == Name::TRAILER {
            self.trailers.push(value);
        } else if of == Of::Request && name == Name::HOST {
            self.hosts.push(value);
        } else {
            self.headers.append(name, value);
        }
    }

    /// `Pragma: no-cache` counts as `Cache-Control: no-cache`. Go: `net/http/response.go` `fixPragmaCacheControl`.
    pub(super) fn mind_pragma(&mut self) {
        if self.headers.get(&Name::PRAGMA) == Some(b"no-cache") && !self.headers.contains(&Name::CACHE_CONTROL) {
            self.headers.append(Name::CACHE_CONTROL, Bytes::from_static(b"no-cache"));
        }
    }
}

/// Makes one line of a field and the lines that continue it, in its place: blanks at the ends of lines go, one space joins them. Gives its
/// end.
fn unfold(input: &mut [u8], start: usize, end: usize) -> usize {
    let mut from = start;
    let mut to = start;
    loop {
        let lf = memchr(b'\n', &input[from..end]).map(|found| from + found);
        let mut stop = lf.unwrap_or(end);
        if lf.is_some() && stop > from && input[stop - 1] == b'\r' {
            stop -= 1;
        }
        let line = &input[from..stop];
        let length = trim(line).len();
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if from > start {
            input[to] = b' ';
            to += 1;
        }
        input.copy_within(from + blanks..from + blanks + length, to);
        to += length;
        match lf {
            Some(lf) => from = lf + 1,
            None => return to,
        }
    }
}

/// Whether the name is one that Go reads: a token, or a token with spaces in it, which is kept but never written.
fn may_be_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| is_token_byte(*byte) || *byte == b' ')
}

/// Whether a value holds no control byte but TAB. One pass without a way out: values are short, and so it runs over many bytes at once.
fn may_be_value(value: &[u8]) -> bool {
    !value.iter().fold(false, |bad, byte| bad | ((*byte < b' ') & (*byte != b'\t')) | (*byte == 0x7f))
}

fn trim_end(line: &[u8]) -> &[u8] {
    let blanks = line.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &line[..line.len() - blanks]
}

/// The positions of so many fields stay allocated between heads.
const FIELDS_KEPT: usize = 32;
