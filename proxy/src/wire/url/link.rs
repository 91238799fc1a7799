//! A URL with its fragment.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::{
    BadUrl, Url,
    escape::{self, Part},
};

/// A URL with its fragment, as pages and `Location` fields name one.
///
/// Go: `net/url/url.go` `URL`. Trace: `fixtures/vectors/link.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What stands before the fragment.
    pub url: Url,
    /// As written, well escaped; empty where there is none.
    fragment: Bytes,
}

impl Link {
    /// Any URL, relative ones too.
    ///
    /// # Errors
    /// It cannot be read, or its fragment is not well escaped.
    ///
    /// Go: `Parse`.
    pub fn parse(raw: &Bytes) -> Result<Self, BadUrl> {
        let url = Url::parse(raw)?;
        let fragment = memchr::memchr(b'#', raw).map(|at| raw.slice(at + 1..));
        Ok(Self { url, fragment: fragment.unwrap_or_default() })
    }

    /// Writes it whole, with what must be escaped escaped. Go: `String`.
    pub fn write(&self, out: &mut BytesMut) {
        self.url.write(out);
        if self.fragment.is_empty() {
            return;
        }
        out.put_u8(b'#');
        match escape::unescape(&self.fragment, Part::Fragment) {
            Ok(plain) if !escape::is_encoding(&self.fragment, Part::Fragment) => {
                escape::escape_into(&plain, Part::Fragment, out);
            }
            _ => out.put_slice(&self.fragment),
        }
    }
}
