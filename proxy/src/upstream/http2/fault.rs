use std::{io, time::Duration};

use super::connection::Life;
use crate::{
    config::limits,
    upstream::ConnectionFault,
    wire::{
        http2::{Code, Connection, GoAway, Over, StreamError, Unsendable, Why},
        token::go_quote,
    },
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
    /// The request might be sent again, but a part of its body has left already.
    #[error(
        "http2: Transport: cannot retry err [{0}] after Request.Body was written; define Request.GetBody to avoid this error"
    )]
    BodyGone(Box<Http2Fault>),
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
    Failed(ConnectionFault),
    /// The backend ended the connection behind a GOAWAY.
    #[error("{}", left_text(.0))]
    Left(GoAway),
    /// The client left within its upload.
    #[error("context canceled")]
    ClientGone,
    /// The head of the answer did not come in time.
    #[error("http2: timeout awaiting response headers")]
    HeaderTimeout,
    /// What came was no answer.
    #[error("{}", stream_text(*.stream, *.code, .why))]
    Malformed {
        /// The number of the stream.
        stream: u32,
        /// With what it was reset.
        code: Code,
        /// Why.
        why: Why,
    },
    /// What came was no HTTP/2.
    #[error("{}", connection_text(*.code, .why))]
    Nonsense {
        /// With what the connection was ended.
        code: Code,
        /// Why.
        why: Why,
    },
}

/// Go: `net/http/h2_bundle.go` `StreamError.Error`.
fn stream_text(stream: u32, code: Code, why: &Why) -> String {
    match why {
        Why::Noted(_) => format!("stream error: stream ID {stream}; {code}"),
        why => format!("stream error: stream ID {stream}; {code}; {why}"),
    }
}

/// Go: `net/http/h2_bundle.go` `ConnectionError.Error`, `errFrameTooLarge`.
fn connection_text(code: Code, why: &Why) -> String {
    match why {
        Why::FrameTooLarge | Why::LooksLikeHttp1 => why.to_string(),
        _ => format!("connection error: {code}"),
    }
}

/// Go: `net/http/h2_bundle.go` `GoAwayError.Error`.
fn left_text(GoAway { last, code, debug }: &GoAway) -> String {
    let debug = go_quote(debug);
    format!("http2: server sent GOAWAY and closed the connection; LastStreamID={last}, ErrCode={code}, debug={debug}")
}

fn goaway_text(code: Code) -> String {
    match code {
        Code(0) => "http2: Transport received Server's graceful shutdown GOAWAY".to_owned(),
        code => format!("http2: Transport received GOAWAY from server ErrCode:{code}"),
    }
}

/// What a stream that broke off says of its request.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) fault: Http2Fault,
    /// The backend says that it has not begun with the request.
    pub(super) unseen: bool,
}

impl Told {
    /// `frames` is the connection that it was on.
    pub(super) fn by(error: &StreamError, stream: u32, life: &Life, frames: &Connection) -> Self {
        let fault = match error {
            StreamError::Reset(code) => {
                let (code, unseen) = (*code, *code == Code::REFUSED_STREAM);
                return Self { fault: Http2Fault::Reset { stream, code }, unseen };
            }
            StreamError::GoAway(code) => {
                // The first request of a connection that ends with an error would most likely end the next one, too.
                let unseen = stream != 1 || *code == Code::NO_ERROR;
                return Self { fault: Http2Fault::GoAway(*code), unseen };
            }
            StreamError::Refused(code, why) => Http2Fault::Malformed { stream, code: *code, why: why.clone() },
            StreamError::Lost if life.is_lost() => Http2Fault::Lost,
            StreamError::Lost => match (frames.over(), frames.goaway_received(), life.failure()) {
                (Some(Over::Fault(code, why)), ..) => Http2Fault::Nonsense { code: *code, why: why.clone() },
                (_, Some(goaway), _) => Http2Fault::Left(goaway.clone()),
                // Whoever cannot write any more will read an end.
                (_, None, Some(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Http2Fault::Failed(ConnectionFault::Read(life.ends(), error))
                }
                (_, None, _) => Http2Fault::Ended,
            },
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
