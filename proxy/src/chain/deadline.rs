use std::{sync::Arc, time::Duration};

use super::{Filter, Step};
use crate::{
    config::parse_duration,
    meta::{Query, Status},
    refusal::Refusal,
    router::RequestInfo,
    wire::Exchange,
    world::Clock,
};

/// Gives every request that does not run for long its time: what `?timeout=` says, and never more than the server's.
///
/// The chain keeps it. Go: `apiserver/pkg/endpoints/filters/request_deadline.go` `WithRequestDeadline`.
pub(super) struct Deadline {
    clock: Arc<dyn Clock>,
    longest: Duration,
}

impl Deadline {
    pub(super) fn new(clock: Arc<dyn Clock>, longest: Duration) -> Self {
        Self { clock, longest }
    }

    fn allowed(&self, exchange: &Exchange) -> Result<Duration, Refusal> {
        let text = Query::of(&exchange.head).text("timeout");
        if text.is_empty() {
            return Ok(self.longest);
        }
        match parse_duration(&text) {
            Ok(Some(asked)) if !asked.is_zero() => Ok(asked.min(self.longest)),
            Ok(_) => Ok(self.longest),
            Err(bad) => {
                let why = bad.in_words_of_go(&text);
                Err(Status::bad_request(format!("invalid timeout specified in the request URL - {why}")).into())
            }
        }
    }
}

impl Filter for Deadline {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        if exchange.facts.get().is_some_and(RequestInfo::is_long_running) {
            return Step::Next;
        }
        match self.allowed(exchange) {
            Ok(allowed) => {
                exchange.deadline = Some(self.clock.now() + allowed);
                Step::Next
            }
            Err(refusal) => Step::Refuse(refusal),
        }
    }
}
