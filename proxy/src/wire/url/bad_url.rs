use bytes::Bytes;

use super::{BadEscape, address::BadAddress};
use crate::wire::token::go_quote;

/// A URL that cannot be read, in Go's words: `parse "/%zz": invalid URL escape "%zz"`. Go: `Error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parse {}: {reason}", go_quote(url))]
pub struct BadUrl {
    pub(super) url: Bytes,
    pub(super) reason: Reason,
}

/// What is wrong with a URL, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Reason {
    /// A byte below 0x20, or 0x7f, anywhere.
    #[error("net/url: invalid control character in URL")]
    ControlByte,
    /// A request without a target.
    #[error("empty url")]
    Empty,
    /// It starts with a colon.
    #[error("missing protocol scheme")]
    MissingScheme,
    /// A request needs an absolute URL or an absolute path.
    #[error("invalid URI for request")]
    Relative,
    /// `a:b/c` with a first segment that is no scheme.
    #[error("first path segment in URL cannot contain colon")]
    ColonInFirstSegment,
    /// Only an IPv6 address stands in brackets, and nothing before them.
    #[error("invalid IP-literal")]
    IpLiteral,
    /// An opening bracket is never closed.
    #[error("missing ']' in host")]
    OpenBracket,
    /// What follows the host is no `:` and digits.
    #[error("invalid port {} after host", go_quote(.0))]
    Port(Bytes),
    /// What stands in brackets is no address.
    #[error("invalid host: {0}")]
    Address(BadAddress),
    /// A byte that no user name has.
    #[error("net/url: invalid userinfo")]
    Userinfo,
    /// A byte that no host has, or an escape that is none or may not stand there.
    #[error("{0}")]
    Escape(#[from] BadEscape),
}
