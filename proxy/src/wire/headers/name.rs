mod known;
mod set;

use std::{cmp::Ordering, fmt};

use bytes::{Bytes, BytesMut};

pub(super) use self::known::LINE_START_BYTES_MAX;
use self::known::{KNOWN, LINE_STARTS, known};
pub use self::set::NameSet;
use crate::wire::token::is_token_byte;

/// The name of a header field, canonical: `X-Forwarded-For`.
///
/// Names in common use cost no allocation and compare as numbers. A name with a byte that no token may have stays as it came, as in Go; it
/// equals only itself and is never written.
///
/// Go: `net/textproto/reader.go` `CanonicalMIMEHeaderKey`.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Repr);

#[derive(Clone, PartialEq, Eq)]
enum Repr {
    /// An index into `KNOWN`.
    Known(u8),
    Other(Bytes),
}

impl Name {
    /// The canonical form of a name, rewritten in the buffer it stands in.
    pub fn from_buffer(mut bytes: BytesMut) -> Self {
        Self::known(&bytes).unwrap_or_else(|| {
            canonicalize(&mut bytes);
            Self::canonical(bytes.freeze())
        })
    }

    /// The name in common use that these bytes are, in upper or lower case.
    pub(in crate::wire) fn known(bytes: &[u8]) -> Option<Self> {
        known(bytes).map(|at| Self(Repr::Known(at)))
    }

    /// The place in `KNOWN` of the name that these bytes are, in upper or lower case.
    pub(in crate::wire) fn place(bytes: &[u8]) -> Option<u8> {
        known(bytes)
    }

    /// A name in no common use, made canonical already.
    pub(in crate::wire) fn canonical(bytes: Bytes) -> Self {
        Self(Repr::Other(bytes))
    }

    /// The canonical form of a name; copies it unless it is in common use.
    pub fn from_slice(bytes: &[u8]) -> Self {
        Self::known(bytes).unwrap_or_else(|| {
            let mut copy = BytesMut::from(bytes);
            canonicalize(&mut copy);
            Self::canonical(copy.freeze())
        })
    }

    /// The name as it is written on HTTP/1.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Known(at) => KNOWN[usize::from(*at)].as_bytes(),
            Repr::Other(bytes) => bytes,
        }
    }

    /// A number that sorts as the name does. Names in no common use share it with those that stand between the same two of `KNOWN`.
    pub(super) fn rank(&self) -> u32 {
        match &self.0 {
            Repr::Known(at) => 2 * u32::from(*at) + 1,
            Repr::Other(bytes) => 2 * KNOWN.partition_point(|known| known.as_bytes() < &bytes[..]) as u32,
        }
    }

    /// `Name: ` of a name in common use, with zeros behind it, and its length without them.
    pub(super) fn line_start(&self) -> Option<(&'static [u8; LINE_START_BYTES_MAX], usize)> {
        match &self.0 {
            Repr::Known(at) => {
                let (start, length) = &LINE_STARTS[usize::from(*at)];
                Some((start, usize::from(*length)))
            }
            Repr::Other(_) => None,
        }
    }

    /// Whether a careless reader takes this name for `other`: one that knows neither case nor the difference between `-` and `_`.
    ///
    /// Many servers hand header fields on as environment variables. What must not be forged is taken out in every such spelling.
    pub fn reads_as(&self, other: &[u8]) -> bool {
        let name = self.as_bytes();
        name.len() == other.len() && read_alike(name, other)
    }

    /// Whether a careless reader, as of [`Name::reads_as`], finds `prefix` at the start of this name.
    pub fn starts_as(&self, prefix: &[u8]) -> bool {
        self.as_bytes().get(..prefix.len()).is_some_and(|start| read_alike(start, prefix))
    }

    /// Names in common use, sorted by their bytes.
    pub(in crate::wire) const KNOWN: &'static [&'static str] = KNOWN;

    /// The name at a place of `KNOWN`.
    pub(in crate::wire) fn at(position: u8) -> Option<Self> {
        (usize::from(position) < KNOWN.len()).then_some(Self(Repr::Known(position)))
    }

    /// Its place in `KNOWN`.
    pub(in crate::wire) fn position(&self) -> Option<u8> {
        match &self.0 {
            Repr::Known(at) => Some(*at),
            Repr::Other(_) => None,
        }
    }

    /// Whether the name is a token of RFC 9110, so that it may be written.
    pub fn is_token(&self) -> bool {
        match &self.0 {
            Repr::Known(_) => true,
            Repr::Other(bytes) => !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte)),
        }
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Known(left), Repr::Known(right)) => left.cmp(right), // KNOWN is sorted
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_bytes().escape_ascii(), f)
    }
}

fn read_alike(left: &[u8], right: &[u8]) -> bool {
    let read = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    left.iter().map(read).eq(right.iter().map(read))
}

/// Upper case at the start and behind each hyphen, lower case elsewhere; nothing is changed if a byte is no token byte.
pub(in crate::wire) fn canonicalize(bytes: &mut [u8]) {
    if !bytes.iter().all(|byte| is_token_byte(*byte)) {
        return;
    }
    let mut upper = true;
    for byte in bytes {
        if upper {
            byte.make_ascii_uppercase();
        } else {
            byte.make_ascii_lowercase();
        }
        upper = *byte == b'-';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_canonical_as_in_go() {
        for (raw, canonical) in [
            ("x-1a-bC", "X-1a-Bc"),
            ("X_foo_BAR", "X_foo_bar"),
            ("te", "Te"),
            ("sec-websocket-key", "Sec-Websocket-Key"),
            ("Foo Bar", "Foo Bar"),
            ("ETag", "Etag"),
        ] {
            assert_eq!(Name::from_slice(raw.as_bytes()).as_bytes(), canonical.as_bytes());
            assert_eq!(Name::from_buffer(BytesMut::from(raw)), Name::from_slice(raw.as_bytes()));
        }
        assert_eq!(Name::from_slice(b"eTAG"), Name::ETAG);
    }

    #[test]
    fn a_careless_reader_sees_neither_case_nor_underscores() {
        let name = Name::from_slice(b"x_Remote-EXTRA_a");
        assert!(name.reads_as(b"X-Remote_Extra-A") && name.starts_as(b"x-remote-extra-"));
        assert!(!name.reads_as(b"X-Remote-Extra-") && !name.starts_as(b"x-remote-extra-ab"));
    }

    #[test]
    fn a_name_with_a_space_is_no_token() {
        assert!(!Name::from_slice(b"Foo Bar").is_token());
        assert!(!Name::from_slice(b"").is_token());
        assert!(Name::from_slice(b"x_y").is_token());
    }
}
