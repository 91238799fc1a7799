use std::time::Duration;

use crate::{
    config::limits,
    listen::{KeepAlive, Settings},
    wire::http2::{Bounds, Tunnels},
};

/// Bounds of a client's HTTP/2 connection. The default is that of Go's server.
///
/// Go: `net/http/h2_bundle.go` `configFromServer`.
#[derive(Clone, Debug)]
pub struct Http2Limits {
    /// Streams at a time, each with its handler; further ones are refused.
    pub streams_max: u32,
    /// A request's fields: names and values, and 32 for each field.
    pub header_list_bytes_max: u32,
    /// A frame that the client sends.
    pub frame_bytes_max: u32,
    /// What a client may send of one request's body before a handler reads it.
    pub stream_window_bytes: u32,
    /// The same for all requests of the connection together. When half of it lies unread, windows of streams become small.
    pub connection_window_bytes: u32,
    /// Requests that were taken back before they were answered, or reset because the client broke the rules, more than those that were
    /// answered; one more and the connection ends.
    pub wasted_streams_max: usize,
    /// Whether a CONNECT may ask for a WebSocket (RFC 8441), which is then an upgrade for the handler.
    pub tunnels: Tunnels,
    /// Fields of all 1xx heads of one request; further heads are dropped.
    pub informational_bytes_max: usize,
    /// Whether a connection goes on when its streams have ended.
    pub keep_alive: KeepAlive,
    /// From the end of a request's head to the end of its body; then reading it fails. None: no bound. Go: `Server.ReadTimeout`.
    pub read_timeout: Option<Duration>,
    /// From the end of a request's head to the end of the answer; then the stream is reset. None: no bound. Go: `Server.WriteTimeout`.
    pub write_timeout: Option<Duration>,
    /// A client takes a KiB of what waits for it within this, or all of it: else the connection ends, or the stream whose window it does
    /// not open. None: no bound.
    pub send_timeout: Option<Duration>,
    /// From the accept to the end of the client's preface.
    pub preface_timeout: Duration,
    /// Without a stream. None: no bound.
    pub idle_timeout: Option<Duration>,
    /// How long a handler may go on for a client that left.
    pub gone_grace: Duration,
    /// How long a connection without a stream waits for the client to answer GOAWAY.
    pub goaway_grace: Duration,
    /// How long a connection is read and forgotten behind its end, so that the client can read its end instead of meeting a reset.
    pub linger: Duration,
}

impl Http2Limits {
    /// What kube-apiserver makes of Go's: smaller windows per stream, and one per connection that all streams together cannot fill.
    ///
    /// Go: `k8s.io/apiserver/pkg/server/secure_serving.go` `SecureServingInfo.Serve`.
    pub fn of_apiserver() -> Self {
        Self {
            streams_max: limits::HTTP2_APISERVER_STREAMS_MAX,
            frame_bytes_max: limits::HTTP2_APISERVER_BODY_BYTES,
            stream_window_bytes: limits::HTTP2_APISERVER_BODY_BYTES,
            connection_window_bytes: limits::HTTP2_APISERVER_BODY_BYTES * limits::HTTP2_APISERVER_STREAMS_MAX,
            idle_timeout: Some(limits::HTTP2_APISERVER_IDLE_TIMEOUT),
            ..Self::default()
        }
    }

    /// The same with what holds for both versions of HTTP. Go: `http2serverConn.maxHeaderListSize`.
    pub(in crate::listen) fn under(&self, settings: &Settings) -> Self {
        let bytes = settings.head.head_bytes_max.saturating_add(limits::HTTP2_HEADER_LIST_BYTES_MORE);
        let header_list_bytes_max = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Settings { keep_alive, read_timeout, write_timeout, send_timeout, .. } = *settings;
        Self { header_list_bytes_max, keep_alive, read_timeout, write_timeout, send_timeout, ..self.clone() }
    }

    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            streams_max: self.streams_max,
            header_list_bytes_max: self.header_list_bytes_max,
            frame_bytes_max: self.frame_bytes_max,
            stream_window_bytes: self.stream_window_bytes,
            connection_window_bytes: self.connection_window_bytes,
            held_bytes_max: self.connection_window_bytes / 2,
            informational_bytes_max: self.informational_bytes_max,
            wasted_streams_max: self.wasted_streams_max,
            crumbs_max: limits::HTTP2_CRUMBS_MAX,
            tunnels: self.tunnels,
        }
    }
}

impl Default for Http2Limits {
    fn default() -> Self {
        Self {
            streams_max: limits::HTTP2_STREAMS_MAX,
            header_list_bytes_max: (limits::REQUEST_HEAD_BYTES_MAX + limits::HTTP2_HEADER_LIST_BYTES_MORE) as u32,
            frame_bytes_max: limits::HTTP2_FRAME_BYTES_MAX,
            stream_window_bytes: limits::HTTP2_STREAM_WINDOW_BYTES,
            connection_window_bytes: limits::HTTP2_CONNECTION_WINDOW_BYTES,
            wasted_streams_max: limits::HTTP2_WASTED_STREAMS_MAX,
            tunnels: Tunnels::Refused,
            informational_bytes_max: limits::HTTP2_INFORMATIONAL_BYTES_MAX,
            keep_alive: KeepAlive::Allowed,
            read_timeout: None,
            write_timeout: None,
            send_timeout: None,
            preface_timeout: limits::HTTP2_PREFACE_TIMEOUT,
            idle_timeout: None,
            gone_grace: limits::HTTP2_GONE_GRACE,
            goaway_grace: limits::HTTP2_GOAWAY_GRACE,
            linger: limits::HTTP2_LINGER,
        }
    }
}
