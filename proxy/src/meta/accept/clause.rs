//! The clauses of an `Accept` header.

use std::collections::BTreeMap;

use crate::{config::limits::ACCEPT_CLAUSES_MAX, wire::headers::trim};

/// `type/subtype; q=0.5; key=value`.
#[derive(Debug)]
pub(super) struct Clause<'a> {
    kind: &'a [u8],
    sub: &'a [u8],
    quality: f64,
    /// Without `q`; of one that is there twice the last counts.
    pub(super) parameters: BTreeMap<Vec<u8>, &'a [u8]>,
}

/// The clauses, the one the client likes best first.
///
/// Go: `github.com/munnerz/goautoneg` `ParseAccept`.
pub(super) fn parse(accept: &[u8]) -> Vec<Clause<'_>> {
    let mut clauses: Vec<Clause<'_>> = Vec::new();
    for clause in accept.split(|byte| *byte == b',').filter_map(Clause::parse).take(ACCEPT_CLAUSES_MAX) {
        // Go's comparison contradicts itself for wildcards, so only its way of sorting gives its order: insertion.
        let at = clauses.iter().rposition(|before| !clause.is_better_than(before)).map_or(0, |at| at + 1);
        clauses.insert(at, clause);
    }
    clauses
}

impl<'a> Clause<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let mut parts = trim(text).split(|byte| *byte == b';');
        let mut names = parts.next()?.split(|byte| *byte == b'/');
        let kind = trim(names.next()?);
        let sub = match names.next() {
            Some(sub) if !sub.is_empty() => trim(sub),
            _ if kind == b"*" => b"*",
            _ => return None,
        };
        if names.any(|more| !more.is_empty()) {
            return None;
        }
        let mut clause = Self { kind, sub, quality: 1.0, parameters: BTreeMap::new() };
        for (key, value) in parts.filter_map(key_value) {
            if key == b"q" {
                clause.quality = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
            } else {
                clause.parameters.insert(key.to_vec(), trim(value));
            }
        }
        Some(clause)
    }

    /// Whether it names a media type, by name or by wildcard.
    pub(super) fn names(&self, media_type: &str) -> bool {
        let Some((kind, sub)) = media_type.split_once('/') else { return false };
        match (self.kind, self.sub) {
            (b"*", b"*") => true,
            (any, b"*") => any == kind.as_bytes(),
            (one, other) => one == kind.as_bytes() && other == sub.as_bytes(),
        }
    }

    /// Go: `acceptSlice.Less`.
    fn is_better_than(&self, other: &Self) -> bool {
        self.quality > other.quality
            || (self.kind != b"*" && other.kind == b"*")
            || (self.sub != b"*" && other.sub == b"*")
    }
}

/// `key=value`; one without a value or with a second `=` does not count.
fn key_value(parameter: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = parameter.split(|byte| *byte == b'=');
    let (key, value) = (parts.next()?, parts.next()?);
    (!value.is_empty() && parts.all(<[u8]>::is_empty)).then_some((trim(key), value))
}
