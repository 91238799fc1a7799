//! The order of a merged list: that of the patch, and what only the server has keeps its place among it.

use serde_json::Value;

use crate::rest::kinds::Field;

/// How items are told apart.
pub(super) struct Order<'a> {
    key: &'a str,
}

impl<'a> Order<'a> {
    /// By the merge key of a list; items that are no maps, or of a list without one, by themselves.
    pub(super) fn of(field: Option<&'a Field>) -> Self {
        Self { key: field.map_or("", |field| &field.merge_key) }
    }

    fn same(&self, left: &Value, right: &Value) -> bool {
        match (left.get(self.key), right.get(self.key)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        }
    }

    fn place(&self, list: &[Value], item: &Value) -> Option<usize> {
        list.iter().position(|other| self.same(other, item))
    }

    /// Go: `normalizeElementOrder`, `mergeSortedSlice`.
    pub(super) fn normalize(&self, merged: Vec<Value>, wanted: &[Value], server: &[Value]) -> Vec<Value> {
        let (mut ours, mut theirs): (Vec<Value>, Vec<Value>) =
            merged.into_iter().partition(|item| self.place(wanted, item).is_some());
        ours.sort_by_key(|item| self.place(wanted, item));
        theirs.sort_by_key(|item| self.place(server, item));
        let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
        let mut sorted = Vec::with_capacity(ours.len() + theirs.len());
        while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
            let their_is_before = match (self.place(server, their), self.place(server, our)) {
                (Some(their), Some(our)) => their < our,
                _ => false,
            };
            sorted.extend(if their_is_before { theirs.next() } else { ours.next() });
        }
        sorted.extend(theirs);
        sorted.extend(ours);
        sorted
    }
}
