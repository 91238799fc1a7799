use std::{
    pin::{Pin, pin},
    rc::Rc,
};

use http::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::{
    Filter, Handler, Step,
    end::{Account, End, How},
};
use crate::{
    refusal::Refusal,
    wire::{Answer, Body, Exchange, ResponseHead},
};

/// One request on its way through the filters.
pub(super) struct Visit<'x> {
    filters: Rc<[Box<dyn Filter>]>,
    exchange: &'x mut Exchange,
    /// So many filters were entered.
    entered: usize,
    /// So many had been entered when the request got its deadline.
    entered_before_deadline: usize,
    /// The answer closes the account, not this.
    handed_on: bool,
}

impl<'x> Visit<'x> {
    pub(super) fn new(filters: Rc<[Box<dyn Filter>]>, exchange: &'x mut Exchange) -> Self {
        Self { filters, exchange, entered: 0, entered_before_deadline: 0, handed_on: false }
    }

    /// Lets the request through, and the head of its answer back.
    pub(super) async fn run<H: Handler>(mut self, handler: &H) -> Answer {
        let answer = match self.walk(handler).await {
            Ok(answer) => answer,
            Err(refusal) => self.render(&refusal),
        };
        match answer {
            Answer::Reply(mut head, body) => {
                self.leave(&mut head);
                let body = self.follow(head.status, body);
                Answer::Reply(head, body)
            }
            Answer::Last(head, body) => {
                let body = self.follow(head.status, body);
                Answer::Last(head, body)
            }
            Answer::Switch(head, tunnel) => {
                self.hand_on().close(&End::new(Some(head.status), How::Switched));
                Answer::Switch(head, tunnel)
            }
            Answer::Cut(cut) => {
                self.hand_on().close(&End::new(None, How::Cut));
                Answer::Cut(cut)
            }
        }
    }

    async fn walk<H: Handler>(&mut self, handler: &H) -> Result<Answer, Refusal> {
        while let Some(filter) = self.filters.get(self.entered) {
            self.entered += 1;
            let deadline = self.exchange.deadline;
            match filter.enter(self.exchange) {
                Step::Next => {}
                Step::Stop(answer) => return Ok(*answer),
                Step::Refuse(refusal) => return Err(refusal),
                Step::Wait(decision) => {
                    if let Some(answer) = within(deadline, pin!(decision)).await? {
                        return Ok(answer);
                    }
                }
            }
            if deadline.is_none() {
                self.entered_before_deadline = self.entered;
            }
        }
        within(self.exchange.deadline, pin!(handler.serve(self.exchange))).await
    }

    fn render(&mut self, refusal: &Refusal) -> Answer {
        if matches!(refusal, Refusal::OutOfTime) {
            // What the filters behind the deadline would have said is lost, as in Go.
            for filter in self.filters[self.entered_before_deadline..self.entered].iter().rev() {
                filter.done(&self.exchange.facts, &End::new(None, How::Dropped));
            }
            self.entered = self.entered_before_deadline;
        }
        tracing::debug!(%refusal, "request was refused");
        self.exchange.deadline = None; // it is over for the request, and the answer to it is all there
        let (head, body) = refusal.render(&self.exchange.head);
        Answer::Reply(head, body)
    }

    fn leave(&mut self, head: &mut ResponseHead) {
        for filter in self.filters[..self.entered].iter().rev() {
            filter.leave(self.exchange, head);
        }
    }

    fn follow(&mut self, status: StatusCode, body: Body) -> Body {
        self.hand_on().follow(status, body, self.exchange.deadline)
    }

    fn hand_on(&mut self) -> Account {
        self.handed_on = true;
        Account::new(Rc::clone(&self.filters), self.entered, std::mem::take(&mut self.exchange.facts))
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        if !self.handed_on {
            self.hand_on().close(&End::new(None, How::Dropped));
        }
    }
}

/// Waits until the deadline, if there is one. The work stays where it is: as an argument it would be there twice, and it is large.
async fn within<T>(
    deadline: Option<Instant>,
    work: Pin<&mut impl Future<Output = Result<T, Refusal>>>,
) -> Result<T, Refusal> {
    match deadline {
        Some(deadline) => timeout_at(deadline, work).await.unwrap_or(Err(Refusal::OutOfTime)),
        None => work.await,
    }
}
