//! The order of a merged list: that of the patch, and what only the server has keeps its place among it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    meta::{Layout, encode_json},
    rest::kinds::Field,
};

/// How items are told apart.
pub(super) struct Order<'a> {
    key: &'a str,
}

/// Where the items of a list stand, by what tells them apart. Lists are long: 50,000 ports fit into a body.
pub(super) struct Places(BTreeMap<Identity, usize>);

/// What is the same of two items that are the same: the value of the merge key, or all of an item without one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Key(bytes::Bytes),
    Whole(bytes::Bytes),
}

impl<'a> Order<'a> {
    /// By the merge key of a list; items that are no maps, or of a list without one, by themselves.
    pub(super) fn of(field: Option<&'a Field>) -> Self {
        Self { key: field.map_or("", |field| &field.merge_key) }
    }

    fn identity(&self, item: &Value) -> Identity {
        match item.get(self.key) {
            Some(key) => Identity::Key(encode_json(key, Layout::Bare)),
            None => Identity::Whole(encode_json(item, Layout::Bare)),
        }
    }

    /// Where the items of a list stand; of those that are the same, the first.
    pub(super) fn places(&self, list: &[Value]) -> Places {
        let mut places = Places(BTreeMap::new());
        for (at, item) in list.iter().enumerate() {
            places.0.entry(self.identity(item)).or_insert(at);
        }
        places
    }

    /// Where an item stands.
    pub(super) fn place(&self, places: &Places, item: &Value) -> Option<usize> {
        places.0.get(&self.identity(item)).copied()
    }

    /// Notes where an item was put.
    pub(super) fn put(&self, places: &mut Places, item: &Value, at: usize) {
        places.0.entry(self.identity(item)).or_insert(at);
    }

    /// Go: `normalizeElementOrder`, `mergeSortedSlice`.
    pub(super) fn normalize(&self, merged: Vec<Value>, wanted: &[Value], server: &[Value]) -> Vec<Value> {
        let (wanted, server) = (self.places(wanted), self.places(server));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for item in merged {
            let at_server = self.place(&server, &item);
            match self.place(&wanted, &item) {
                Some(at) => ours.push((at, at_server, item)),
                None => theirs.push((at_server, item)),
            }
        }
        ours.sort_by_key(|(at, ..)| *at);
        theirs.sort_by_key(|(at, _)| *at);
        let mut sorted = Vec::with_capacity(ours.len() + theirs.len());
        let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
        while let (Some((_, our, _)), Some((their, _))) = (ours.peek(), theirs.peek()) {
            let their_is_before = matches!((their, our), (Some(their), Some(our)) if their < our);
            match their_is_before {
                true => sorted.extend(theirs.next().map(|(_, item)| item)),
                false => sorted.extend(ours.next().map(|(.., item)| item)),
            }
        }
        sorted.extend(theirs.map(|(_, item)| item));
        sorted.extend(ours.map(|(.., item)| item));
        sorted
    }
}
