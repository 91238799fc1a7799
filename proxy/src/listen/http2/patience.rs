use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::Http2Limits;
use crate::{config::limits::HTTP2_SEND_BYTES_MIN, listen::KeepAlive, wire::http2::Shared};

/// How long a connection may take: for its preface, without a stream, and for its end.
pub(super) struct Patience {
    preface: Duration,
    idle: Option<Duration>,
    goaway: Duration,
    keep_alive: KeepAlive,
    send: Option<Duration>,
    /// How many bytes were written when something was left to be written, and since when that is so.
    stuck: Option<(u64, Instant)>,
    /// Since then the connection is as it is.
    since: Instant,
    state: State,
    /// The memory of an idle connection was given back.
    is_lean: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What a connection does that may not take for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The client has not said that it speaks HTTP/2.
    Beginning,
    Busy,
    Idle,
    /// The client was told to send no further request. It answers, or is told which one was the last: one that always has a request under
    /// way could have us wait for ever.
    Leaving,
    /// The client knows which one was the last, and it is answered: it has time to read so, and to end the connection itself.
    Left,
    /// It is over: there may be something left to write.
    Over,
}

/// What is to be done when patience is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// There is something to write.
    Write,
    /// The connection ends.
    End,
}

impl Patience {
    pub(super) fn new(limits: &Http2Limits) -> Self {
        Self {
            preface: limits.preface_timeout,
            idle: limits.idle_timeout,
            goaway: limits.goaway_grace,
            keep_alive: limits.keep_alive,
            send: limits.send_timeout,
            stuck: None,
            since: Instant::now(),
            state: State::Beginning,
            is_lean: false,
            timer: None,
        }
    }

    /// Ready when something is to be done.
    pub(super) fn poll(&mut self, connection: &Shared, cx: &mut Context<'_>) -> Poll<Next> {
        loop {
            let state = State::of(connection);
            if state != self.state {
                self.state = state;
                self.since = Instant::now();
                self.is_lean = false;
            }
            let bound = match state {
                State::Beginning => Some(self.preface),
                State::Busy => None,
                State::Idle if self.has_served_enough(connection) => Some(Duration::ZERO),
                State::Idle if !self.is_lean => Some(self.idle.map_or(LEAN_AFTER, |idle| idle.min(LEAN_AFTER))),
                State::Idle => self.idle,
                State::Leaving | State::Left | State::Over => Some(self.goaway),
            };
            let due = bound.map(|bound| self.since + bound);
            let given_up = self.given_up_at(connection);
            let Some(next) = due.into_iter().chain(given_up).min() else { return Poll::Pending };
            ready!(self.poll_time(next, cx));
            if Some(next) == given_up {
                return Poll::Ready(Next::End);
            }
            match state {
                State::Beginning | State::Left | State::Over => return Poll::Ready(Next::End),
                State::Busy => {}
                State::Idle if self.has_served_enough(connection) => {
                    connection.borrow_mut().leave_now();
                    return Poll::Ready(Next::Write);
                }
                State::Idle if !self.is_lean && self.idle.is_none_or(|idle| idle > LEAN_AFTER) => {
                    self.is_lean = true;
                    connection.borrow_mut().release_buffers();
                }
                State::Idle => {
                    connection.borrow_mut().leave();
                    return Poll::Ready(Next::Write);
                }
                State::Leaving => {
                    connection.borrow_mut().leave_now();
                    return Poll::Ready(Next::Write);
                }
            }
        }
    }

    /// When a client that takes hardly anything of what waits for it is given up.
    fn given_up_at(&mut self, connection: &Shared) -> Option<Instant> {
        let connection = connection.borrow();
        let (bound, written) = (self.send?, connection.written_bytes());
        self.stuck = match self.stuck {
            _ if !connection.has_output() => None,
            Some((before, since)) if written < before + HTTP2_SEND_BYTES_MIN as u64 => Some((before, since)),
            _ => Some((written, Instant::now())),
        };
        self.stuck.map(|(_, since)| since + bound)
    }

    /// Whether a connection that is not kept has had its streams. Go: `serverConn.closeStream`.
    fn has_served_enough(&self, connection: &Shared) -> bool {
        self.keep_alive == KeepAlive::Never && connection.borrow().has_had_streams()
    }

    /// Ready at a time. A timer that runs out too early is set anew: most connections are busy again before it does.
    fn poll_time(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        // A timer would let a millisecond pass, and with it a request.
        if due <= Instant::now() {
            return Poll::Ready(());
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= due {
                self.timer = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl State {
    fn of(connection: &Shared) -> Self {
        let connection = connection.borrow();
        match () {
            () if connection.over().is_some() => Self::Over,
            () if !connection.is_begun() => Self::Beginning,
            () if connection.is_leaving() && !connection.has_left() => Self::Leaving,
            () if !connection.is_idle() => Self::Busy,
            () if connection.has_left() => Self::Left,
            () => Self::Idle,
        }
    }
}

/// A connection that has more to ask does it earlier as a rule.
const LEAN_AFTER: Duration = Duration::from_secs(1);
