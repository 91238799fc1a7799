//! The reverse-proxy core: what Go's `httputil.ReverseProxy` does with a request and its answer.
//!
//! Go: `net/http/httputil/reverseproxy.go`.

mod flush;
mod gunzip;
mod outbound;
mod relay;
mod rules;
mod switch;

pub use self::{
    flush::FlushInterval,
    outbound::{Outbound, ProxyRequest},
    rules::{Direct, Rewrite, Rules},
};
use self::{flush::flush_interval, relay::Relay};
use crate::{
    refusal::Refusal,
    upstream::{Download, Incoming, Origin, Outgoing, Reply, SendError, StrippedHeaders, Transport},
    wire::{Answer, Body, Exchange, Gone, Length, Name, ResponseHead},
    world::Planted,
};

/// Forwards requests to a backend and its answers back.
#[derive(Debug)]
pub struct ReverseProxy {
    transport: Transport,
    origin: Origin,
    rules: Rules,
    flush: FlushInterval,
    planted: Planted,
}

impl ReverseProxy {
    /// A proxy that sends everything to `origin`, in the way that `rules` say.
    pub fn new(transport: Transport, origin: Origin, rules: Rules, planted: Planted) -> Self {
        Self { transport, origin, rules, flush: FlushInterval::Never, planted }
    }

    /// How long bytes of a body of known length may wait before they go out. Default [`FlushInterval::Never`].
    #[must_use]
    pub fn flush_interval(mut self, interval: FlushInterval) -> Self {
        self.flush = interval;
        self
    }

    /// Sends a request on and answers with what the backend says.
    ///
    /// # Errors
    /// The backend could not be asked, or switched to a protocol that nobody asked for.
    pub async fn forward(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let upgrade = switch::asked(&exchange.head)?;
        let outgoing = self.outgoing(exchange, upgrade.as_ref());
        let gone = exchange.gone.clone();
        let mut informed = |head: &ResponseHead| exchange.inform(head);
        let sent = tokio::select! {
            biased;
            () = gone.wait() => return Err(Refusal::BackendFailed(Box::new(ClientLeft))),
            sent = self.transport.send(&self.origin, outgoing, &mut informed) => sent,
        };
        match sent.map_err(backend_failed)? {
            Reply::Switched(head, tunnel) => switch::checked(head, tunnel, upgrade.as_ref()),
            Reply::Response(incoming) => Ok(self.answer(incoming, gone)),
        }
    }

    fn outgoing(&self, exchange: &mut Exchange, upgrade: Option<&bytes::Bytes>) -> Outgoing {
        let body = exchange.take_body();
        let head = outbound::head(&exchange.head, &exchange.peer, &self.rules, upgrade, &self.planted);
        Outgoing { head, body }
    }

    fn answer(&self, incoming: Incoming, gone: Gone) -> Answer {
        let Incoming { mut head, body, gzip_was_ours } = incoming;
        let gunzip = gzip_was_ours && gunzip::applies(&head, body.length());
        if gunzip {
            gunzip::strip(&mut head);
        }
        if head.headers.has_token(&Name::CONNECTION, b"content-length") {
            head.content_length = None; // named, so removed: the server counts for itself
        }
        head.headers = StrippedHeaders::from_inbound(head.headers, &Planted::none()).into_headers();
        let interval = flush_interval(&head, body.length(), gunzip, self.flush);
        Answer::Reply(head, relay(body, interval, gunzip, gone))
    }
}

fn relay(download: Download, interval: FlushInterval, gunzip: bool, gone: Gone) -> Body {
    let length = if gunzip { Length::Unknown } else { download.length() };
    Body::made(length, Relay::new(download, interval, gunzip, gone))
}

fn backend_failed(error: SendError) -> Refusal {
    tracing::warn!(error = %error.cause, "proxy error");
    Refusal::BackendFailed(Box::new(error.cause))
}

/// Go's `context.Canceled`.
#[derive(Debug, thiserror::Error)]
#[error("context canceled")]
struct ClientLeft;
