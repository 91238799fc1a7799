use std::{future::poll_fn, rc::Rc, task::Poll};

use tokio::time::{Instant, sleep_until};

use super::{Settings, connection::Life};
use crate::{
    upstream::pool::Seat,
    wire::http2::{self, Over, Shared},
    world::Bug,
};

/// Drives a connection until it ends, and notices when it is dead or of no use any more.
pub(super) struct Driver {
    pub(super) life: Rc<Life>,
    pub(super) frames: Shared,
    pub(super) settings: Settings,
    /// Given back when the connection has ended.
    pub(super) seat: Seat,
}

/// What happened to a connection.
enum Event {
    /// It has ended.
    End,
    /// Requests came or went.
    Changed,
    /// A time has passed.
    Time,
}

impl Driver {
    pub(super) async fn drive(self, mut socket: http2::Driver) {
        let Settings { http2, idle_timeout, .. } = &self.settings;
        // While PING waits for its answer: when that is due.
        let mut pong_due = None;
        let mut was_idle = true;
        let mut since = Instant::now();
        loop {
            let idle = self.life.active() == 0;
            if idle && self.life.is_retired() {
                break;
            }
            if idle != was_idle {
                (was_idle, since) = (idle, Instant::now());
                pong_due = None;
            }
            let time = match pong_due {
                _ if idle => since + *idle_timeout,
                Some(due) => due,
                // On a connection that has idled for long, the first request asks at once whether it lives.
                None => (socket.heard() + http2.silence_max).max(since),
            };
            let event = tokio::select! {
                biased;
                () = poll_fn(|cx| socket.poll(cx, &mut || self.look())) => Event::End,
                () = self.life.changed() => Event::Changed,
                () = sleep_until(time) => Event::Time,
            };
            match event {
                Event::End => break,
                Event::Changed if self.life.has(Bug::EndsAtGoaway) && self.life.is_retired() => break,
                Event::Changed => {}
                Event::Time if idle => break,
                Event::Time => {
                    let quiet = socket.heard().elapsed();
                    let is_asking = self.frames.borrow().is_asking();
                    if pong_due.is_some() && is_asking && quiet >= http2.ping_timeout {
                        tracing::debug!(?quiet, "a backend answers no PING");
                        self.life.lose();
                        break;
                    }
                    pong_due = (quiet >= http2.silence_max).then(|| Instant::now() + http2.ping_timeout);
                    if pong_due.is_some() {
                        self.frames.borrow_mut().ask();
                    }
                }
            }
        }
        self.life.retire();
        self.life.failed(socket.failure());
        tracing::debug!(over = ?self.frames.borrow().over(), "a backend's HTTP/2 connection ended");
        // The reset of the last stream may still wait to be written.
        poll_fn(|cx| Poll::Ready(socket.poll_write(cx).is_ready())).await;
        self.frames.borrow_mut().end(Over::Gone);
        drop(self.seat);
        socket.linger(http2.linger).await;
    }

    /// A backend that says GOAWAY gets no further request. Go: `clientConnReadLoop.processGoAway`.
    fn look(&self) {
        if !self.life.is_retired() && self.frames.borrow().goaway_received().is_some() {
            self.life.retire();
        }
    }
}
