//! What stands between a connection and whatever answers: filters in a row, a file each. `order.rs` is the list.

mod audit_id;
mod authentication;
mod authorization;
mod cache_control;
mod deadline;
mod end;
mod impersonation;
mod in_flight;
mod order;
mod request_info;
mod request_metrics;
mod routed;
mod visit;
mod warnings;

use std::rc::Rc;

use self::visit::Visit;
pub use self::{
    audit_id::AuditId,
    end::{End, How},
    in_flight::Seats,
    order::{Parts, filters},
    routed::Routed,
};
use crate::{
    forward::ReverseProxy,
    refusal::Refusal,
    wire::{Answer, Exchange, Facts, ResponseHead},
    world::LocalBoxFuture,
};

/// Answers requests. A type parameter of the server, so that nothing is boxed on the way.
pub trait Handler {
    /// Answers one request, or says no.
    #[expect(async_fn_in_trait, reason = "everything stays on one worker: the future needs no Send")]
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal>;
}

/// Without any filter: everything goes to the backend.
impl Handler for ReverseProxy {
    // Not an `async fn`: such a one would hold the future twice, and move it once for each request.
    fn serve(&self, exchange: &mut Exchange) -> impl Future<Output = Result<Answer, Refusal>> {
        self.forward(exchange)
    }
}

/// One step of every request.
pub trait Filter {
    /// Looks at a request, in the order of the list.
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a>;

    /// Looks at the head of the answer, refusals too, in reverse order; only if the request has entered here. Not at a 101, nor at
    /// [`Answer::Last`].
    fn leave(&self, _exchange: &Exchange, _head: &mut ResponseHead) {}

    /// The answer is over, or nobody waits for it any more: exactly once for each request that has entered here.
    fn done(&self, _facts: &Facts, _end: &End) {}
}

/// What a filter decides.
pub enum Step<'a> {
    /// The next filter is asked.
    Next,
    /// This is the answer.
    Stop(Box<Answer>),
    /// No.
    Refuse(Refusal),
    /// It has to wait before it knows: an answer, or none for the next filter.
    Wait(LocalBoxFuture<'a, Result<Option<Answer>, Refusal>>),
}

/// Filters in a row, and what answers behind them.
///
/// A flat list instead of an onion: no future is nested in another, and what Go does when a head is written is `leave`.
pub struct Chain<H> {
    filters: Rc<[Box<dyn Filter>]>,
    handler: H,
}

impl<H: Handler> Chain<H> {
    /// The filters are entered in this order.
    pub fn new(filters: Vec<Box<dyn Filter>>, handler: H) -> Self {
        Self { filters: filters.into(), handler }
    }
}

impl<H: Handler> Handler for Chain<H> {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        Ok(Visit::new(Rc::clone(&self.filters), exchange).run(&self.handler).await)
    }
}

#[cfg(test)]
mod tests;
