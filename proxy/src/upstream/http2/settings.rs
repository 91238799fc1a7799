use std::time::Duration;

use crate::{
    config::limits,
    upstream::TransportConfig,
    wire::http2::{Bounds, Tunnels},
    world::{Bug, Planted},
};

/// How connections of HTTP/2 to backends are treated.
///
/// Go: `net/http/h2_bundle.go` `configFromTransport`, and its `ReadIdleTimeout`, which is off there.
#[derive(Clone, Debug)]
pub struct Http2Settings {
    /// Requests at a time on one connection, even if the backend takes more.
    pub streams_max: usize,
    /// What a backend may send of one answer before it is read.
    pub stream_window_bytes: u32,
    /// The same for all answers of a connection together.
    pub connection_window_bytes: u32,
    /// What may lie unread of all answers of a connection before their windows are made small: clients that do not read.
    pub held_bytes_max: u32,
    /// A frame that the backend sends.
    pub frame_bytes_max: u32,
    /// A connection that was silent for so long while requests wait is asked whether it lives.
    pub silence_max: Duration,
    /// How long it has for its answer.
    pub ping_timeout: Duration,
    /// How long an ended connection is read and forgotten, so that the backend can read its end.
    pub linger: Duration,
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            streams_max: limits::HTTP2_BACKEND_STREAMS_MAX,
            stream_window_bytes: limits::HTTP2_BACKEND_STREAM_WINDOW_BYTES,
            connection_window_bytes: limits::HTTP2_BACKEND_CONNECTION_WINDOW_BYTES,
            held_bytes_max: limits::HTTP2_BACKEND_HELD_BYTES_MAX,
            frame_bytes_max: limits::HTTP2_BACKEND_FRAME_BYTES_MAX,
            silence_max: limits::HTTP2_BACKEND_SILENCE_MAX,
            ping_timeout: limits::HTTP2_BACKEND_PING_TIMEOUT,
            linger: limits::HTTP2_LINGER,
        }
    }
}

/// The same, with what holds for both versions of HTTP.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Settings {
    pub(super) http2: Http2Settings,
    pub(super) header_list_bytes_max: u32,
    pub(super) idle_timeout: Duration,
    pub(super) planted: Planted,
}

impl Settings {
    pub(in crate::upstream) fn of(config: &TransportConfig, planted: Planted) -> Self {
        let mut http2 = config.http2.clone();
        if planted.has(Bug::NeverAsksWhetherItLives) {
            http2.silence_max = config.idle_connection_timeout;
        }
        if planted.has(Bug::SharesOneWindow) {
            (http2.stream_window_bytes, http2.connection_window_bytes) = (1 << 16, 1 << 16);
        }
        Self {
            http2,
            header_list_bytes_max: header_list_bytes_max(config.head_bytes_max),
            idle_timeout: config.idle_connection_timeout,
            planted,
        }
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            streams_max: u32::try_from(self.http2.streams_max).unwrap_or(u32::MAX),
            header_list_bytes_max: self.header_list_bytes_max,
            frame_bytes_max: self.http2.frame_bytes_max,
            stream_window_bytes: self.http2.stream_window_bytes,
            connection_window_bytes: self.http2.connection_window_bytes,
            held_bytes_max: self.http2.held_bytes_max,
            informational_bytes_max: limits::HTTP2_INFORMATIONAL_BYTES_MAX,
            wasted_streams_max: usize::MAX,
            crumbs_max: limits::HTTP2_CRUMBS_MAX,
            tunnels: Tunnels::Refused,
        }
    }
}

/// A bound that is not Go's own was meant for HTTP/1, where ten fields are not counted with 32 each.
///
/// Go: `net/http/h2_bundle.go` `Transport.maxHeaderListSize`.
fn header_list_bytes_max(head_bytes_max: usize) -> u32 {
    let bytes = match head_bytes_max {
        limits::RESPONSE_HEAD_BYTES_MAX => head_bytes_max,
        chosen => chosen.saturating_add(limits::HTTP2_HEADER_LIST_BYTES_MORE),
    };
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
