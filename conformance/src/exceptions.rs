//! Where Weir differs on purpose (`fixtures/divergences.toml`), and what it does not do yet (`fixtures/gaps.toml`).

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

use serde::Deserialize;

use crate::compare::Difference;

/// All exceptions, by the id of their case.
#[derive(Debug, Default)]
pub struct Exceptions(BTreeMap<String, Vec<Exception>>);

/// Fields of one case in which Weir differs from Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// On purpose, or not yet.
    pub kind: ExceptionKind,
    /// The fields, as [`Difference::field`] names them.
    pub fields: Vec<String>,
    /// Why.
    pub reason: String,
}

/// On purpose, or not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionKind {
    /// On purpose: a safety rule, or a defect of Go's.
    Divergence,
    /// Not yet. A release has none.
    Gap,
}

/// Why exceptions cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ExceptionError {
    path: String,
    reason: ExceptionFault,
}

#[derive(Debug, thiserror::Error)]
enum ExceptionFault {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error(transparent)]
    Wrong(#[from] toml::de::Error),
}

/// What is left of differences when exceptions are taken into account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Differences that an exception names.
    pub listed: Vec<Difference>,
    /// Differences that no exception names.
    pub unlisted: Vec<Difference>,
    /// Fields that an exception names and that no longer differ.
    pub stale: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionFile {
    #[serde(default)]
    divergence: Vec<ExceptionEntry>,
    #[serde(default)]
    gap: Vec<ExceptionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionEntry {
    case: String,
    field: Fields,
    reason: String,
}

/// One field, or several that differ for one reason.
#[derive(Deserialize)]
#[serde(untagged)]
enum Fields {
    One(String),
    Several(Vec<String>),
}

impl Exceptions {
    /// Reads both files; one that is not there has no entries.
    ///
    /// # Errors
    /// A file cannot be read, or is not of the format.
    pub fn read(fixtures: &Path) -> Result<Self, ExceptionError> {
        let mut exceptions = Self::default();
        for (name, kind) in [("divergences.toml", ExceptionKind::Divergence), ("gaps.toml", ExceptionKind::Gap)] {
            let path = fixtures.join(name);
            let wrong = |reason| ExceptionError { path: path.display().to_string(), reason };
            let text = match fs::read_to_string(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                text => text.map_err(|error| wrong(error.into()))?,
            };
            let file: ExceptionFile = toml::from_str(&text).map_err(|error| wrong(error.into()))?;
            let (entries, strangers) = match kind {
                ExceptionKind::Divergence => (file.divergence, file.gap),
                ExceptionKind::Gap => (file.gap, file.divergence),
            };
            if !strangers.is_empty() {
                return Err(wrong(
                    io::Error::other(format!("found entries of the other file, expected [[{kind}]]")).into(),
                ));
            }
            for ExceptionEntry { case, field, reason } in entries {
                let fields = match field {
                    Fields::One(field) => vec![field],
                    Fields::Several(fields) => fields,
                };
                exceptions.0.entry(case).or_default().push(Exception { kind, fields, reason });
            }
        }
        Ok(exceptions)
    }

    /// The exceptions of a case.
    pub fn of(&self, case: &str) -> &[Exception] {
        self.0.get(case).map_or(&[], Vec::as_slice)
    }

    /// The ids of the cases that entries name.
    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Holds the differences of a case against its exceptions: each must differ in exactly the fields it names.
    pub fn judge(&self, case: &str, differences: Vec<Difference>) -> Verdict {
        let listed: Vec<&String> = self.of(case).iter().flat_map(|exception| &exception.fields).collect();
        let stale = listed
            .iter()
            .filter(|field| !differences.iter().any(|difference| difference.field == ***field))
            .map(|field| (*field).clone())
            .collect();
        let (listed, unlisted) = differences.into_iter().partition(|difference| listed.contains(&&difference.field));
        Verdict { listed, unlisted, stale }
    }
}

impl Verdict {
    /// Whether all is as it should be.
    pub fn is_clean(&self) -> bool {
        self.unlisted.is_empty() && self.stale.is_empty()
    }

    /// The same for a subject that has no exceptions.
    pub fn without_exceptions(mut self) -> Self {
        self.unlisted.append(&mut self.listed);
        self.unlisted.sort();
        self.stale.clear();
        self
    }
}

impl fmt::Display for ExceptionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Divergence => "divergence",
            Self::Gap => "gap",
        })
    }
}

/// As a person reads it.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Difference { field, go, ours } in &self.unlisted {
            writeln!(f, "{field}\n    Go:   {}\n    ours: {}", shown(go), shown(ours))?;
        }
        for field in &self.stale {
            writeln!(f, "{field}\n    is listed as an exception, but no longer differs")?;
        }
        Ok(())
    }
}

/// Differences as an entry of `gaps.toml`, its reason left to be written.
pub fn as_gaps(case: &str, differences: &[Difference]) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let fields: Vec<String> = differences.iter().map(|difference| format!("    {:?},\n", difference.field)).collect();
    format!("[[gap]]\ncase = {case:?}\nfield = [\n{}]\nreason = \"\"\n\n", fields.concat())
}

fn shown(text: &str) -> String {
    let text = crate::latin1::quote(text);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text,
    }
}

const SHOWN_MAX: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(field: &str) -> Difference {
        Difference { field: field.to_owned(), go: "a".to_owned(), ours: "b".to_owned() }
    }

    #[test]
    fn an_exception_must_differ_in_exactly_its_fields() {
        let exception = Exception {
            kind: ExceptionKind::Divergence,
            fields: vec!["x".to_owned(), "y".to_owned()],
            reason: "safer".to_owned(),
        };
        let exceptions = Exceptions(BTreeMap::from([("a/b/c".to_owned(), vec![exception])]));
        assert!(exceptions.judge("a/b/c", vec![difference("x"), difference("y")]).is_clean());
        let verdict = exceptions.judge("a/b/c", vec![difference("x"), difference("z")]);
        let expected =
            Verdict { listed: vec![difference("x")], unlisted: vec![difference("z")], stale: vec!["y".to_owned()] };
        assert_eq!(verdict, expected);
        assert_eq!(verdict.without_exceptions().unlisted, [difference("x"), difference("z")]);
        assert_eq!(exceptions.judge("a/b/d", vec![difference("x")]).unlisted.len(), 1);
    }
}
