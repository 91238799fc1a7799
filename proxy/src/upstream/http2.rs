//! HTTP/2 towards backends: connections with many requests each, and one request's way over one of them.
//!
//! Go: `net/http/h2_bundle.go` `Transport`, `ClientConn`, `clientStream`.
#![expect(dead_code, reason = "the pool hands out connections of HTTP/1 alone until this is called")]

mod connection;
mod download;
mod driver;
mod fault;
mod pool;
mod send;
#[cfg(test)]
mod tests;
mod upload;
mod watched;

use std::time::Duration;

pub use self::fault::{Code, Http2Fault};
#[expect(unused_imports, reason = "the transport's inside lands next")]
pub(super) use self::{
    connection::Connection,
    download::Http2Download,
    fault::{Failure, pause_before},
    pool::{Lease, Pool},
    send::{Answer, Waits},
};
use crate::config::limits;

/// How connections of HTTP/2 to backends are treated.
///
/// Go: `net/http/h2_bundle.go` `configFromTransport`, and its `ReadIdleTimeout`, which is off there.
#[derive(Clone, Debug)]
pub struct Http2Settings {
    /// Requests at a time on one connection before the backend has said how many it takes; never more than that.
    pub streams_max: usize,
    /// What a backend may send of one answer before it is read.
    pub stream_window_bytes: u32,
    /// The same for all answers of a connection together.
    pub connection_window_bytes: u32,
    /// A frame that the backend sends.
    pub frame_bytes_max: u32,
    /// The fields of an answer.
    pub header_list_bytes_max: u32,
    /// Bytes of one request that wait to be written.
    pub send_buffer_bytes_max: usize,
    /// A connection that was silent for so long while requests wait is asked whether it lives.
    pub silence_max: Duration,
    /// How long it has for its answer.
    pub ping_timeout: Duration,
    /// How long a connection is kept without a request.
    pub idle_timeout: Duration,
    /// How long an ended connection is read and forgotten, so that the backend can read its end.
    pub linger: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            streams_max: limits::HTTP2_BACKEND_STREAMS_MAX,
            stream_window_bytes: limits::HTTP2_BACKEND_STREAM_WINDOW_BYTES,
            connection_window_bytes: limits::HTTP2_BACKEND_CONNECTION_WINDOW_BYTES,
            frame_bytes_max: limits::HTTP2_BACKEND_FRAME_BYTES_MAX,
            header_list_bytes_max: limits::RESPONSE_HEAD_BYTES_MAX as u32,
            send_buffer_bytes_max: limits::HTTP2_SEND_BUFFER_BYTES_MAX,
            silence_max: limits::HTTP2_BACKEND_SILENCE_MAX,
            ping_timeout: limits::HTTP2_BACKEND_PING_TIMEOUT,
            idle_timeout: limits::IDLE_CONNECTION_TIMEOUT,
            linger: limits::HTTP2_LINGER,
        }
    }
}
