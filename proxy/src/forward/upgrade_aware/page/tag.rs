use std::{borrow::Cow, collections::BTreeSet};

use bytes::{BufMut as _, Bytes, BytesMut};
use htmlize::{Context, unescape_bytes_in};
use smallvec::SmallVec;

use super::super::Links;
use crate::wire::url::Link;

/// A tag as it is written: its name, and its attributes, of each name the first.
///
/// Go: `golang.org/x/net/html` `Tokenizer.readStartTag`, `readTag`.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    name: &'a [u8],
    attributes: SmallVec<[(&'a [u8], &'a [u8]); 8]>,
    closes_itself: bool,
    bytes: usize,
}

impl<'a> Tag<'a> {
    /// The tag whose name `bytes` begin with; none if it does not end in them.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut at = bytes.iter().position(|byte| is_blank(*byte) || matches!(byte, b'/' | b'>'))?;
        let name = &bytes[..at];
        let mut attributes = SmallVec::new();
        let mut known = BTreeSet::new();
        let mut last_value_end = None;
        loop {
            at = behind_blanks(bytes, at);
            if *bytes.get(at)? == b'>' {
                break;
            }
            let (key, value, end) = read_attribute(bytes, at)?;
            at = end;
            if !key.is_empty() && known.insert(key.to_ascii_lowercase()) {
                last_value_end = Some(value.end);
                attributes.push((key, &bytes[value]));
            }
        }
        // A slash may also be the last byte of a value.
        let closes_itself = bytes[at - 1] == b'/' && last_value_end != Some(at);
        Some(Self { name, attributes, closes_itself, bytes: at + 1 })
    }

    /// Its name as written.
    pub(super) fn name(&self) -> &'a [u8] {
        self.name
    }

    /// How many bytes it is, from its name to its `>`.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes it as a start tag in the one form that Go has, its links rewritten.
    ///
    /// Go: `Token.String`, `apimachinery/pkg/util/proxy/transport.go` `rewriteHTML`.
    pub(super) fn write(&self, links: &Links, out: &mut BytesMut) {
        let name = without_nul(&self.name.to_ascii_lowercase()).into_owned();
        out.put_u8(b'<');
        out.put_slice(&name);
        for (key, value) in &self.attributes {
            let key = without_nul(&key.to_ascii_lowercase()).into_owned();
            let mut value = decoded(value);
            if is_url(&name, &key)
                && let Ok(link) = Link::parse(&Bytes::copy_from_slice(&value))
            {
                value = Cow::Owned(links.rewrite(link).to_vec());
            }
            out.put_u8(b' ');
            out.put_slice(&key);
            out.put_slice(b"=\"");
            put_escaped(&value, out);
            out.put_u8(b'"');
        }
        out.put_slice(if self.closes_itself { b"/>" } else { b">" });
    }
}

/// Name and value of the attribute at `at`, and where what follows it begins; none if it does not end. A slash is an attribute without a
/// name.
///
/// Go: `readTagAttrKey`, `readTagAttrVal`.
fn read_attribute(bytes: &[u8], at: usize) -> Option<(&[u8], std::ops::Range<usize>, usize)> {
    let ends_name = |(index, byte): (usize, &u8)| match byte {
        b'=' => index > 0,
        byte => is_blank(*byte) || matches!(byte, b'/' | b'>'),
    };
    let end = at + bytes[at..].iter().enumerate().position(|it| ends_name((it.0, it.1)))?;
    let name = &bytes[at..end];
    let mut at = behind_blanks(bytes, end);
    match *bytes.get(at)? {
        b'/' => return Some((name, end..end, at + 1)),
        b'=' => at = behind_blanks(bytes, at + 1),
        _ => return Some((name, end..end, at)),
    }
    match *bytes.get(at)? {
        b'>' => Some((name, end..end, at)),
        quote @ (b'"' | b'\'') => {
            let begin = at + 1;
            let length = memchr::memchr(quote, &bytes[begin..])?;
            Some((name, begin..begin + length, begin + length + 1))
        }
        _ => {
            let length = bytes[at..].iter().position(|byte| is_blank(*byte) || *byte == b'>')?;
            Some((name, at..at + length, at + length))
        }
    }
}

fn behind_blanks(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| is_blank(**byte)).count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'\x0c')
}

/// An attribute's value with its entities decoded and its lines ended by LF. Go: `Tokenizer.TagAttr`.
fn decoded(value: &[u8]) -> Cow<'_, [u8]> {
    let mut value = without_nul(value);
    if value.contains(&b'\r') {
        let mut lines = Vec::with_capacity(value.len());
        let mut rest = &value[..];
        while let Some(at) = memchr::memchr(b'\r', rest) {
            lines.extend_from_slice(&rest[..at]);
            lines.push(b'\n');
            rest = &rest[at + 1..];
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        lines.extend_from_slice(rest);
        value = Cow::Owned(lines);
    }
    unescape_bytes_in(value, Context::Attribute)
}

/// NUL is no character of a page.
fn without_nul(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&0) {
        return Cow::Borrowed(bytes);
    }
    let replaced =
        bytes.iter().flat_map(|byte| if *byte == 0 { "\u{fffd}".as_bytes() } else { std::slice::from_ref(byte) });
    Cow::Owned(replaced.copied().collect())
}

/// Go: `golang.org/x/net/html` `escape`.
fn put_escaped(value: &[u8], out: &mut BytesMut) {
    for byte in value {
        match byte {
            b'&' => out.put_slice(b"&amp;"),
            b'\'' => out.put_slice(b"&#39;"),
            b'<' => out.put_slice(b"&lt;"),
            b'>' => out.put_slice(b"&gt;"),
            b'"' => out.put_slice(b"&#34;"),
            b'\r' => out.put_slice(b"&#13;"),
            other => out.put_u8(*other),
        }
    }
}

/// Whether an attribute of a tag is a link. Go: `apimachinery/pkg/util/proxy/transport.go` `atomsToAttrs`.
fn is_url(tag: &[u8], attribute: &[u8]) -> bool {
    let attributes: &[&[u8]] = match tag {
        b"a" | b"area" | b"base" | b"link" => &[b"href"],
        b"applet" => &[b"codebase"],
        b"audio" | b"embed" | b"script" | b"source" => &[b"src"],
        b"blockquote" | b"del" | b"ins" | b"q" => &[b"cite"],
        b"body" => &[b"background"],
        b"button" => &[b"formaction"],
        b"command" => &[b"icon"],
        b"form" => &[b"action"],
        b"frame" | b"iframe" => &[b"longdesc", b"src"],
        b"head" => &[b"profile"],
        b"html" => &[b"manifest"],
        b"img" => &[b"longdesc", b"src", b"usemap"],
        b"input" => &[b"src", b"usemap", b"formaction"],
        b"object" => &[b"classid", b"codebase", b"data", b"usemap"],
        b"video" => &[b"poster", b"src"],
        _ => &[],
    };
    attributes.contains(&attribute)
}
