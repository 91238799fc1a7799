use std::{collections::VecDeque, rc::Rc};

use tokio::time::Instant;

use super::{Dialling, Seat, line::Line, waiter::Waiter};
use crate::{
    config::limits,
    upstream::{http1::Http1, http2},
};

/// What the pool knows of one origin.
#[derive(Default)]
pub(super) struct Bucket {
    /// Connections without a request; the one that was given back last stands last.
    pub(super) idle: VecDeque<Idle>,
    /// Connections of HTTP/2, each with many requests.
    pub(super) shared: Vec<http2::Connection>,
    /// Requests that wait.
    pub(super) waiting: Line,
    /// Dials whose requests got another connection, or left.
    pub(super) orphans: Vec<Dialling>,
    /// Connections that are dialled, busy or idle.
    pub(super) seats: usize,
}

/// A connection without a request.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) connection: Box<Http1>,
    pub(super) since: Instant,
}

/// What becomes of a connection that was given back.
pub(super) enum Put {
    /// It idles.
    Idle,
    /// It is for a request that waited.
    ToWaiter(Rc<Waiter>, Box<Http1>),
    /// There is no room for it.
    Refused(Box<Http1>),
}

impl Bucket {
    /// A place on the connection of HTTP/2 with the fewest requests; none when there is no such connection, or all are full.
    pub(super) fn share(&mut self, generation: u64) -> Option<http2::Lease> {
        self.by_load(generation).into_iter().find_map(http2::Lease::of)
    }

    /// The same, but none either while each of them has its share of requests, and there may be more connections than there are.
    pub(super) fn share_spread(&mut self, generation: u64, connections: usize) -> Option<http2::Lease> {
        let by_load = self.by_load(generation);
        let has_its_share = by_load.first()?.active() >= limits::HTTP2_BACKEND_SPREAD_STREAMS;
        if has_its_share && by_load.len() < connections {
            return None;
        }
        by_load.into_iter().find_map(http2::Lease::of)
    }

    /// The connections of HTTP/2 that may be used, the one with the fewest requests in front.
    fn by_load(&mut self, generation: u64) -> Vec<&http2::Connection> {
        self.shared.retain(|connection| !connection.is_retired());
        let mut by_load: Vec<_> =
            self.shared.iter().filter(|connection| connection.generation() == generation).collect();
        by_load.sort_by_key(|connection| connection.active());
        by_load
    }

    /// Those who may look around again since there is a new connection of HTTP/2: all of them, or as many as are its share.
    pub(super) fn next_sharers(&mut self, connections: usize) -> Vec<Rc<Waiter>> {
        let most = match self.shared.len() < connections {
            true => limits::HTTP2_BACKEND_SPREAD_STREAMS.min(self.waiting.len()),
            false => self.waiting.len(),
        };
        std::iter::from_fn(|| self.waiting.pop_front()).take(most).collect()
    }

    /// Puts a connection without a request to those that idle, unless somebody waits for it or there are so many already.
    pub(super) fn put(&mut self, connection: Box<Http1>, idle_max: usize) -> Put {
        // The one that has waited longest waits no more.
        if let Some(waiter) = self.waiting.pop_front() {
            return Put::ToWaiter(waiter, connection);
        }
        if self.idle.len() >= idle_max {
            return Put::Refused(connection);
        }
        self.idle.push_back(Idle { connection, since: Instant::now() });
        Put::Idle
    }

    /// The request that has waited longest for a seat; it waits no more.
    pub(super) fn take_without_seat(&mut self) -> Option<Rc<Waiter>> {
        let waiter = Rc::clone(self.waiting.first_without_seat()?);
        self.waiting.remove(&waiter)
    }

    /// Whether nothing is known that is worth keeping.
    pub(super) fn is_empty(&self) -> bool {
        self.seats == 0
            && self.shared.iter().all(http2::Connection::is_retired)
            && self.waiting.is_empty()
            && self.idle.is_empty()
            && self.orphans.is_empty()
    }
}

impl Dialling {
    pub(super) fn seat(&self) -> &Seat {
        &self.seat
    }
}
