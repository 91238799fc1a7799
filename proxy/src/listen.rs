//! Sockets, TLS, ALPN, accept, drain.
//!
//! Go: `net/http/server.go`.

mod accept;
pub mod http1;
pub mod http2;
pub mod tls;

use std::{io, rc::Rc, sync::Arc, time::Duration};

use tokio_rustls::server::TlsStream;

pub use self::http2::Http2Limits;
pub use crate::world::{Stop, Stopper};
use crate::{
    chain::Handler,
    config::limits,
    wire::{Channel, Peer, exchange::PeerTls, http1::HeadLimits},
    world::{Bug, Listener, Stream, World},
};

/// A server on one worker: a listener's connections, answered by a handler.
#[derive(Debug)]
pub struct Server<H> {
    handler: Rc<H>,
    settings: Rc<Settings>,
    world: World,
}

/// How a server treats its connections.
#[derive(Clone, Debug)]
pub struct Settings {
    /// TLS; without it HTTP/1 is spoken in the clear.
    pub tls: Option<tls::Serving>,
    /// TCP accepted to TLS ready.
    pub tls_handshake_timeout: Duration,
    /// From the first byte of a request (of the first request: from the accept) to the end of its head. None: no bound.
    pub read_header_timeout: Option<Duration>,
    /// From the first byte of a request (of the first request: from the accept) to the end of its body. None: no bound.
    ///
    /// Go: `Server.ReadTimeout`, which bounds heads and idling too where they have no bound of their own.
    pub read_timeout: Option<Duration>,
    /// From the end of a request's head to the end of the answer. None: no bound. Go: `Server.WriteTimeout`.
    pub write_timeout: Option<Duration>,
    /// How long a client may take no byte of what waits for it; then its connection is reset, on HTTP/2 the stream. None: no bound.
    pub send_timeout: Option<Duration>,
    /// Whether a connection serves more than one request; on HTTP/2, whether it goes on when its streams have ended.
    pub keep_alive: KeepAlive,
    /// Between two requests. None: no bound.
    pub idle_timeout: Option<Duration>,
    /// Bounds of a request's head.
    pub head: HeadLimits,
    /// Bounds of HTTP/2, which is spoken where TLS agrees on it.
    pub http2: Http2Limits,
    /// How long a drain waits for the requests that run.
    pub drain_timeout: Duration,
    /// Connections at a time, on this worker; further ones wait in the kernel's queue.
    pub connections_max: usize,
}

/// Whether a connection serves more than one request. Go: `Server.SetKeepAlivesEnabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepAlive {
    /// As many as the client asks for.
    Allowed,
    /// One, and the client is told so.
    Never,
}

impl Settings {
    /// Bounds for the open network.
    pub fn bounded(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self {
            tls: tls.map(tls::Serving::new),
            tls_handshake_timeout: limits::TLS_HANDSHAKE_TIMEOUT,
            read_header_timeout: Some(limits::READ_HEADER_TIMEOUT),
            read_timeout: None,
            write_timeout: None,
            send_timeout: Some(limits::SEND_TIMEOUT),
            keep_alive: KeepAlive::Allowed,
            idle_timeout: Some(limits::IDLE_TIMEOUT),
            head: HeadLimits { head_bytes_max: limits::REQUEST_HEAD_BYTES_MAX },
            http2: Http2Limits { idle_timeout: Some(limits::IDLE_TIMEOUT), ..Http2Limits::default() },
            drain_timeout: limits::DRAIN_TIMEOUT,
            connections_max: limits::CONNECTIONS_PER_WORKER_MAX,
        }
    }

    /// With another bound of a request's head, for both versions of HTTP. Go: `Server.MaxHeaderBytes`.
    #[must_use]
    pub fn head_bytes_max(mut self, bytes: usize) -> Self {
        self.head = HeadLimits { head_bytes_max: bytes };
        // Go adds what its own estimate of a field's cost leaves out.
        self.http2.header_list_bytes_max = u32::try_from(bytes.saturating_add(320)).unwrap_or(u32::MAX);
        self
    }

    /// As Go's `http.Server` is when nothing is set: nobody is hurried.
    pub fn as_go(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self {
            read_header_timeout: None,
            send_timeout: None,
            idle_timeout: None,
            http2: Http2Limits::default(),
            ..Self::bounded(tls)
        }
    }
}

impl<H: Handler + 'static> Server<H> {
    /// A server that is not running yet.
    pub fn new(handler: Rc<H>, settings: Settings, world: World) -> Self {
        Self { handler, settings: Rc::new(settings), world }
    }

    /// Accepts connections until told to stop, then drains: returns when the last connection has ended or the drain's time is over.
    pub async fn run(self, listener: Listener, stop: Stop) {
        let server = Rc::new(self);
        let connections = accept::accept_until_stopped(&server, listener, stop.clone()).await;
        let hurries = server.world.planted.has(Bug::StopsAtOnce);
        let bound = if hurries { Duration::ZERO } else { server.settings.drain_timeout };
        if !connections.ended_within(bound).await {
            tracing::warn!(connections = connections.count(), "drain ran out of time");
        }
    }

    /// Serves one connection to its end.
    pub async fn serve_stream(self: Rc<Self>, stream: Stream, stop: Stop) {
        let address = stream.peer();
        // Boxed, as is HTTP/2 below: a connection keeps the room of the largest part of its life, and most idle in the smallest.
        let (channel, facts) = match self.settings.tls.as_ref().map(tls::Serving::current) {
            None => (Channel::Plain(stream), None),
            Some(config) => match Box::pin(self.shake(stream, config)).await {
                Ok(tls) => {
                    let facts = facts_of(&tls);
                    (Channel::Server(Box::new(tls)), Some(Rc::new(facts)))
                }
                Err(error) => return tracing::debug!(%error, peer = ?address, "TLS handshake failed"),
            },
        };
        let peer = Peer::new(address, facts);
        if speaks_http2(&channel) {
            let handler = Rc::clone(&self.handler);
            let limits = self.settings.http2.under(&self.settings);
            return Box::pin(http2::serve(channel, peer, handler, &limits, &self.world, stop)).await;
        }
        http1::serve(channel, peer, &*self.handler, &self.settings, &self.world, stop).await;
    }

    async fn shake(&self, stream: Stream, config: Arc<rustls::ServerConfig>) -> io::Result<TlsStream<Stream>> {
        let handshake = tokio::time::timeout(self.settings.tls_handshake_timeout, tls::accept(stream, config));
        handshake.await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "out of time")))
    }
}

fn facts_of(tls: &TlsStream<Stream>) -> PeerTls {
    let (_, session) = tls.get_ref();
    PeerTls { certificates: session.peer_certificates().map(<[_]>::to_vec).unwrap_or_default() }
}

fn speaks_http2(channel: &Channel) -> bool {
    matches!(channel, Channel::Server(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2"))
}
