use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{Authentication, Authenticator, User};
use crate::{
    meta::Warnings,
    wire::{Name, Peer, RequestHead, headers::trim},
};

/// Users by bearer tokens that a file lists: `token,user,uid,"group1,group2"`, a line each.
///
/// Go: `k8s.io/apiserver/pkg/authentication/token/tokenfile/tokenfile.go`, `request/bearertoken/bearertoken.go`.
#[derive(Debug)]
pub struct TokenFile {
    /// By the SHA-256 of the token: how long a look-up takes says nothing about the tokens.
    users: BTreeMap<[u8; 32], User>,
}

/// A token file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadTokenFile {
    /// It is no CSV; the text names the line.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// A quote that neither opens nor closes a column: whatever follows, other users among it, would be read as part of one.
    #[error("line {0}: found a stray \", expected quotes around whole columns only, and \"\" for one within them")]
    Quote(u64),
    /// A line has too few columns.
    #[error("line {line}: expected at least 3 columns (token, user name, user uid), found {found}")]
    Columns {
        /// Its number, from 1.
        line: u64,
        /// How many it has.
        found: usize,
    },
    /// A line without a token or without a name.
    #[error("line {line}: the {column} is empty")]
    Empty {
        /// Its number, from 1.
        line: u64,
        /// What is missing.
        column: &'static str,
    },
}

impl TokenFile {
    /// Reads the lines of a file; of two lines with one token the later counts.
    ///
    /// # Errors
    /// A line is no such line.
    pub fn parse(text: &[u8]) -> Result<Self, BadTokenFile> {
        stray_quote(text).map_or(Ok(()), |line| Err(BadTokenFile::Quote(line)))?;
        let mut users = BTreeMap::new();
        for record in csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text).into_records() {
            let record = record?;
            let line = record.position().map_or(0, csv::Position::line);
            let (Some(token), Some(name), Some(uid)) = (record.get(0), record.get(1), record.get(2)) else {
                return Err(BadTokenFile::Columns { line, found: record.len() });
            };
            for (column, value) in [("token", token), ("user name", name)] {
                if value.is_empty() {
                    return Err(BadTokenFile::Empty { line, column });
                }
            }
            // Who has an empty column of groups is in the group of the empty name, as in Go.
            let groups = record.get(3).map(|groups| groups.split(',').map(str::to_owned).collect()).unwrap_or_default();
            let user = User { name: name.to_owned(), uid: uid.to_owned(), groups, extra: BTreeMap::new() };
            if users.insert(Sha256::digest(token).into(), user).is_some() {
                tracing::warn!(line, "a token that stands in the file before: this line counts");
            }
        }
        Ok(Self { users })
    }
}

impl Authenticator for TokenFile {
    fn authenticate(&self, head: &RequestHead, _peer: &Peer, warnings: &mut Warnings) -> Authentication {
        let Some(token) = bearer(head, warnings) else { return Authentication::Nobody };
        let digest: [u8; 32] = Sha256::digest(token).into();
        match self.users.get(&digest) {
            Some(user) => Authentication::Known(user.clone()),
            None => Authentication::Wrong("invalid bearer token".to_owned()),
        }
    }
}

/// The line of the first quote that neither opens nor closes a column, or of a column that is never closed.
///
/// Go: `encoding/csv/reader.go` `ErrBareQuote`, `ErrQuote`, without `LazyQuotes`.
fn stray_quote(text: &[u8]) -> Option<u64> {
    let mut place = Place::Start;
    let (mut line, mut opened) = (1, 1);
    for byte in text {
        place = match (place, byte) {
            (Place::Start, b'"') => {
                opened = line;
                Place::Quoted
            }
            (Place::Quoted, b'"') => Place::Closed,
            (Place::Closed, b'"') => Place::Quoted,
            (Place::Quoted, _) => Place::Quoted,
            (Place::Start | Place::Bare | Place::Closed, b',' | b'\n') => Place::Start,
            (Place::Closed, b'\r') => Place::Closed,
            (Place::Bare, b'"') | (Place::Closed, _) => return Some(line),
            (Place::Start | Place::Bare, _) => Place::Bare,
        };
        line += u64::from(*byte == b'\n');
    }
    (place == Place::Quoted).then_some(opened)
}

/// Where a byte of a CSV stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// First in a column.
    Start,
    /// In a column without quotes.
    Bare,
    /// In a column with quotes.
    Quoted,
    /// Behind a quote in such a column: its end, or the first half of a quote.
    Closed,
}

/// The token of the first `Authorization` field: the second word behind `bearer`, whatever its case.
fn bearer<'h>(head: &'h RequestHead, warnings: &mut Warnings) -> Option<&'h [u8]> {
    let value = trim(head.headers.get(&Name::AUTHORIZATION)?);
    let mut words = value.split(|byte| *byte == b' ');
    let scheme = words.next()?;
    let token = words.next()?;
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    if token.is_empty() && words.next().is_some() {
        warnings.add(SPACES);
    }
    (!token.is_empty()).then_some(token)
}

/// Go: `bearertoken.go` `invalidTokenWithSpaceWarning`.
const SPACES: &str = "the provided Authorization header contains extra space before the bearer token, and is ignored";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_quote_is_named_by_its_line_and_swallows_no_user() {
        for (text, line) in [
            ("t,u,1\nt2,u2,2,\"a,b\nt3,u3,3\n", 2),
            ("t,u,1\nt\"2,u2,2\n", 2),
            ("t,u,1,\"a\"b\n", 1),
            ("t,u,1,\"a\n\nb\"c\n", 3),
            ("t,u,1,\"", 1),
        ] {
            let error = TokenFile::parse(text.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(&format!("line {line}: found a stray \"")), "{text:?}: {error}");
        }
    }

    #[test]
    fn whole_columns_may_stand_in_quotes() {
        let file = TokenFile::parse(b"t,\"u, \"\"the\"\" first\",1,\"a,b\"\r\n\"t2\",u2,\"\",\"\"\n").unwrap();
        let mut users: Vec<_> = file.users.into_values().collect();
        users.sort_by(|a, b| a.uid.cmp(&b.uid).reverse());
        assert_eq!(
            (&*users[0].name, &users[0].groups[..]),
            ("u, \"the\" first", &["a".to_owned(), "b".to_owned()][..])
        );
        assert_eq!(users[1].name, "u2");
    }
}
