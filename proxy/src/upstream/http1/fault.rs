use std::io;

use super::upload::BadUpload;
use crate::{
    upstream::{ConnectionFault, Delivered, Ends, OutHead, SendCause},
    wire::http1::Wrong,
};

/// Why a conversation gets no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The request's own body.
    Upload(BadUpload),
    /// The connection takes no more.
    Write(io::Error),
    /// The connection gives no more.
    Read(io::Error),
    /// What came is no answer, or ended before it was one.
    Answer(Wrong),
    /// Nothing came in time.
    HeaderTimeout,
}

/// What was heard of a backend before the connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Not one byte since the request.
    Nothing,
    /// A part of an answer, or a 1xx.
    Something,
}

impl Heard {
    /// The request is kept until the first byte.
    pub(super) fn of(request: Option<&OutHead>) -> Self {
        if request.is_some() { Self::Nothing } else { Self::Something }
    }
}

/// Why an answer breaks off.
#[derive(Debug)]
pub(super) enum BadAnswer {
    /// The connection failed.
    Gone(io::Error),
    /// The body breaks the rules, or ends early.
    Wrong(Wrong),
}

impl Fault {
    /// Whether the request may be sent again, as far as it depends on what went wrong: the backend was silent, or got nothing.
    ///
    /// Go: `net/http/transport.go` `persistConn.shouldRetryRequest`.
    pub(super) fn may_repeat(&self, unsent: bool) -> bool {
        match self {
            Self::Upload(_) | Self::HeaderTimeout => false,
            Self::Write(_) => unsent,
            Self::Read(_) => true,
            Self::Answer(wrong) => *wrong == Wrong::Ended,
        }
    }

    /// The same in Go's words: the bare error where nothing had passed, else that the connection broke.
    ///
    /// Go: `net/http/transport.go` `persistConn.mapRoundTripError`.
    pub(super) fn into_cause(self, ends: Ends, delivered: Delivered, heard: Heard) -> SendCause {
        let unsent = delivered == Delivered::Nothing;
        match self {
            Self::Upload(BadUpload::Cut(cut)) => SendCause::Body(cut),
            Self::Upload(BadUpload::Length { declared, given }) => {
                SendCause::Broken(ConnectionFault::BodyLength { declared, given })
            }
            Self::HeaderTimeout => SendCause::HeaderTimeout,
            Self::Answer(Wrong::Ended) => SendCause::Connection(ConnectionFault::Ended),
            Self::Answer(wrong) => SendCause::Broken(ConnectionFault::Answer(wrong)),
            Self::Write(error) if unsent => SendCause::Connection(ConnectionFault::Write(ends, error)),
            Self::Write(error) => SendCause::Broken(ConnectionFault::Write(ends, error)),
            Self::Read(error) if unsent || heard == Heard::Nothing => {
                SendCause::Connection(ConnectionFault::Read(ends, error))
            }
            Self::Read(error) => SendCause::Broken(ConnectionFault::Read(ends, error)),
        }
    }
}
