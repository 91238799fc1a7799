use std::{borrow::Cow, cell::RefCell, future::poll_fn, num::NonZeroUsize, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode};
use rustls_pki_types::ServerName;

use super::{
    Alpn, Delivered, Download, Origin, OutHead, Outgoing, SendCause, SendError,
    again::Failed,
    dial::Dialer,
    download::Carried,
    egress::Egress,
    http1::{Conversation, Http1Download, Waits},
    http2::{Http2Settings, pause_before},
    pool::{Lease, Leased, Pool, Reused},
    probe,
};
use crate::{
    config::limits,
    wire::{Name, ResponseHead, Tunnel, http1::Response, punycode::lookup_name},
    world::{Dice, Planted, World},
};

/// Sends requests to backends: a pool of connections, and Go's rules of when a request may be sent again.
///
/// One per worker and per way of trusting backends; cheap to clone.
///
/// Go: `net/http/transport.go` `Transport`.
#[derive(Clone, Debug)]
pub struct Transport(Rc<Inner>);

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

/// What a backend answers.
#[derive(Debug)]
pub enum Reply {
    /// A response.
    Response(Incoming),
    /// 101: the connection belongs to whoever asked.
    Switched(ResponseHead, Tunnel),
}

/// A response on its way in.
#[derive(Debug)]
pub struct Incoming {
    /// Its head.
    pub head: ResponseHead,
    /// Its body.
    pub body: Download,
    /// That gzip was asked for here and not by the request: whoever asked unpacks a gzip body.
    pub gzip_was_ours: bool,
}

#[derive(Debug)]
struct Inner {
    world: World,
    config: TransportConfig,
    pool: Rc<Pool>,
    dice: RefCell<Dice>,
}

impl Transport {
    /// A transport without connections.
    pub fn new(world: World, config: TransportConfig) -> Self {
        let pool = Rc::new(Pool::new(Dialer::new(&world, &config, &config.tls), &config, world.planted));
        let dice = RefCell::new(world.dice.split("upstream/http2/retry"));
        Self(Rc::new(Inner { world, config, pool, dice }))
    }

    /// Speaks TLS in another way from now on: whom it trusts, or who we are, has changed. Connections made before are not used for further
    /// requests.
    pub fn renew_tls(&self, tls: &rustls::ClientConfig) {
        self.0.pool.renew(Dialer::new(&self.0.world, &self.0.config, tls));
    }

    /// The bugs planted in its world.
    pub(crate) fn planted(&self) -> Planted {
        self.0.world.planted
    }

    /// How many connections idle.
    pub fn idle_connections(&self) -> usize {
        self.0.pool.idle_count()
    }

    /// Whether nothing is known any more of any origin.
    #[cfg(test)]
    pub(super) fn is_forgetful(&self) -> bool {
        self.0.pool.is_empty()
    }

    /// Sends a request and reads the head of its answer. Heads of 1xx but 101 go to `informed` as they come.
    ///
    /// To be called within a `LocalSet`: the pool starts its one task there. Dropped before it is ready, it closes the connection.
    ///
    /// # Errors
    /// No answer came, or none that is HTTP.
    ///
    /// Go: `net/http/transport.go` `Transport.roundTrip`.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps its arguments twice, and a request is large")]
    pub fn send(
        &self,
        to: &Origin,
        mut request: Outgoing,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> impl Future<Output = Result<Reply, SendError>> {
        async move {
            let nothing = |cause| SendError { cause, delivered: Delivered::Nothing };
            let config = &self.0.config;
            let Plan { to, extra, gzip_was_ours } = self.plan(to, &mut request.head).map_err(nothing)?;
            let mut attempts = 0;
            loop {
                let (failed, reused) = match self.0.pool.lease(&to).await.map_err(nothing)? {
                    Leased::Http1(Lease { connection, reused }) => {
                        if probe::is_needed(&request) {
                            Box::pin(probe::first_bytes(&mut request)).await;
                        }
                        let asked = request.head.headers.upgrade().is_some();
                        let conversation = Box::new(Conversation::new(connection, request, &extra, Waits::of(config)));
                        match conversation.answer(informed).await {
                            Ok((Response { head, .. }, conversation)) if head.status == SWITCHING => {
                                return Box::pin(switched(head, conversation, asked)).await;
                            }
                            Ok((response, conversation)) => {
                                let mut body = Http1Download::new(conversation, &response);
                                // Go decides on the connection of an answer without a body before it tells of the answer.
                                poll_fn(|cx| body.poll_ending(cx)).await;
                                let body = Download(Carried::Http1(body));
                                return Ok(Reply::Response(Incoming { head: response.head, body, gzip_was_ours }));
                            }
                            Err(failed) => (failed, reused),
                        }
                    }
                    Leased::Http2(lease) => match Box::pin(lease.send(to.tls, request, config, informed)).await {
                        Ok(incoming) => return Ok(Reply::Response(incoming)),
                        Err(failed) => {
                            attempts += 1;
                            (failed, None)
                        }
                    },
                };
                request = Box::pin(self.again(failed, reused, attempts)).await?;
            }
        }
    }

    /// Decides what does not depend on the connection that is got.
    fn plan<'a>(&self, to: &'a Origin, head: &mut OutHead) -> Result<Plan<'a>, SendCause> {
        check::request(to, head)?;
        let to = known_as(to);
        let config = &self.0.config;
        let relay = config.egress.relay(&to)?;
        let gzip_was_ours = config.compression == Compression::Ask && wants_no_encoding(head);
        let mut extra = extra_fields(gzip_was_ours, config.reuse == Reuse::Once && asks_only_once(head));
        let to = match relay {
            Some(proxy) => {
                proxy.address_to(head, &to);
                extra.extend(proxy.authorization().map(|value| (Name::PROXY_AUTHORIZATION, value)));
                Cow::Owned(proxy.origin())
            }
            // An upgrade is a thing of HTTP/1, and this is the one that Go knows.
            None if to.tls && to.alpn == Alpn::Both && asks_for_websocket(head) => {
                Cow::Owned(Origin { alpn: Alpn::Http1, ..to.into_owned() })
            }
            None => to,
        };
        Ok(Plan { to, extra, gzip_was_ours })
    }

    /// The request of a failed attempt, when it is time to send it again.
    async fn again(&self, failed: Failed, reused: Option<Reused>, attempts: u32) -> Result<Outgoing, SendError> {
        let Failed { cause, delivered, again } = failed;
        let pause = pause_before(attempts, &mut self.0.dice.borrow_mut());
        match (again.and_then(|again| again.into_request(reused)), pause) {
            (Some(request), Some(pause)) => {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Ok(request)
            }
            _ => Err(SendError { cause, delivered }),
        }
    }
}

/// An origin under the name that is looked up.
fn known_as(origin: &Origin) -> Cow<'_, Origin> {
    match lookup_name(&origin.host) {
        Cow::Borrowed(_) => Cow::Borrowed(origin),
        Cow::Owned(host) => Cow::Owned(Origin { host, ..origin.clone() }),
    }
}

/// What is decided of a request before there is a connection for it.
struct Plan<'a> {
    /// Who is asked: the origin, or the proxy that stands between us and it.
    to: Cow<'a, Origin>,
    extra: Vec<(Name, Bytes)>,
    gzip_was_ours: bool,
}

async fn switched(head: ResponseHead, mut conversation: Box<Conversation>, asked: bool) -> Result<Reply, SendError> {
    if asked {
        // What is left of the request goes before the first byte of the tunnel.
        conversation.send_rest().await.map_err(|cause| SendError { cause, delivered: Delivered::Maybe })?;
    }
    let (backend, early) = conversation.into_parts();
    Ok(Reply::Switched(head, Tunnel { backend, early }))
}

const SWITCHING: StatusCode = StatusCode::SWITCHING_PROTOCOLS;

/// Whether gzip may be asked for: only by whom nothing else was asked for, and not for a part of a body, nor where there is none.
///
/// Go: `net/http/transport.go` `persistConn.roundTrip`.
fn wants_no_encoding(head: &OutHead) -> bool {
    let is_empty = |name| head.headers.get(&name).is_none_or(<[u8]>::is_empty);
    head.method != Method::HEAD && is_empty(Name::ACCEPT_ENCODING) && is_empty(Name::RANGE)
}

/// Go: `net/http/request.go` `Request.requiresHTTP1`.
fn asks_for_websocket(head: &OutHead) -> bool {
    head.headers.upgrade().is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// Whether the backend is to be told that no further request will follow.
fn asks_only_once(head: &OutHead) -> bool {
    !head.close && head.headers.upgrade().is_none()
}

/// What the transport itself adds, behind all other fields, sorted as Go sorts them.
fn extra_fields(gzip: bool, close: bool) -> Vec<(Name, Bytes)> {
    let mut extra = Vec::new();
    if gzip {
        extra.push((Name::ACCEPT_ENCODING, Bytes::from_static(b"gzip")));
    }
    if close {
        extra.push((Name::CONNECTION, Bytes::from_static(b"close")));
    }
    extra
}

/// What a request must be before it is let near a connection.
mod check {
    use bytes::Bytes;

    use super::{Origin, OutHead, SendCause};
    use crate::wire::{
        host::{remove_zone, valid_host_header},
        punycode::host_field,
        token::{has_control, is_valid_field_value},
    };

    /// Go: `net/http/transport.go` `validateHeaders`, `net/http/request.go` `Request.write`.
    pub(super) fn request(to: &Origin, head: &mut OutHead) -> Result<(), SendCause> {
        if to.host.is_empty() && to.address.is_none() {
            return Err(SendCause::NoHost);
        }
        for (name, value) in head.headers.iter() {
            if !name.is_token() {
                return Err(SendCause::FieldName(name.clone()));
            }
            if !is_valid_field_value(value) {
                return Err(SendCause::FieldValue(name.clone()));
            }
        }
        if head.target.is_empty() || has_control(&head.target) {
            return Err(SendCause::Target);
        }
        let host = host_field(&head.host);
        head.host = if valid_host_header(&host) { remove_zone(&host) } else { Bytes::new() };
        Ok(())
    }
}
