//! The reverse-proxy core: what Go's `httputil.ReverseProxy`, and the handler of Kubernetes above it, do with a request and its answer.
//!
//! `examples/embedded-proxy/main.rs` is how others build on it.
//!
//! Go: `net/http/httputil/reverseproxy.go`, `apimachinery/pkg/util/proxy/upgradeaware.go`.

mod bodyless;
mod first_read;
mod flush;
mod gunzip;
mod hooks;
mod outbound;
mod passage;
mod planted;
mod relay;
mod rules;
mod switch;
mod upgrade_aware;

use std::error::Error;

use self::hooks::Hooks;
pub use self::{
    flush::FlushInterval,
    hooks::{HandleError, ModifyResponse},
    outbound::{ForwardedFor, Outbound, ProxyRequest},
    rules::{Direct, Rewrite, Rules},
    upgrade_aware::{Fault, Links, Transports, UpgradeAware, Upgrades, Wrapping},
};
pub(crate) use self::{
    passage::{Failure, Passage},
    upgrade_aware::forwarded_uri,
};
use crate::{
    refusal::Refusal,
    upstream::{Origin, Outgoing, Reply, Transport},
    wire::{Answer, Exchange, ResponseHead},
    world::Planted,
};

/// Forwards requests to a backend and its answers back.
#[derive(Debug)]
pub struct ReverseProxy {
    transport: Transport,
    origin: Origin,
    rules: Rules,
    flush: FlushInterval,
    hooks: Hooks,
    planted: Planted,
}

impl ReverseProxy {
    /// A proxy that changes requests as `rules` say and sends them where these say; to `origin` where they name no host, or this one.
    ///
    /// Give rules that choose among hosts that clients name themselves a list: whoever is let choose freely reaches all that this machine
    /// reaches.
    pub fn new(transport: Transport, origin: Origin, rules: Rules, planted: Planted) -> Self {
        Self { transport, origin, rules, flush: FlushInterval::Never, hooks: Hooks::default(), planted }
    }

    /// How long bytes of a body of known length may wait before they go out. Default [`FlushInterval::Never`].
    #[must_use]
    pub fn flush_interval(mut self, interval: FlushInterval) -> Self {
        self.flush = interval;
        self
    }

    /// Changes the head of each answer of the backend, one of 101 too, once its hop-by-hop fields are gone; an error is the client's 502.
    /// Bodies are changed behind [`Self::forward`], in a [handler](crate::chain::Handler) of one's own.
    ///
    /// Go: `ReverseProxy.ModifyResponse`.
    #[must_use]
    pub fn modify_response(mut self, modify: Box<ModifyResponse>) -> Self {
        self.hooks.modify = Some(modify);
        self
    }

    /// Answers in the place of a backend that gave no answer. Default: 502 without a word.
    ///
    /// Go: `ReverseProxy.ErrorHandler`.
    #[must_use]
    pub fn handle_error(mut self, handle: Box<HandleError>) -> Self {
        self.hooks.on_error = Some(handle);
        self
    }

    /// Sends a request on and answers with what the backend says.
    ///
    /// # Errors
    /// The backend could not be asked, or switched to a protocol that nobody asked for, and no handler of errors answers for it.
    pub async fn forward(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let answered = self.ask(exchange).await;
        match (answered, &self.hooks.on_error) {
            (Err(refusal), Some(handle)) => Ok(handle(&exchange.head, &refusal)),
            (answered, _) => answered,
        }
    }

    async fn ask(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let upgrade = switch::asked(&exchange.head)?;
        let out = outbound::under(&self.rules, &exchange.head, &exchange.peer, upgrade.as_ref(), &self.planted);
        let elsewhere = out.elsewhere(&self.origin).map_err(backend_failed)?;
        let outgoing = Outgoing { head: out.into_head(&exchange.head), body: exchange.take_body() };
        let passage = Passage {
            transport: &self.transport,
            origin: elsewhere.as_deref().unwrap_or(&self.origin),
            flush: self.flush,
            until: exchange.deadline,
        };
        match passage.ask(exchange, outgoing).await.map_err(backend_failed)? {
            Reply::Switched(mut head, tunnel) => {
                head.raw = None; // Go's ReverseProxy names the fields anew
                self.modify(&mut head)?;
                Passage::switched(head, tunnel, upgrade.as_ref())
                    .map_err(|error| Refusal::UpgradeMismatch(error.to_string()))
            }
            Reply::Response(incoming) => match passage.answer(incoming, exchange.gone.clone()) {
                Answer::Reply(mut head, body) => {
                    self.modify(&mut head)?;
                    Ok(Answer::Reply(head, body))
                }
                answer => Ok(answer),
            },
        }
    }

    fn modify(&self, head: &mut ResponseHead) -> Result<(), Refusal> {
        let Some(modify) = &self.hooks.modify else { return Ok(()) };
        modify(head).map_err(|error| {
            tracing::warn!(%error, "proxy error");
            Refusal::BackendFailed(error)
        })
    }
}

fn backend_failed(failure: impl Error + 'static) -> Refusal {
    tracing::warn!(error = %failure, "proxy error");
    Refusal::BackendFailed(Box::new(failure))
}
