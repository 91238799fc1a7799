//! The reverse-proxy core: what Go's `httputil.ReverseProxy` does with a request and its answer.
//!
//! Go: `net/http/httputil/reverseproxy.go`.

mod flush;
mod gunzip;
mod outbound;
mod passage;
mod relay;
mod rules;
mod switch;

pub(crate) use self::passage::{Failure, Passage};
pub use self::{
    flush::FlushInterval,
    outbound::{Outbound, ProxyRequest},
    rules::{Direct, Rewrite, Rules},
};
use crate::{
    refusal::Refusal,
    upstream::{Origin, Outgoing, Reply, Transport},
    wire::{Answer, Exchange},
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
        let head = outbound::head(&exchange.head, &exchange.peer, &self.rules, upgrade.as_ref(), &self.planted);
        let outgoing = Outgoing { head, body: exchange.take_body() };
        let passage =
            Passage { transport: &self.transport, origin: &self.origin, flush: self.flush, until: exchange.deadline };
        match passage.ask(exchange, outgoing).await.map_err(backend_failed)? {
            Reply::Switched(mut head, tunnel) => {
                head.raw = None; // Go's ReverseProxy names the fields anew
                Passage::switched(head, tunnel, upgrade.as_ref())
                    .map_err(|error| Refusal::UpgradeMismatch(error.to_string()))
            }
            Reply::Response(incoming) => Ok(passage.answer(incoming, exchange.gone.clone())),
        }
    }
}

fn backend_failed(failure: Failure) -> Refusal {
    tracing::warn!(error = %failure, "proxy error");
    Refusal::BackendFailed(Box::new(failure))
}
