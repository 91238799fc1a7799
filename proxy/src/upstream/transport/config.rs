use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use rustls_pki_types::ServerName;

use crate::{
    config::limits,
    upstream::{egress::Egress, http2::Http2Settings},
};

/// How backends are reached.
#[derive(Clone, Debug)]
pub struct TransportConfig {
    /// Name resolution and TCP.
    pub dial_timeout: Duration,
    /// TCP ready to TLS ready.
    pub tls_handshake_timeout: Duration,
    /// From the end of the request, its body included, to the end of the answer's head. None: no bound.
    pub response_header_timeout: Option<Duration>,
    /// How long a request with `Expect: 100-continue` waits before it sends its body unasked. Zero: not at all.
    pub expect_continue_timeout: Duration,
    /// How long a connection is kept without a request.
    pub idle_connection_timeout: Duration,
    /// Idle connections kept per origin; a further one is closed instead of kept.
    pub idle_connections_per_origin_max: usize,
    /// Idle connections kept in all; past it the one that idles longest is closed.
    pub idle_connections_max: usize,
    /// Connections per origin, dialled, busy and idle; further requests wait in line. None: no bound.
    pub connections_per_origin_max: Option<NonZeroUsize>,
    /// How connections of HTTP/2 are treated.
    pub http2: Http2Settings,
    /// The head of an answer. Each 1xx head starts the count again.
    pub head_bytes_max: usize,
    /// Whether gzip is asked for where the request asks for no encoding.
    pub compression: Compression,
    /// Whether connections are used again.
    pub reuse: Reuse,
    /// How TLS is spoken, and whom it trusts. Its ALPN protocols are replaced by those of the origin.
    pub tls: Arc<rustls::ClientConfig>,
    /// What the certificates of backends must be valid for, in the place of their hosts.
    pub server_name: Option<ServerName<'static>>,
    /// Which proxies stand between us and backends.
    pub egress: Egress,
}

/// Whether gzip is asked for where the request asks for no encoding. Go: `DisableCompression`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// `Accept-Encoding: gzip` is added; whoever asked gets to know, and unpacks.
    Ask,
    /// Nothing is added.
    Leave,
}

/// Whether connections are used again. Go: `DisableKeepAlives`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// For as many requests as they last.
    Pooled,
    /// Never: each request says `Connection: close`.
    Once,
}

impl TransportConfig {
    /// Go's `DefaultTransport`, with this TLS, and without proxies.
    pub fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self {
            dial_timeout: limits::DIAL_TIMEOUT,
            tls_handshake_timeout: limits::TLS_HANDSHAKE_TIMEOUT,
            response_header_timeout: None,
            expect_continue_timeout: limits::EXPECT_CONTINUE_TIMEOUT,
            idle_connection_timeout: limits::IDLE_CONNECTION_TIMEOUT,
            idle_connections_per_origin_max: limits::IDLE_CONNECTIONS_PER_ORIGIN_MAX,
            idle_connections_max: limits::IDLE_CONNECTIONS_MAX,
            connections_per_origin_max: None,
            http2: Http2Settings::default(),
            head_bytes_max: limits::RESPONSE_HEAD_BYTES_MAX,
            compression: Compression::Ask,
            reuse: Reuse::Pooled,
            tls,
            server_name: None,
            egress: Egress::default(),
        }
    }
}
