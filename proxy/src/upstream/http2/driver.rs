use std::{cell::Cell, future::poll_fn, pin::Pin, rc::Rc, task::Poll};

use bytes::Bytes;
use h2::{Ping, PingPong, client::SendRequest};
use tokio::time::{Instant, sleep_until};

use super::{Settings, connection::Life, watched::Watched};
use crate::{upstream::pool::Seat, wire::SharedChannel};

/// Drives the frames of a connection until it ends, and notices when it is dead or of no use any more.
pub(super) struct Driver {
    pub(super) life: Rc<Life>,
    pub(super) channel: SharedChannel,
    pub(super) heard: Rc<Cell<Instant>>,
    pub(super) settings: Settings,
    /// Given back when the connection has ended.
    pub(super) seat: Seat,
    /// While it is here, the `h2` crate does not end the connection of its own accord, and say GOAWAY, where Go just closes.
    pub(super) open: SendRequest<Bytes>,
}

type Frames = h2::client::Connection<Watched, Bytes>;

/// What happened to a connection.
enum Event {
    /// It has ended.
    End,
    /// Requests came or went.
    Changed,
    /// The backend has answered PING.
    Pong,
    /// A time has passed.
    Time,
}

impl Driver {
    pub(super) async fn drive(self, mut frames: Frames) {
        let Settings { http2, idle_timeout, .. } = &self.settings;
        let mut pings = frames.ping_pong();
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
                None => (self.heard.get() + http2.silence_max).max(since),
            };
            let event = tokio::select! {
                biased;
                ended = &mut frames => {
                    tracing::debug!(error = ?ended.err(), "a backend's HTTP/2 connection ended");
                    Event::End
                }
                () = self.life.changed() => Event::Changed,
                () = pong(&mut pings), if pong_due.is_some() => Event::Pong,
                () = sleep_until(time) => Event::Time,
            };
            match event {
                Event::End => break,
                Event::Changed => {}
                Event::Pong => pong_due = None,
                Event::Time if idle => break,
                Event::Time => {
                    let quiet = self.heard.get().elapsed();
                    if pong_due.is_some() && quiet >= http2.ping_timeout {
                        tracing::debug!(?quiet, "a backend answers no PING");
                        self.life.lose();
                        break;
                    }
                    pong_due = (quiet >= http2.silence_max).then(|| Instant::now() + http2.ping_timeout);
                    if let (Some(_), Some(pings)) = (pong_due, &mut pings) {
                        // If one is under way already, its answer counts as well.
                        let _ = pings.send_ping(Ping::opaque());
                    }
                }
            }
        }
        self.life.retire();
        flush(&mut frames).await;
        drop((frames, self.open, self.seat));
        self.channel.linger(http2.linger).await;
    }
}

/// Writes what waits, as far as the backend takes it now: the reset of the last stream may be among it.
async fn flush(frames: &mut Frames) {
    poll_fn(|cx| {
        let _ = Pin::new(&mut *frames).poll(cx);
        Poll::Ready(())
    })
    .await;
}

/// Waits for the answer to PING.
async fn pong(pings: &mut Option<PingPong>) {
    match pings {
        Some(pings) => {
            // An error here is the end of the connection, which shows elsewhere.
            let _ = poll_fn(|cx| pings.poll_pong(cx)).await;
        }
        None => std::future::pending().await,
    }
}
