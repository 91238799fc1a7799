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
            users.insert(Sha256::digest(token).into(), user);
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
