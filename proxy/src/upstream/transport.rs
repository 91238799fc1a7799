mod check;
mod config;
mod plan;

use std::{cell::RefCell, future::poll_fn, rc::Rc};

use http::StatusCode;

pub use self::config::{Compression, Reuse, TransportConfig};
use self::plan::Plan;
use super::{
    Delivered, Download, Origin, Outgoing, SendError,
    again::Failed,
    dial::Dialer,
    download::Carried,
    http1::{Conversation, Http1Download, Waits},
    http2::pause_before,
    pool::{Lease, Leased, Pool, Reused},
    probe,
};
use crate::{
    wire::{ResponseHead, Tunnel, http1::Response},
    world::{Dice, Planted, World},
};

/// Sends requests to backends: a pool of connections, and Go's rules of when a request may be sent again.
///
/// One per worker and per way of trusting backends; cheap to clone.
///
/// Go: `net/http/transport.go` `Transport`.
#[derive(Clone, Debug)]
pub struct Transport(Rc<Inner>);

/// What a backend answers.
#[derive(Debug)]
pub enum Reply {
    /// A response.
    Response(Incoming),
    /// 101: the connection belongs to whoever asked.
    Switched(Box<ResponseHead>, Tunnel),
}

/// A response on its way in.
#[derive(Debug)]
pub struct Incoming {
    /// Its head.
    pub head: Box<ResponseHead>,
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
    #[cfg(test)]
    pub(crate) fn idle_connections(&self) -> usize {
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
            let Plan { to, extra, gzip_was_ours } = Plan::of(to, &mut request.head, config).map_err(nothing)?;
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

async fn switched(
    head: Box<ResponseHead>,
    mut conversation: Box<Conversation>,
    asked: bool,
) -> Result<Reply, SendError> {
    if asked {
        // What is left of the request goes before the first byte of the tunnel.
        conversation.send_rest().await.map_err(|cause| SendError { cause, delivered: Delivered::Maybe })?;
    }
    let (backend, early) = conversation.into_parts();
    Ok(Reply::Switched(head, Tunnel { backend, early }))
}

const SWITCHING: StatusCode = StatusCode::SWITCHING_PROTOCOLS;
