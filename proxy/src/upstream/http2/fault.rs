use std::{fmt, io, time::Duration};

use h2::Reason;

use crate::{
    config::limits,
    wire::{http2::Unsendable, token::go_quote},
    world::Dice,
};

/// What went wrong on HTTP/2, in Go's words where Go has some.
#[derive(Debug, thiserror::Error)]
pub enum Http2Fault {
    /// The request cannot be said on HTTP/2.
    #[error("{0}")]
    Unsendable(Unsendable),
    /// The backend speaks another protocol.
    #[error("http2: unexpected ALPN protocol {}; want \"h2\"", go_quote(.0))]
    NotAgreed(Vec<u8>),
    /// The backend has reset the stream.
    #[error("stream error: stream ID {stream}; {code}; received from peer")]
    Reset {
        /// Its number.
        stream: u32,
        /// Why.
        code: Code,
    },
    /// The backend ended the connection before it saw the request.
    #[error("{}", goaway_text(*.0))]
    GoAway(Code),
    /// The backend answers nothing, PING neither.
    #[error("http2: client connection lost")]
    Lost,
    /// The connection could not take the request any more.
    #[error("http2: client conn not usable")]
    Unusable,
    /// The backend ended the connection.
    #[error("unexpected EOF")]
    Ended,
    /// The connection failed.
    #[error("{0}")]
    Failed(io::Error),
    /// What came was no HTTP/2, or no answer.
    #[error("http2: malformed answer: {0}")]
    Malformed(h2::Error),
}

/// A code of RST_STREAM or GOAWAY, written as Go writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match CODES.get(self.0 as usize) {
            Some(name) => f.write_str(name),
            None => write!(f, "unknown error code {:#x}", self.0),
        }
    }
}

fn goaway_text(code: Code) -> String {
    match code {
        Code(0) => "http2: Transport received Server's graceful shutdown GOAWAY".to_owned(),
        code => format!("http2: Transport received GOAWAY from server ErrCode:{code}"),
    }
}

/// What an error of the `h2` crate says of the request on its stream.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) fault: Http2Fault,
    /// The backend says that it has not begun with the request.
    pub(super) unseen: bool,
}

impl Told {
    /// `lost` says that the connection was given up since nothing answered.
    pub(super) fn by(error: h2::Error, stream: u32, lost: bool) -> Self {
        let code = Code(error.reason().map_or(0, u32::from));
        if error.is_remote() && error.is_reset() {
            let unseen = error.reason() == Some(Reason::REFUSED_STREAM);
            return Self { fault: Http2Fault::Reset { stream, code }, unseen };
        }
        if error.is_remote() && error.is_go_away() {
            return Self { fault: Http2Fault::GoAway(code), unseen: true };
        }
        let fault = match error.get_io() {
            _ if lost => Http2Fault::Lost,
            None => Http2Fault::Malformed(error),
            // The crate's word for a connection that has ended.
            Some(io) if io.kind() == io::ErrorKind::BrokenPipe && io.raw_os_error().is_none() => Http2Fault::Ended,
            Some(_) => error.into_io().map_or(Http2Fault::Ended, Http2Fault::Failed),
        };
        Self { fault, unseen: false }
    }
}

/// How long to wait before a request is sent again that was tried `attempts` times; none when that was often enough.
///
/// Go: `net/http/h2_bundle.go` `Transport.RoundTripOpt`: at once, then 1 s doubled each time, and up to a tenth more.
pub(in crate::upstream) fn pause_before(attempts: u32, dice: &mut Dice) -> Option<Duration> {
    match attempts {
        0 | 1 => Some(Duration::ZERO),
        limits::HTTP2_BACKEND_ATTEMPTS_MAX.. => None,
        _ => {
            let pause = Duration::from_secs(1 << (attempts - 2));
            Some(pause + Duration::from_millis(dice.below(pause.as_millis() as u64 / 10)))
        }
    }
}

/// Go: `net/http/h2_bundle.go` `errCodeName`.
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];
