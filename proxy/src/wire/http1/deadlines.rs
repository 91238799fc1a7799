use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

/// When a client's time to send its request, or to take its answer, is over. None: never.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    read: Option<Pin<Box<Sleep>>>,
    write: Option<Pin<Box<Sleep>>>,
    /// How long a client may take nothing of what waits for it.
    patience: Option<Duration>,
    /// Since when it takes nothing.
    idle_since: Option<Instant>,
    /// Rings when the patience may be over. It is left as it is while the client takes something, rings early then, and is only then set
    /// for what is left.
    stall_timer: Option<Pin<Box<Sleep>>>,
    stalled: bool,
}

/// What a client has taken of what waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// Not one byte.
    Nothing,
    /// A part.
    Something,
}

impl Deadlines {
    /// With a bound of the time in which a client takes nothing.
    pub(super) fn with_patience(patience: Option<Duration>) -> Self {
        Self { patience, ..Self::default() }
    }

    /// Sets both anew.
    pub(super) fn set(&mut self, read: Option<Instant>, write: Option<Instant>) {
        let timer = |at: Option<Instant>| at.map(|at| Box::pin(sleep_until(at)));
        (self.read, self.write) = (timer(read), timer(write));
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
        self.has_stalled() || is_over(self.write.as_mut(), cx)
    }

    /// The client does not take all that waits for it now: whether it has taken nothing for too long. If not, the task is woken when it
    /// has.
    pub(super) fn no_more_waiting(&mut self, took: Took, cx: &mut Context<'_>) -> bool {
        let Some(patience) = self.patience else { return false };
        if took == Took::Something {
            self.idle_since = None;
        }
        let over = *self.idle_since.get_or_insert_with(Instant::now) + patience;
        let timer = self.stall_timer.get_or_insert_with(|| Box::pin(sleep_until(over)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= over {
                self.stalled = true;
                self.stall_timer = None;
                return true;
            }
            timer.as_mut().reset(over);
        }
        false
    }

    /// The client has taken all that waited.
    pub(super) fn all_is_taken(&mut self) {
        self.idle_since = None;
    }

    /// Whether the client took nothing for too long.
    pub(super) fn has_stalled(&self) -> bool {
        self.stalled
    }

    /// Gives back what a connection does not need while it idles.
    pub(super) fn rest(&mut self) {
        self.stall_timer = None;
    }
}

fn is_over(timer: Option<&mut Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> bool {
    // A timer that has ended must not be asked again.
    timer.is_some_and(|timer| timer.is_elapsed() || matches!(timer.as_mut().poll(cx), Poll::Ready(())))
}
