//! Which cases: an id in which `*` stands for any text.

use std::{convert::Infallible, fmt, str::FromStr};

/// An id in which `*` stands for any text, slashes too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Whether an id is meant.
    pub fn matches(&self, id: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = id.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

impl FromStr for Pattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, id, matches) in [
            ("a/b/c", "a/b/c", true),
            ("a/b", "a/b/c", false),
            ("*", "a/b/c", true),
            ("a/*", "a/b/c", true),
            ("*/b/*", "a/b/c", true),
            ("*c", "a/b/c", true),
            ("a*a", "a", false),
            ("a**c", "abc", true),
        ] {
            assert_eq!(Pattern(pattern.to_owned()).matches(id), matches, "{pattern} {id}");
        }
    }
}
