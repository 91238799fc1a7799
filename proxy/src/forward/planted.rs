//! What the bugs that the simulator plants make of bodies on their way.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    upstream::{Download, Outgoing},
    wire::{Body, Cut, Frame, Frames},
    world::{Bug, Planted},
};

/// An answer's body as a proxy passes it on that may have a bug.
pub(super) struct Passed {
    body: Download,
    planted: Planted,
    /// It was cut, and nobody is to know.
    hushed: bool,
}

impl Passed {
    pub(super) fn new(body: Download, planted: Planted) -> Self {
        Self { body, planted, hushed: false }
    }
}

impl Frames for Passed {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let this = self.get_mut();
        if this.hushed {
            return Poll::Pending;
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Err(_))) if this.planted.has(Bug::CallsCutAnswersWhole) => Poll::Ready(None),
            Poll::Ready(Some(Err(_))) if this.planted.has(Bug::KeepsCutsToItself) => {
                this.hushed = true;
                Poll::Pending
            }
            Poll::Ready(Some(Ok(Frame::Trailers(_)))) if this.planted.has(Bug::LosesTrailers) => Poll::Ready(None),
            frame => frame,
        }
    }

    fn is_ending(&self) -> bool {
        self.body.is_ending()
    }

    fn go_on(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        Pin::new(&mut self.get_mut().body).go_on(cx);
    }
}

/// A request as a proxy sends it on that may have a bug.
pub(super) fn sent(request: Outgoing, planted: Planted) -> Outgoing {
    if !planted.has(Bug::CallsCutRequestsWhole) {
        return request;
    }
    let length = request.body.length();
    Outgoing { body: Body::made(length, Forgiving(request.body)), ..request }
}

/// A body whose cut looks like its end.
struct Forgiving(Body);

impl Frames for Forgiving {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        self.get_mut().0.poll_frame(cx).map(|frame| frame.filter(Result::is_ok))
    }
}
