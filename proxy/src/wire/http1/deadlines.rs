use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{Instant, Sleep, sleep_until};

/// When a client's time to send its request, or to take its answer, is over. None: never.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    read: Option<Pin<Box<Sleep>>>,
    write: Option<Pin<Box<Sleep>>>,
}

impl Deadlines {
    pub(super) fn at(read: Option<Instant>, write: Option<Instant>) -> Self {
        let timer = |at: Option<Instant>| at.map(|at| Box::pin(sleep_until(at)));
        Self { read: timer(read), write: timer(write) }
    }

    /// The request was read in time: what comes behind it has all the time.
    pub(super) fn request_is_read(&mut self) {
        self.read = None;
    }

    /// Whether the time to read is over; if not, the task is woken when it is.
    pub(super) fn no_more_reading(&mut self, cx: &mut Context<'_>) -> bool {
        is_over(self.read.as_mut(), cx)
    }

    /// Whether the time to write is over; if not, the task is woken when it is.
    pub(super) fn no_more_writing(&mut self, cx: &mut Context<'_>) -> bool {
        is_over(self.write.as_mut(), cx)
    }
}

fn is_over(timer: Option<&mut Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> bool {
    // A timer that has ended must not be asked again.
    timer.is_some_and(|timer| timer.is_elapsed() || matches!(timer.as_mut().poll(cx), Poll::Ready(())))
}
