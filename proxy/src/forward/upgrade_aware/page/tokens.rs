use bytes::BytesMut;
use memchr::memchr;

use super::{super::Links, script::Script, tag::Tag};
use crate::{config::limits, wire::Cut};

/// Reads a page token by token as it comes: start tags are written anew with their links rewritten, every other byte passes as it is.
///
/// No library for HTML does this: they normalise what passes, or want the whole page, and what Go takes for a tag is seen in every byte
/// that goes out.
///
/// Go: `golang.org/x/net/html` `Tokenizer`, `apimachinery/pkg/util/proxy/transport.go` `rewriteHTML`. Trace: `fixtures/vectors/page.json`.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// What came and is not yet decided.
    pending: BytesMut,
    /// How long `pending` must be before it is worth another look: a long tag that comes in small pieces is read anew only whenever it has
    /// doubled.
    patience: usize,
    within: Within,
}

/// Where in the page the pending bytes begin.
#[derive(Clone, Copy, Debug, Default)]
enum Within {
    /// Between tags.
    #[default]
    Text,
    /// In what ends with the next `>`: a doctype, an instruction, a comment that is none.
    Declaration,
    Comment(Comment),
    /// In an element of this name, which holds nothing but text.
    RawText(&'static [u8]),
    Script(Script),
    /// Behind `<plaintext>`, which does not end.
    Plaintext,
}

/// In `<!-- -->`.
#[derive(Clone, Copy, Debug)]
struct Comment {
    /// How many dashes were the last; two are as good as more.
    dashes: u8,
    /// Nothing but dashes has come: a `>` ends it all the same.
    at_start: bool,
    /// `--!` were the last.
    bang: bool,
}

/// What is to be done with the first pending bytes.
enum Step {
    /// So many pass as they are.
    Pass(usize),
    /// So many are a start tag.
    Tag(usize),
    /// More must come.
    Wait,
    /// They are a tag that never ends, and are left out.
    Drop,
}

impl Tokens {
    /// Takes a piece of the page in; what is decided goes to `out`.
    ///
    /// # Errors
    /// A tag is too long.
    pub(super) fn push(&mut self, bytes: &[u8], links: &Links, out: &mut BytesMut) -> Result<(), Cut> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < self.patience {
            return Ok(());
        }
        self.run(AtEnd::No, links, out);
        if self.pending.len() > limits::REWRITTEN_TAG_BYTES_MAX {
            return Err(Cut::Limit("a tag of the page is too long"));
        }
        self.patience = if self.pending.len() > PATIENCE_BYTES { 2 * self.pending.len() } else { 0 };
        Ok(())
    }

    /// The page has ended.
    pub(super) fn end(&mut self, links: &Links, out: &mut BytesMut) {
        self.run(AtEnd::Yes, links, out);
    }

    fn run(&mut self, at_end: AtEnd, links: &Links, out: &mut BytesMut) {
        while !self.pending.is_empty() {
            match self.step(at_end) {
                Step::Pass(bytes) => out.extend_from_slice(&self.pending.split_to(bytes)),
                Step::Tag(bytes) => {
                    let written = self.pending.split_to(bytes);
                    if let Some(tag) = Tag::read(&written[1..]) {
                        tag.write(links, out);
                        self.within = holds(tag.name());
                    }
                }
                Step::Wait => return,
                Step::Drop => self.pending.clear(),
            }
        }
    }

    fn step(&mut self, at_end: AtEnd) -> Step {
        let rest = &self.pending[..];
        match &mut self.within {
            Within::Text => match memchr(b'<', rest) {
                Some(0) => self.markup(at_end),
                Some(bytes) => Step::Pass(bytes),
                None => Step::Pass(rest.len()),
            },
            Within::Declaration => match memchr(b'>', rest) {
                Some(at) => {
                    self.within = Within::Text;
                    Step::Pass(at + 1)
                }
                None => Step::Pass(rest.len()),
            },
            Within::Comment(comment) => match rest.iter().position(|byte| comment.ends_with(*byte)) {
                Some(at) => {
                    self.within = Within::Text;
                    Step::Pass(at + 1)
                }
                None => Step::Pass(rest.len()),
            },
            Within::RawText(name) => match memchr(b'<', rest) {
                Some(0) => match ends_element(rest, name) {
                    Some(true) => {
                        self.within = Within::Text;
                        self.markup(at_end)
                    }
                    Some(false) => Step::Pass(1),
                    None => at_end.passes(rest.len()),
                },
                Some(bytes) => Step::Pass(bytes),
                None => Step::Pass(rest.len()),
            },
            Within::Script(script) => match script.length(rest) {
                (0, true) => {
                    self.within = Within::Text;
                    self.markup(at_end)
                }
                (0, false) => at_end.passes(rest.len()),
                (bytes, _) => Step::Pass(bytes),
            },
            Within::Plaintext => Step::Pass(rest.len()),
        }
    }

    /// What begins with the `<` that is the first pending byte.
    fn markup(&mut self, at_end: AtEnd) -> Step {
        let rest = &self.pending[..];
        match *rest {
            [_, b'a'..=b'z' | b'A'..=b'Z', ..] => match Tag::read(&rest[1..]) {
                Some(tag) => Step::Tag(1 + tag.bytes()),
                None => at_end.drops(),
            },
            [_, b'/', b'>', ..] => Step::Pass(3),
            [_, b'/', b'a'..=b'z' | b'A'..=b'Z', ..] => match Tag::read(&rest[2..]) {
                Some(tag) => Step::Pass(2 + tag.bytes()),
                None => at_end.drops(),
            },
            [_, b'!', b'-', b'-', ..] => {
                self.within = Within::Comment(Comment { dashes: 0, at_start: true, bang: false });
                Step::Pass(4)
            }
            [_, b'!', _, _, ..] | [_, b'?', ..] | [_, b'/', _, ..] => {
                self.within = Within::Declaration;
                Step::Pass(2)
            }
            [_] | [_, b'/'] | [_, b'!', ..] => at_end.passes(rest.len()),
            _ => Step::Pass(1),
        }
    }
}

impl Comment {
    /// Whether this byte, the next one of the comment, is its last. Go: `readComment`.
    fn ends_with(&mut self, byte: u8) -> bool {
        if std::mem::take(&mut self.bang) {
            self.dashes = u8::from(byte == b'-');
            self.at_start = false;
            return byte == b'>';
        }
        match byte {
            b'-' => self.dashes = (self.dashes + 1).min(2),
            b'>' if self.dashes == 2 || self.at_start => return true,
            b'!' if self.dashes == 2 => self.bang = true,
            _ => {
                self.dashes = 0;
                self.at_start = false;
            }
        }
        false
    }
}

/// Whether more of the page may come.
#[derive(Clone, Copy)]
enum AtEnd {
    No,
    Yes,
}

impl AtEnd {
    /// Bytes that only more could make something else of.
    fn passes(self, bytes: usize) -> Step {
        match self {
            Self::No => Step::Wait,
            Self::Yes => Step::Pass(bytes),
        }
    }

    /// A tag that only more could end.
    fn drops(self) -> Step {
        match self {
            Self::No => Step::Wait,
            Self::Yes => Step::Drop,
        }
    }
}

/// Whether `rest`, from its `<` on, is the end tag of an element; none if too little has come.
pub(super) fn ends_element(rest: &[u8], name: &[u8]) -> Option<bool> {
    names(rest.get(1..)?, b"/").and_then(|is_end| if is_end { is_word(&rest[2..], name) } else { Some(false) })
}

/// Whether `rest` begins with a name that ends there; none if too little has come.
pub(super) fn is_word(rest: &[u8], name: &[u8]) -> Option<bool> {
    match names(rest, name) {
        Some(true) => rest.get(name.len()).map(|next| b" \n\r\t\x0c/>".contains(next)),
        other => other,
    }
}

fn names(rest: &[u8], name: &[u8]) -> Option<bool> {
    let came = rest.len().min(name.len());
    if !rest[..came].eq_ignore_ascii_case(&name[..came]) {
        return Some(false);
    }
    (came == name.len()).then_some(true)
}

/// What an element holds. Go: `readStartTag`.
fn holds(name: &[u8]) -> Within {
    if name.eq_ignore_ascii_case(b"script") {
        return Within::Script(Script::default());
    }
    if name.eq_ignore_ascii_case(b"plaintext") {
        return Within::Plaintext;
    }
    match RAW_TEXT.iter().find(|raw| name.eq_ignore_ascii_case(raw)) {
        Some(raw) => Within::RawText(raw),
        None => Within::Text,
    }
}

const RAW_TEXT: [&[u8]; 8] = [b"iframe", b"noembed", b"noframes", b"noscript", b"style", b"textarea", b"title", b"xmp"];

/// So much is read anew without a thought.
const PATIENCE_BYTES: usize = 4 << 10;

#[cfg(test)]
mod tests;
