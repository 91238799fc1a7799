//! Attacks: bytes that two parsers may read in two ways, and what must not come of them.
//!
//! A [`Probe`] says what is sent and what may become of it; [`conversation`] plays it between an attacker and a recorder that stand on both
//! sides of a proxy; the [`judge`] looks at what came, with the [`strict`](crate::strict) parser. Nothing here knows how the proxy works:
//! `fixtures/attacks` is the corpus, `fixtures/attacks/README.md` its format.

pub mod aggregated;
mod attacker;
pub mod conversation;
mod frames;
pub mod judge;
mod octets;
pub mod outside;
mod probe;
mod recorder;
pub mod simulated;
mod wire;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use self::{
    conversation::{Observed, Patience, Place},
    probe::{Answer, Probe, Rewriting, Sender, Speaks},
    recorder::{Recorder, Seen},
};

/// What became of a probe.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The proxy said no (4xx, 501, 505) and closed; nothing reached the backend whole.
    Reject,
    /// The connection ended without a word.
    Close,
    /// The proxy waits for more.
    Wait,
    /// The backend got a whole request.
    Forward,
    /// The backend got a part of a request, and then the end of the connection.
    Abort,
    /// The proxy answered by itself.
    Local,
    /// The proxy sent the client elsewhere.
    Redirect,
    /// A 101 reached the client.
    Tunnel,
    /// HTTP/2: the stream was reset or refused.
    StreamError,
    /// HTTP/2: the connection was ended.
    ConnectionError,
    /// HTTP/2: the connection serves on.
    Survive,
    /// The proxy told the client that its backend is no good (502 to 504).
    BadGateway,
    /// The client got a message that is visibly cut.
    Truncate,
    /// The client got the backend's answer.
    Relay,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why the corpus cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what `fixtures/attacks/README.md` says.
    #[error("{path}: {reason}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// What is wrong where.
        reason: String,
    },
}

/// Reads all probes of a folder: a class of attacks is a file.
///
/// # Errors
/// A file cannot be read, or is not what it should be.
pub fn read(folder: &Path) -> Result<Vec<Probe>, CorpusError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| CorpusError::Unreadable { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut probes = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        let class = path.file_stem().unwrap_or_default().to_string_lossy();
        probes.extend(probe::read(&class, &text).map_err(|reason| CorpusError::Malformed { path, reason })?);
    }
    Ok(probes)
}
