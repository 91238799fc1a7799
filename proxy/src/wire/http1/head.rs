use bytes::{Bytes, BytesMut};
use memchr::memchr;
use smallvec::SmallVec;

use super::wrong::Wrong;
use crate::wire::{
    headers::{Headers, Name, NameSet, canonicalize, trim},
    token::{find_control, find_near, is_token, is_token_byte, is_valid_field_value},
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

#[derive(Clone, Debug)]
struct FieldAt {
    /// The place of a name in common use; none: what stands at `name_start`, made canonical.
    known: Option<u8>,
    name_start: usize,
    name_end: usize,
    value_start: usize,
    value_end: usize,
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

    /// Whether the bytes of the head stand as they came.
    pub(super) const fn is_as_it_came(&self) -> bool {
        !self.unfolded
    }

    /// How many fields have been read.
    pub(super) const fn count(&self) -> usize {
        self.fields.len()
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
                if self.searched <= self.line && self.usual_fields(input) {
                    continue;
                }
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
                // Names are short: a call of `memchr` takes longer.
                let colon = line.iter().position(|byte| *byte == b':');
                let colon = colon.ok_or_else(|| Wrong::Colon(Bytes::copy_from_slice(line)))?;
                self.open = Some(OpenField { start, colon: start + colon, end, folded: false });
            }
        }
    }

    /// Takes the fields out of a whole head, of which they then are slices, and gets ready for the next one.
    pub(super) fn take_fields(&mut self, mut head: BytesMut, of: Of) -> (Bytes, Fields) {
        for field in self.fields.iter().filter(|field| field.known.is_none()) {
            canonicalize(&mut head[field.name_start..field.name_end]);
        }
        let head = head.freeze();
        // One more than came: what a proxy adds.
        let mut fields = Fields { headers: Headers::with_capacity(self.fields.len() + 1), ..Fields::default() };
        if self.unfolded {
            // Where lines were joined, a blank may stand at the end of a value.
            fields.headers.doubt_values();
        }
        for field in &self.fields {
            let value = head.slice(field.value_start..field.value_end);
            match field.known.and_then(Name::at) {
                Some(name) => fields.put(name, value, of),
                None => {
                    let name = Name::canonical(head.slice(field.name_start..field.name_end));
                    fields.headers.append_clean(name, value);
                }
            }
        }
        self.reset();
        (head, fields)
    }

    /// Gets ready for the next head.
    pub(super) fn reset(&mut self) {
        self.line = 0;
        self.searched = 0;
        self.open = None;
        self.fields.clear();
        if self.fields.capacity() > FIELDS_KEPT {
            self.fields = Vec::new();
        }
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

    /// Takes fields while they stand as nearly all are written. False: there is none, and the next line is read with more care.
    fn usual_fields(&mut self, input: &[u8]) -> bool {
        let start = self.line;
        while let Some(next) = self.usual_field(input) {
            self.line = next;
        }
        self.searched = self.searched.max(self.line);
        self.line > start
    }

    /// Takes a field, and gives the start of the next line: a token, a colon, a value that is good, CR LF, and behind it a line of its own.
    fn usual_field(&mut self, input: &[u8]) -> Option<usize> {
        let name_start = self.line;
        // At the empty line no colon is looked for: it may be far within a body.
        if !is_token_byte(*input.get(name_start)?) {
            return None;
        }
        let name_end = name_start + find_near(b':', &input[name_start..])?;
        let name = &input[name_start..name_end];
        let known = Name::place(name);
        if known.is_none() && !is_token(name) {
            return None;
        }
        let value_start = past_blanks(input, name_end + 1);
        let end = value_start + find_control(&input[value_start..])?;
        let [b'\r', b'\n', next, ..] = input[end..] else { return None };
        if is_blank(next) {
            return None;
        }
        let value_end = before_blanks(input, value_start, end);
        self.fields.push(FieldAt { known, name_start, name_end, value_start, value_end });
        Some(end + b"\r\n".len())
    }

    /// The field read last is whole: checks it, and keeps where it stands.
    fn close_field(&mut self, input: &mut [u8]) -> Result<(), Wrong> {
        let Some(open) = self.open.take() else { return Ok(()) };
        self.unfolded |= open.folded;
        let end =
            if open.folded { unfold(input, open.start, open.end) } else { before_blanks(input, open.start, open.end) };
        let name = &input[open.start..open.colon];
        let value = &input[open.colon + 1..end];
        let known = Name::place(name);
        if (known.is_none() && !may_be_name(name)) || !is_valid_field_value(value) {
            return Err(Wrong::Field(Bytes::copy_from_slice(&input[open.start..end])));
        }
        let value_start = past_blanks(&input[..end], open.colon + 1);
        self.fields.push(FieldAt { known, name_start: open.start, name_end: open.colon, value_start, value_end: end });
        Ok(())
    }
}

impl Fields {
    pub(super) fn is_empty(&self) -> bool {
        self.headers.is_empty()
            && [&self.hosts, &self.lengths, &self.encodings, &self.trailers].iter().all(|values| values.is_empty())
    }

    /// Puts a field in common use where it belongs. No other frames a message.
    fn put(&mut self, name: Name, value: Bytes, of: Of) {
        if of == Of::Trailers || !FRAMING.contains(&name) || (of == Of::Response && name == Name::HOST) {
            self.headers.append_clean(name, value);
        } else if name == Name::CONTENT_LENGTH {
            self.lengths.push(value);
        } else if name == Name::TRANSFER_ENCODING {
            self.encodings.push(value);
        } else if name == Name::TRAILER {
            self.trailers.push(value);
        } else {
            self.hosts.push(value);
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
        let blanks = past_blanks(line, 0);
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

/// The first place from `at` on where no blank stands.
fn past_blanks(input: &[u8], mut at: usize) -> usize {
    while at < input.len() && is_blank(input[at]) {
        at += 1;
    }
    at
}

/// The place behind the last byte before `end` that is no blank, but not before `start`.
fn before_blanks(input: &[u8], start: usize, mut end: usize) -> usize {
    while end > start && is_blank(input[end - 1]) {
        end -= 1;
    }
    end
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The positions of so many fields stay allocated between heads.
const FIELDS_KEPT: usize = 32;
/// What stands apart from the fields of a message.
const FRAMING: NameSet = NameSet::of([Name::CONTENT_LENGTH, Name::TRANSFER_ENCODING, Name::TRAILER, Name::HOST]);
