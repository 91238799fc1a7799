use std::{fmt, ops::Bound};

use bytes::Bytes;

/// The name of a record, such as `/registry/namespaces/default`. Keys sort as their bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Bytes);

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key right behind this one: where a listing goes on that ended with it.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self([self.as_bytes(), b"\0"].concat().into())
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// Keys from `start` on and before `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first key.
    pub start: Key,
    /// The first key that is not in it any more; none: there is no such key.
    pub end: Option<Key>,
}

impl KeyRange {
    /// All keys.
    pub fn all() -> Self {
        Self { start: Key::new(Bytes::new()), end: None }
    }

    /// One key alone.
    pub fn one(key: &Key) -> Self {
        Self { start: key.clone(), end: Some(key.successor()) }
    }

    /// The keys that begin so. End a prefix with `/`, or `/pods` has `/podsets` in it.
    ///
    /// Go: `go.etcd.io/etcd/client/v3/op.go` `GetPrefixRangeEnd`.
    pub fn prefix(prefix: impl Into<Key>) -> Self {
        let start = prefix.into();
        let mut end = start.as_bytes().to_vec();
        while end.pop_if(|last| *last == u8::MAX).is_some() {}
        let end = end.pop().map(|last| Key::new([end.as_slice(), &[last + 1]].concat()));
        Self { start, end }
    }

    /// The same range without the keys before `start`: the next page of a listing.
    #[must_use]
    pub fn from(&self, start: Key) -> Self {
        Self { start: start.max(self.start.clone()), end: self.end.clone() }
    }

    /// Whether a key is in it.
    pub fn contains(&self, key: &Key) -> bool {
        *key >= self.start && self.end.as_ref().is_none_or(|end| key < end)
    }

    /// No key is in it.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    pub(super) fn bounds(&self) -> (Bound<&Key>, Bound<&Key>) {
        (Bound::Included(&self.start), self.end.as_ref().map_or(Bound::Unbounded, Bound::Excluded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_what_begins_so_and_nothing_else() {
        let pods = KeyRange::prefix("/pods/");
        assert!(pods.contains(&"/pods/a".into()) && pods.contains(&"/pods/\u{7f}".into()));
        assert!(
            !pods.contains(&"/pods".into()) && !pods.contains(&"/pods0".into()) && !pods.contains(&"/podsets/a".into())
        );
    }

    #[test]
    fn a_prefix_of_the_last_bytes_has_no_end() {
        let last = KeyRange::prefix(Key::new(vec![0xff, 0xff]));
        assert_eq!(last.end, None);
        assert!(last.contains(&Key::new(vec![0xff, 0xff, 0xff])));
        assert_eq!(KeyRange::prefix(Key::new(vec![b'a', 0xff])).end, Some("b".into()));
    }

    #[test]
    fn a_range_of_one_key_has_that_key_alone() {
        let one = KeyRange::one(&"/a".into());
        assert!(one.contains(&"/a".into()));
        assert!(!one.contains(&"/a\0".into()) && !one.contains(&"/".into()));
    }

    #[test]
    fn a_page_never_begins_before_its_range() {
        let pods = KeyRange::prefix("/pods/");
        assert_eq!(pods.from("/a".into()), pods);
        assert!(!pods.from("/pods/b".into()).contains(&"/pods/a".into()));
        assert!(pods.from("/z".into()).is_empty());
    }
}
