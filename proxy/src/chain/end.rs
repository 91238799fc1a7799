use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use http::StatusCode;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Filter;
use crate::wire::{Body, Cut, Facts, Frame, Frames, Length};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The status that was answered; none if nothing was.
    pub status: Option<StatusCode>,
    /// How far the answer came.
    pub how: How,
    /// Bytes of the answer's body.
    pub bytes: u64,
}

/// How far an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To its end.
    Complete,
    /// Its maker gave up, or its time was over: the client does not take it for complete.
    Cut,
    /// The client left, or the handler panicked.
    Dropped,
    /// The connection became a tunnel.
    Switched,
}

impl End {
    /// An end without a body.
    pub(super) const fn new(status: Option<StatusCode>, how: How) -> Self {
        Self { status, how, bytes: 0 }
    }
}

/// Tells the filters that a request has entered of its end, exactly once.
pub(super) struct Account {
    filters: Rc<[Box<dyn Filter>]>,
    entered: usize,
    facts: Facts,
}

impl Account {
    pub(super) fn new(filters: Rc<[Box<dyn Filter>]>, entered: usize, facts: Facts) -> Self {
        Self { filters, entered, facts }
    }

    pub(super) fn close(self, end: &End) {
        for filter in self.filters[..self.entered].iter().rev() {
            filter.done(&self.facts, end);
        }
    }

    /// Closes the account when the body has ended, or is dropped. A body that is not through at its deadline is cut.
    pub(super) fn follow(self, status: StatusCode, body: Body, deadline: Option<Instant>) -> Body {
        let mut end = End::new(Some(status), How::Complete);
        if body.length() == Length::Empty {
            self.close(&end);
            return body;
        }
        end.how = How::Dropped;
        let deadline = deadline.map(|deadline| Box::pin(sleep_until(deadline)));
        Body::made(body.length(), Followed { body, deadline, end, account: Some(self) })
    }
}

/// The body of an answer, and the account that it closes.
struct Followed {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
    end: End,
    account: Option<Account>,
}

impl Frames for Followed {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready()) {
            self.end.how = How::Cut;
            self.body = Body::empty();
            return Poll::Ready(Some(Err(Cut::Deadline)));
        }
        let frame = std::task::ready!(self.body.poll_frame(cx));
        match &frame {
            Some(Ok(Frame::Data(bytes))) => self.end.bytes += bytes.len() as u64,
            Some(Ok(Frame::Flush | Frame::Trailers(_))) => {}
            Some(Err(_)) => self.end.how = How::Cut,
            None => self.end.how = How::Complete,
        }
        Poll::Ready(frame)
    }

    fn go_on(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        self.body.go_on(cx);
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        if let Some(account) = self.account.take() {
            account.close(&self.end);
        }
    }
}
