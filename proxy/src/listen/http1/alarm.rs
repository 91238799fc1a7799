use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::time::{Instant, Sleep, sleep_until};

/// A connection's one timer.
///
/// It is set anew with every request, nearly always for later than before: then the timer is left as it is, rings early, and is only then
/// set for what is left.
#[derive(Debug, Default)]
pub(super) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Waits for a moment, for ever without one.
    pub(super) async fn rings(&mut self, at: Option<Instant>) {
        match at {
            Some(at) => poll_fn(|cx| self.poll(at, cx)).await,
            None => std::future::pending().await,
        }
    }

    fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if at < timer.deadline() {
            timer.as_mut().reset(at);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= at {
                return Poll::Ready(());
            }
            timer.as_mut().reset(at);
        }
    }
}
