//! Which byte may stand where, and `%XX` in both directions.

use bytes::{BufMut, Bytes, BytesMut};

use crate::wire::token::go_quote;

/// The parts of a URL that Go escapes by different rules. Go: `net/url` `encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Path = 1 << 0,
    Host = 1 << 1,
    /// The zone of an IPv6 address.
    Zone = 1 << 2,
    User = 1 << 3,
    /// A key or a value of a query, where a space is `+`.
    Query = 1 << 4,
    Fragment = 1 << 5,
}

/// An escape that cannot be read, or a byte where none may stand unescaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEscape {
    /// No two hex digits follow, or the escaped byte may not stand in a host. Holds up to three bytes.
    #[error("invalid URL escape {}", go_quote(.0))]
    Escape(Bytes),
    /// A byte that no host name has. Go: `InvalidHostError`.
    #[error("invalid character {} in host name", go_quote(&[*.0]))]
    InHost(u8),
}

/// Decodes `%XX`; gives the input itself where there is nothing to decode. Go: `unescape`.
pub(super) fn unescape(escaped: &Bytes, part: Part) -> Result<Bytes, BadEscape> {
    let mut escapes = 0;
    let mut plus = false;
    let mut at = 0;
    while let Some(byte) = escaped.get(at) {
        match byte {
            b'%' => {
                let value = hex_pair(escaped, at + 1).filter(|value| may_be_escaped(*value, part));
                if value.is_none() {
                    return Err(BadEscape::Escape(escaped.slice(at..escaped.len().min(at + 3))));
                }
                escapes += 1;
                at += 3;
            }
            b'+' => {
                plus |= part == Part::Query;
                at += 1;
            }
            _ => {
                if matches!(part, Part::Host | Part::Zone) && byte.is_ascii() && must_escape(*byte, part) {
                    return Err(BadEscape::InHost(*byte));
                }
                at += 1;
            }
        }
    }
    if escapes == 0 && !plus {
        return Ok(escaped.clone());
    }
    let mut out = BytesMut::with_capacity(escaped.len() - 2 * escapes);
    out.extend(Decoded { rest: escaped, plus_is_space: part == Part::Query });
    Ok(out.freeze())
}

/// Escapes with upper-case hex; gives the input itself where there is nothing to escape. Go: `escape`.
pub(super) fn escape(plain: &Bytes, part: Part) -> Bytes {
    if is_plain(plain, part) {
        return plain.clone();
    }
    let more = plain.iter().filter(|byte| must_escape(**byte, part)).count();
    let mut out = BytesMut::with_capacity(plain.len() + 2 * more);
    escape_into(plain, part, &mut out);
    out.freeze()
}

/// Appends the escaped form.
pub(super) fn escape_into(plain: &[u8], part: Part, out: &mut BytesMut) {
    for byte in plain {
        if !must_escape(*byte, part) {
            out.put_u8(*byte);
        } else if *byte == b' ' && part == Part::Query {
            out.put_u8(b'+');
        } else {
            out.put_slice(&[b'%', UPPER_HEX[usize::from(byte >> 4)], UPPER_HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Whether it is the same escaped and not. Looks at all bytes of a block before it decides: nearly always they are plain.
pub(super) fn is_plain(bytes: &[u8], part: Part) -> bool {
    let (blocks, rest) = bytes.as_chunks::<8>();
    blocks.iter().all(|block| plain_in(block) & part as u8 != 0) && plain_in(rest) & part as u8 != 0
}

/// The parts in which all of these bytes stand unescaped.
fn plain_in(bytes: &[u8]) -> u8 {
    bytes.iter().fold(u8::MAX, |parts, byte| parts & PLAIN[usize::from(*byte)])
}

/// Whether escaping what `escaped` decodes to gives `escaped` back. Its escapes must be well formed. Go: `setPath`.
pub(super) fn is_canonical_path(escaped: &[u8]) -> bool {
    let mut at = 0;
    while let Some(byte) = escaped.get(at) {
        if *byte == b'%' {
            let digits = escaped.get(at + 1..at + 3).unwrap_or_default();
            let upper = digits.iter().all(|digit| !digit.is_ascii_lowercase());
            if !upper || !hex_pair(escaped, at + 1).is_some_and(|value| must_escape(value, Part::Path)) {
                return false;
            }
            at += 3;
        } else {
            if must_escape(*byte, Part::Path) {
                return false;
            }
            at += 1;
        }
    }
    true
}

/// Whether no byte of a written path or fragment needs an escape: all that may stand in a segment, and the brackets that browsers leave
/// alone.
///
/// Go: `validEncoded`.
pub(super) fn is_encoding(written: &[u8], part: Part) -> bool {
    written.iter().all(|byte| b"!'()*[]%".contains(byte) || !must_escape(*byte, part))
}

/// Whether `escaped` is well escaped and decodes to `plain`.
pub(super) fn decodes_to(escaped: &[u8], plain: &[u8]) -> bool {
    let well_escaped =
        escaped.iter().enumerate().all(|(at, byte)| *byte != b'%' || hex_pair(escaped, at + 1).is_some());
    well_escaped && Decoded { rest: escaped, plus_is_space: false }.eq(plain.iter().copied())
}

/// The value of the two hex digits at `at`.
pub(super) fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    match bytes.get(at..at + 2)? {
        [high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

/// The bytes that well-escaped ones mean.
struct Decoded<'a> {
    rest: &'a [u8],
    plus_is_space: bool,
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        if *first == b'%'
            && let Some(value) = hex_pair(rest, 0)
        {
            self.rest = &rest[2..];
            return Some(value);
        }
        self.rest = rest;
        Some(if *first == b'+' && self.plus_is_space { b' ' } else { *first })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest.len() / 3, Some(self.rest.len()))
    }
}

/// A host may escape only bytes that are not ASCII, and `%` itself; a zone also a space and what a host may have unescaped.
fn may_be_escaped(value: u8, part: Part) -> bool {
    match part {
        Part::Host => !value.is_ascii() || value == b'%',
        Part::Zone => matches!(value, b'%' | b' ') || !must_escape(value, Part::Host),
        Part::Path | Part::User | Part::Query | Part::Fragment => true,
    }
}

fn must_escape(byte: u8, part: Part) -> bool {
    PLAIN[usize::from(byte)] & part as u8 == 0
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// For each byte, the parts in which it stands unescaped.
static PLAIN: [u8; 256] = {
    let mut plain = [0; 256];
    allow(&mut plain, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", !0);
    allow(&mut plain, b"$&+,/:;=@", Part::Path as u8);
    allow(&mut plain, b"!\"$&'()*+,:;<=>[]", Part::Host as u8 | Part::Zone as u8);
    allow(&mut plain, b"$&+,;=", Part::User as u8);
    allow(&mut plain, b"$&+,/:;=?@!()*", Part::Fragment as u8);
    plain
};

const fn allow(plain: &mut [u8; 256], bytes: &[u8], parts: u8) {
    let mut at = 0;
    while at < bytes.len() {
        plain[bytes[at] as usize] |= parts;
        at += 1;
    }
}

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";
