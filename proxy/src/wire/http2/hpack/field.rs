use bytes::Bytes;

use crate::wire::{headers::Name, token::is_token_byte};

/// A field as it was read.
#[derive(Clone, Debug)]
pub(in crate::wire::http2) struct Field {
    pub(in crate::wire::http2) name: FieldName,
    pub(in crate::wire::http2) value: Bytes,
    /// What it counts: its name, its value, and 32.
    pub(in crate::wire::http2) bytes: usize,
}

/// The name of a field that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire::http2) enum FieldName {
    /// One of those that begin with a colon.
    Pseudo(Pseudo),
    /// It begins with a colon, and is none of those.
    UnknownPseudo(Bytes),
    /// A token in lower case.
    Regular(Name),
    /// No field may have it.
    Wrong(Bytes),
}

/// A pseudo field. RFC 9113 section 8.3, RFC 8441.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire::http2) enum Pseudo {
    Method,
    Scheme,
    Authority,
    Path,
    Protocol,
    Status,
}

impl FieldName {
    /// A name that no field may have.
    pub(super) fn none(raw: Bytes) -> Self {
        if raw.starts_with(b":") { Self::UnknownPseudo(raw) } else { Self::Wrong(raw) }
    }

    /// How it stands in a block.
    pub(in crate::wire::http2) fn to_wire(&self) -> Bytes {
        match self {
            Self::Pseudo(pseudo) => Bytes::from_static(pseudo.as_str().as_bytes()),
            Self::Regular(name) => name.as_bytes().to_ascii_lowercase().into(),
            Self::UnknownPseudo(raw) | Self::Wrong(raw) => raw.clone(),
        }
    }

    /// How many bytes it has there.
    pub(super) fn wire_length(&self) -> usize {
        match self {
            Self::Pseudo(pseudo) => pseudo.as_str().len(),
            Self::Regular(name) => name.as_bytes().len(),
            Self::UnknownPseudo(raw) | Self::Wrong(raw) => raw.len(),
        }
    }
}

impl Pseudo {
    /// The pseudo field of this name.
    pub(in crate::wire::http2) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b":method" => Self::Method,
            b":scheme" => Self::Scheme,
            b":authority" => Self::Authority,
            b":path" => Self::Path,
            b":protocol" => Self::Protocol,
            b":status" => Self::Status,
            _ => return None,
        })
    }

    /// Its name.
    pub(in crate::wire::http2) const fn as_str(self) -> &'static str {
        match self {
            Self::Method => ":method",
            Self::Scheme => ":scheme",
            Self::Authority => ":authority",
            Self::Path => ":path",
            Self::Protocol => ":protocol",
            Self::Status => ":status",
        }
    }
}

/// Whether a regular field may have this name.
///
/// Go: `net/http/h2_bundle.go` `validWireHeaderFieldName`.
pub(super) fn is_wire_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| is_token_byte(*byte) && !byte.is_ascii_uppercase())
}
