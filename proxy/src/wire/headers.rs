//! Header fields: canonical names, arrival order, values as bytes.

mod lines;
mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

use self::lines::State;
pub(in crate::wire) use self::name::canonicalize;
pub use self::{
    lines::{Line, Lines},
    name::{Name, NameSet},
};
use super::token::is_valid_field_value;

/// The header fields of a message, or its trailers.
///
/// Fields keep the order in which they arrived; names are canonical (`X-Forwarded-For`). Framing never lives here: the HTTP/1 reader takes
/// `Content-Length`, `Transfer-Encoding`, `Trailer` and (in requests) `Host` out, and whoever writes a message puts its own framing in.
///
/// Go: `net/http/header.go` `Header`.
#[derive(Debug, Default)]
pub struct Headers {
    /// On the heap: a head is moved far more often than it is made, and a move of 1 KiB costs more than an allocation.
    fields: Vec<(Name, Bytes)>,
    /// The names in common use that stand here, and perhaps some that no longer do. A head is asked for many names that it does not have.
    seen: NameSet,
    /// What is known of all values: each that comes in is looked at, here or by whoever has read it.
    state: State,
}

/// With room for one field more: a copy is made to be added to.
impl Clone for Headers {
    fn clone(&self) -> Self {
        let mut fields = Vec::with_capacity(self.fields.len() + 1);
        fields.extend_from_slice(&self.fields);
        Self { fields, seen: self.seen, state: self.state }
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for Headers {}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// No fields, and room for some.
    pub fn with_capacity(fields: usize) -> Self {
        Self { fields: Vec::with_capacity(fields), ..Self::default() }
    }

    /// The first value of a name.
    pub fn get(&self, name: &Name) -> Option<&[u8]> {
        self.get_bytes(name).map(|value| &value[..])
    }

    /// The first value of a name, as a share of the buffer it stands in.
    pub fn get_bytes(&self, name: &Name) -> Option<&Bytes> {
        self.where_it_may_stand(name).iter().find(|field| field.0 == *name).map(|field| &field.1)
    }

    /// All values of a name, in their order.
    pub fn all<'a>(&'a self, name: &'a Name) -> impl Iterator<Item = &'a [u8]> {
        self.where_it_may_stand(name).iter().filter(move |field| field.0 == *name).map(|field| &field.1[..])
    }

    /// Whether there is a field of this name.
    pub fn contains(&self, name: &Name) -> bool {
        self.where_it_may_stand(name).iter().any(|field| field.0 == *name)
    }

    /// All fields, in arrival order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Bytes)> {
        self.fields.iter().map(|field| (&field.0, &field.1))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds a field behind the others.
    pub fn append(&mut self, name: Name, value: impl Into<Bytes>) {
        let value = value.into();
        self.look_at(&value);
        self.seen.insert(&name);
        self.fields.push((name, value));
    }

    /// Adds a field behind the others, of which the caller has seen that its value holds no control byte but TAB, and no blank at its
    /// ends; or [`Headers::doubt_values`] was called.
    pub(in crate::wire) fn append_clean(&mut self, name: Name, value: Bytes) {
        let is_clean = || is_valid_field_value(&value) && trim(&value).len() == value.len();
        debug_assert!(self.state == State::Unknown || is_clean(), "{name:?}: {value:?}");
        self.seen.insert(&name);
        self.fields.push((name, value));
    }

    /// From now on nothing is known of the values: `append_clean` may add any.
    pub(in crate::wire) fn doubt_values(&mut self) {
        self.state = State::Unknown;
    }

    /// Adds a field in front of the others.
    pub fn prepend(&mut self, name: Name, value: impl Into<Bytes>) {
        let value = value.into();
        self.look_at(&value);
        self.seen.insert(&name);
        self.fields.insert(0, (name, value));
    }

    /// Puts one value in the place of all values of a name.
    pub fn set(&mut self, name: Name, value: impl Into<Bytes>) {
        let value = value.into();
        self.look_at(&value);
        self.seen.insert(&name);
        match self.fields.iter().position(|field| field.0 == name) {
            Some(first) => {
                self.fields[first].1 = value;
                let mut seen = false;
                self.fields.retain(|field| {
                    let same = field.0 == name;
                    let keep = !same || !seen;
                    seen |= same;
                    keep
                });
            }
            None => self.fields.push((name, value)),
        }
    }

    /// Takes all fields of a name out. True if there was one.
    pub fn remove(&mut self, name: &Name) -> bool {
        if !self.seen.may_contain(name) {
            return false;
        }
        let before = self.fields.len();
        self.fields.retain(|field| field.0 != *name);
        self.seen.remove(name);
        self.fields.len() != before
    }

    /// Keeps the fields of which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&Name, &Bytes) -> bool) {
        self.fields.retain(|field| keep(&field.0, &field.1));
    }

    /// Takes out all fields of these names.
    pub fn remove_all(&mut self, names: NameSet) {
        if self.seen.meets(names) {
            self.fields.retain(|field| !names.contains(&field.0));
            self.seen.remove_all(names);
        }
    }

    /// The names that the values of `list` hold: split at commas, trimmed, canonical. Empty items are left out.
    pub fn names_in<'a>(&'a self, list: &'a Name) -> impl Iterator<Item = Name> + 'a {
        let items = self.all(list).flat_map(|value| value.split(|byte| *byte == b','));
        items.map(trim).filter(|token| !token.is_empty()).map(Name::from_slice)
    }

    /// Takes out all fields that the values of `list` name.
    ///
    /// Each field is looked up among the names: a head of 1 MiB has room for 100,000 of both, and comparing all pairs would hold a worker
    /// for seconds. And of the names those are kept that stand here, or they would take many times the bytes of the head.
    pub fn remove_named(&mut self, list: &Name) {
        if !self.contains(list) {
            return;
        }
        let (mut common, mut others, mut most) = (NameSet::default(), Vec::new(), NAMES_MAX);
        for name in self.names_in(list) {
            if name.position().is_some() {
                common.insert(&name);
                continue;
            }
            others.push(name);
            if others.len() >= most {
                self.keep_present(&mut others);
                most = NAMES_MAX.max(others.len() * 2);
            }
        }
        self.remove_all(common);
        if !others.is_empty() {
            others.sort_unstable();
            self.retain(|name, _| others.binary_search(name).is_err());
        }
    }

    /// Leaves of each name one, and of those that stand nowhere none.
    fn keep_present(&self, names: &mut Vec<Name>) {
        let present: BTreeSet<&Name> = self.fields.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| present.contains(name));
    }

    /// Whether a value of `list` holds `token` as one of its comma-separated items, whatever its case.
    ///
    /// Go: `golang.org/x/net/http/httpguts` `HeaderValuesContainsToken`.
    pub fn has_token(&self, list: &Name, token: &[u8]) -> bool {
        self.all(list).any(|value| super::token::has_token(value, token))
    }

    /// Writes `Name: value` lines sorted by name, values of one name in their order, as Go does.
    ///
    /// Names that are no tokens are left out; CR and LF in a value become spaces, and values are trimmed: what is written here is always
    /// one line.
    ///
    /// Go: `net/http/header.go` `Header.writeSubset`.
    pub fn write_sorted(&self, out: &mut BytesMut) {
        let mut lines = Lines::new(out, self.written_bytes());
        self.each_line(|line| lines.line(&line));
    }

    /// Whether each value is one that a field may have. Mostly known without looking. Go: `httpguts.ValidHeaderFieldValue`.
    pub fn values_are_valid(&self) -> bool {
        self.state == State::Clean || self.fields.iter().all(|(_, value)| is_valid_field_value(value))
    }

    /// The bytes that the fields take about when they are written; a buffer that is too short grows.
    pub fn written_bytes(&self) -> usize {
        self.fields.iter().map(|(_, value)| LINE_BYTES + value.len()).sum()
    }

    /// Gives the lines that may be written, sorted by name, values of one name in their order.
    #[inline]
    pub fn each_line(&self, mut write: impl FnMut(Line<'_>)) {
        let mut places = Places::from_elem(0, self.fields.len());
        self.sort_places(&mut places);
        for place in &places {
            let (name, value) = &self.fields[*place as u32 as usize];
            if name.is_token() {
                write(Line { name, value, state: self.state });
            }
        }
    }

    /// Fields sorted by name, values of one name in their order.
    pub fn iter_sorted(&self) -> impl Iterator<Item = (&Name, &Bytes)> {
        let mut places = Places::from_elem(0, self.fields.len());
        self.sort_places(&mut places);
        places.into_iter().map(|place| &self.fields[place as u32 as usize]).map(|(name, value)| (name, value))
    }

    /// Puts down the places of the fields, sorted by their names. What is sorted are numbers: the rank of a name, and below it the place,
    /// so that values of one name keep their order.
    fn sort_places(&self, places: &mut [u64]) {
        let mut in_common_use = true;
        for ((place, (name, _)), at) in places.iter_mut().zip(&self.fields).zip(0..) {
            *place = u64::from(name.rank()) << 32 | at;
            in_common_use &= name.position().is_some();
        }
        places.sort_unstable();
        if !in_common_use {
            let name = |place: u64| &self.fields[place as u32 as usize].0;
            for same_rank in places.chunk_by_mut(|left, right| left >> 32 == right >> 32) {
                same_rank.sort_by(|left, right| name(*left).cmp(name(*right)));
            }
        }
    }

    /// A value is about to be one of these.
    fn look_at(&mut self, value: &[u8]) {
        if State::of(value) == State::Unknown {
            self.state = State::Unknown;
        }
    }

    /// The fields, or none where a name stands nowhere.
    fn where_it_may_stand(&self, name: &Name) -> &[(Name, Bytes)] {
        if self.seen.may_contain(name) { &self.fields } else { &[] }
    }
}

impl FromIterator<(Name, Bytes)> for Headers {
    fn from_iter<I: IntoIterator<Item = (Name, Bytes)>>(fields: I) -> Self {
        let mut headers = Self::new();
        fields.into_iter().for_each(|(name, value)| headers.append(name, value));
        headers
    }
}

/// Writes one line of a head; many are written quicker by [`Lines`].
pub fn write_field(name: &Name, value: &[u8], out: &mut BytesMut) {
    Lines::new(out, name.as_bytes().len() + value.len() + b": \r\n".len()).field(name, value);
}

/// Without the blanks (SP, TAB) at both ends.
pub fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Places of fields in the lower halves of numbers; those of most heads take no allocation.
type Places = SmallVec<[u64; 24]>;

/// What a line usually has beside its value, and room enough for a copy of the longest name.
const LINE_BYTES: usize = 24;

/// Names that are kept before those are sorted out that stand nowhere.
const NAMES_MAX: usize = 1024;
