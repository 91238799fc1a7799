use bytes::Bytes;

use crate::wire::token::go_quote;

/// What is wrong with what a peer has sent, in Go's words where Go has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Go says it.
    #[error("{0}")]
    Said(&'static str),
    /// Go tells the code alone: this is for our own log.
    #[error("{0}")]
    Noted(&'static str),
    /// The name of a field that none may have.
    #[error("invalid header field name {}", go_quote(.0))]
    FieldName(Bytes),
    /// The name of a field with a value that none may have. Values may be secret.
    #[error("invalid header field value for {}", go_quote(.0))]
    FieldValue(Bytes),
    /// A pseudo field that nobody knows.
    #[error("invalid pseudo-header {}", go_quote(.0))]
    UnknownPseudo(Bytes),
    /// A pseudo field that stands there twice.
    #[error("duplicate pseudo-header \"{0}\"")]
    PseudoTwice(&'static str),
    /// A frame longer than any that we take.
    #[error("http2: frame too large")]
    FrameTooLarge,
    /// The same, where the frame looks like the beginning of an answer of HTTP/1.
    #[error(
        "http2: failed reading the frame payload: http2: frame too large, note that the frame header looked like an HTTP/1.1 header"
    )]
    LooksLikeHttp1,
}

impl Why {
    /// The same without what the peer has said.
    pub(super) fn in_general(&self) -> &'static str {
        match self {
            Self::Said(text) | Self::Noted(text) => text,
            Self::FieldName(_) => "invalid header field name",
            Self::FieldValue(_) => "invalid header field value",
            Self::UnknownPseudo(_) => "invalid pseudo-header",
            Self::PseudoTwice(_) => "duplicate pseudo-header",
            Self::FrameTooLarge | Self::LooksLikeHttp1 => "http2: frame too large",
        }
    }
}
