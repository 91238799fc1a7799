use std::{
    cell::{Cell, RefCell},
    mem,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use super::{Dialling, Lease, Leased, Made, Pool, Reused, Seat, bury};
use crate::upstream::{Origin, SendCause, http1::Http1};

/// A request that waits for a connection.
pub(super) struct Waiter {
    given: RefCell<Option<Given>>,
    waker: RefCell<Option<Waker>>,
    wants_seat: Cell<bool>,
    /// Where it stands in its line, while it does.
    pub(super) place: Cell<Option<i64>>,
}

/// What a waiting request gets.
pub(super) enum Given {
    /// A connection.
    Connection(Box<Http1>, Reused),
    /// The right to dial one.
    Seat(Seat),
    /// A connection of HTTP/2 has come, or has room again.
    Share,
}

impl Waiter {
    /// A request that stands in no line yet, and may dial if it has a seat.
    pub(super) fn new(seat: Option<&Seat>) -> Self {
        Self {
            given: RefCell::default(),
            waker: RefCell::default(),
            wants_seat: Cell::new(seat.is_none()),
            place: Cell::new(None),
        }
    }

    /// Whether it may not dial yet.
    pub(super) fn wants_seat(&self) -> bool {
        self.wants_seat.get()
    }

    /// Gives it something. A connection displaces the right to dial, which then belongs to the next.
    pub(super) fn give(&self, given: Given) {
        self.wants_seat.set(false);
        let displaced = self.given.replace(Some(given));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        drop(displaced);
    }
}

/// A request's place in the line, and its own dial. Dropped, it leaves the line: what it was given goes back, and its dial goes on without
/// it.
pub(super) struct Ticket {
    pool: Rc<Pool>,
    origin: Rc<Origin>,
    waiter: Rc<Waiter>,
    dialling: Option<Dialling>,
}

impl Ticket {
    /// Waits in line for a connection that is given back, and for one that is dialled meanwhile. None: it is time to look around again.
    ///
    /// # Errors
    /// The dial failed.
    pub(super) async fn queue(pool: &Rc<Pool>, origin: &Origin) -> Result<Option<Leased>, SendCause> {
        let known = pool.buckets.borrow().get_key_value(origin).map(|(known, _)| Rc::clone(known));
        let origin = known.unwrap_or_else(|| Rc::new(origin.clone()));
        let seat = Seat::take(pool, &origin);
        let waiter = Rc::new(Waiter::new(seat.as_ref()));
        pool.with_bucket(&origin, |bucket| bucket.waiting.push_back(Rc::clone(&waiter)));
        let dialling = seat.map(|seat| pool.dial(seat));
        let mut ticket = Self { pool: Rc::clone(pool), origin, waiter, dialling };
        std::future::poll_fn(|cx| ticket.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Leased>, SendCause>> {
        match self.waiter.given.take() {
            Some(Given::Connection(mut connection, reused)) => {
                match connection.poll_death(&mut Context::from_waker(Waker::noop())) {
                    Poll::Pending => {
                        return Poll::Ready(Ok(Some(Leased::Http1(Lease { connection, reused: Some(reused) }))));
                    }
                    Poll::Ready(death) => bury(connection, &death),
                }
                self.queue_again();
            }
            Some(Given::Share) => return Poll::Ready(Ok(None)),
            Some(Given::Seat(seat)) => self.dialling = Some(self.pool.dial(seat)),
            None => {}
        }
        if let Some(dialling) = &mut self.dialling
            && let Poll::Ready(made) = dialling.made.as_mut().poll(cx)
        {
            let seat = self.dialling.take().map(|dialling| dialling.seat);
            return Poll::Ready(made.map(|made| {
                Some(match (made, seat?) {
                    (Made::Http1(channel), seat) => {
                        Leased::Http1(Lease { connection: self.pool.connection(channel, seat), reused: None })
                    }
                    (Made::Http2(made), seat) => Leased::Http2(self.pool.add_shared(*made, seat)?),
                })
            }));
        }
        self.waiter.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }

    /// The connection it was given has died on the way: back to the head of the line, and to a dial.
    fn queue_again(&mut self) {
        self.pool.with_bucket(&self.origin, |bucket| bucket.waiting.push_front(Rc::clone(&self.waiter)));
        if self.dialling.is_none() {
            let seat = Seat::take(&self.pool, &self.origin);
            self.waiter.wants_seat.set(seat.is_none());
            self.dialling = seat.map(|seat| self.pool.dial(seat));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.pool.with_bucket(&self.origin, |bucket| bucket.waiting.remove(&self.waiter));
        match self.waiter.given.take() {
            Some(Given::Connection(connection, _)) => self.pool.put(connection),
            Some(Given::Seat(seat)) => drop(seat),
            // The room is still there: it was told to this one alone.
            Some(Given::Share) => self.pool.tell_of_room(&self.origin),
            None => {}
        }
        if let Some(dialling) = mem::take(&mut self.dialling) {
            self.pool.adopt(dialling);
        }
        self.pool.forget_if_empty(&self.origin);
    }
}
