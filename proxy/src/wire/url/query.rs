//! The parameters of a query.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};

use super::escape::{BadEscape, Part, escape, escape_into, hex_pair, unescape};

/// Decoded parameters: for each key its values in the order in which they arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<Bytes, Vec<Bytes>>);

impl Values {
    /// Every parameter that can be read, and the first thing that was wrong with another.
    ///
    /// More than 10000 parameters give none. Go: `net/url/url.go` `ParseQuery` (go1.26.8). Trace: `fixtures/vectors/query.json`.
    pub fn parse(query: &Bytes) -> (Self, Option<BadQuery>) {
        let mut values = Self::default();
        if !within_params_max(query) {
            return (values, Some(BadQuery::TooMany));
        }
        let mut wrong = None;
        for pair in query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if let Err(bad) = values.read_pair(&query.slice_ref(pair)) {
                // Go keeps the first bad escape, but a semicolon replaces what came before it.
                match bad {
                    BadQuery::Semicolon => wrong = Some(bad),
                    BadQuery::Escape(_) | BadQuery::TooMany => wrong = wrong.or(Some(bad)),
                }
            }
        }
        (values, wrong)
    }

    /// The first value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&Bytes> {
        self.all(key).first()
    }

    /// All values of a key, in order.
    pub fn all(&self, key: &[u8]) -> &[Bytes] {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }

    /// Keys in the order of their bytes, each with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &[Bytes])> {
        self.0.iter().map(|(key, values)| (key, values.as_slice()))
    }

    /// Writes `key=value&...`, keys sorted, a space as `+`. Go: `Encode`.
    pub fn encode(&self, out: &mut BytesMut) {
        let start = out.len();
        for (key, values) in &self.0 {
            let key = escape(key, Part::Query);
            for value in values {
                if out.len() > start {
                    out.put_u8(b'&');
                }
                out.put_slice(&key);
                out.put_u8(b'=');
                escape_into(value, Part::Query, out);
            }
        }
    }

    fn read_pair(&mut self, pair: &Bytes) -> Result<(), BadQuery> {
        if pair.contains(&b';') {
            return Err(BadQuery::Semicolon);
        }
        let equals = pair.iter().position(|byte| *byte == b'=');
        let key = unescape(&pair.slice(..equals.unwrap_or(pair.len())), Part::Query)?;
        let value = match equals {
            Some(at) => unescape(&pair.slice(at + 1..), Part::Query)?,
            None => Bytes::new(),
        };
        self.0.entry(key).or_default().push(value);
        Ok(())
    }
}

/// What is wrong with a query, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuery {
    /// Nothing of it was read.
    #[error("number of URL query parameters exceeded limit")]
    TooMany,
    /// Old forms separate by `;`, which lets two readers see different parameters.
    #[error("invalid semicolon separator in query")]
    Semicolon,
    /// A key or value is not well escaped.
    #[error("{0}")]
    Escape(#[from] BadEscape),
}

/// A query that every reader reads alike: the input itself unless a pair has a semicolon or a bad escape, else what
/// could be read, sorted and escaped anew. More than 10000 parameters leave nothing.
///
/// Go: `net/http/httputil/reverseproxy.go` `cleanQueryParams` (go1.26.8). Trace: `fixtures/vectors/query.json`.
pub fn clean_query_params(query: &Bytes) -> Bytes {
    if !within_params_max(query) {
        return Bytes::new();
    }
    let dirty = |(at, byte): (usize, &u8)| *byte == b';' || *byte == b'%' && hex_pair(query, at + 1).is_none();
    if !query.iter().enumerate().any(dirty) {
        return query.clone();
    }
    let (values, _) = Values::parse(query);
    let mut out = BytesMut::with_capacity(query.len());
    values.encode(&mut out);
    out.freeze()
}

fn within_params_max(query: &[u8]) -> bool {
    query.iter().filter(|byte| **byte == b'&').count() < PARAMS_MAX
}

/// Go's `defaultMaxParams`; counted by `&`, so an empty pair counts too.
const PARAMS_MAX: usize = 10_000;
