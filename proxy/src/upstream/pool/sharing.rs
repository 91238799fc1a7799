use std::{num::NonZeroUsize, pin::pin, rc::Rc};

use tokio::time::timeout;

use super::{
    Bucket, Leased, Pool, Seat,
    waiter::{Given, Ticket},
};
use crate::{
    config::limits,
    upstream::{Origin, SendCause, http2},
};

impl Pool {
    /// Waits in line. Where there is room on connections that have their share, it is taken when a further connection is long in coming.
    pub(super) async fn queue(self: &Rc<Self>, origin: &Origin) -> Result<Option<Leased>, SendCause> {
        let mut ticket = pin!(Ticket::queue(self, origin));
        if let Ok(leased) = timeout(limits::HTTP2_BACKEND_SPREAD_PATIENCE, &mut ticket).await {
            return leased;
        }
        match self.share(origin) {
            Some(lease) => Ok(Some(Leased::Http2(lease))),
            None => ticket.await,
        }
    }

    /// A place on a connection of HTTP/2, if there is one.
    pub(super) fn share(&self, origin: &Origin) -> Option<http2::Lease> {
        self.buckets.borrow_mut().get_mut(origin)?.share(self.generation.get())
    }

    /// The same, unless there is to be a further connection first: requests are spread, never all on one.
    pub(super) fn share_spread(&self, origin: &Origin) -> Option<http2::Lease> {
        let connections = self.spread_connections();
        self.buckets.borrow_mut().get_mut(origin)?.share_spread(self.generation.get(), connections)
    }

    /// Among how many connections of HTTP/2 requests are spread before each is filled.
    pub(super) fn spread_connections(&self) -> usize {
        let max = self.limits.per_origin_max.map_or(usize::MAX, NonZeroUsize::get);
        limits::HTTP2_BACKEND_SPREAD_CONNECTIONS.min(max)
    }

    /// Lets all requests to an origin use a connection of HTTP/2, unless there is one already that has room: then the new one is closed,
    /// as Go closes it.
    ///
    /// Go: `net/http/h2_bundle.go` `clientConnPool.addConnIfNeeded`.
    pub(super) fn add_shared(self: &Rc<Self>, made: http2::Handshaken, seat: Seat) -> Option<http2::Lease> {
        let origin = Rc::clone(seat.origin());
        if let Some(lease) = self.share_spread(&origin) {
            return Some(lease);
        }
        let connection = made.start(&self.http2, seat);
        let lease = http2::Lease::of(&connection);
        let waiting = self.with_bucket(&origin, |bucket| {
            bucket.shared.push(connection);
            bucket.next_sharers(self.spread_connections())
        });
        waiting.iter().for_each(|waiter| waiter.give(Given::Share));
        lease
    }

    /// A connection of HTTP/2 has room again: whoever may not dial is served by it.
    pub(in crate::upstream) fn tell_of_room(&self, origin: &Origin) {
        if self.limits.per_origin_max.is_none() {
            return;
        }
        let waiter = {
            let mut buckets = self.buckets.borrow_mut();
            buckets.get_mut(origin).and_then(Bucket::take_without_seat)
        };
        if let Some(waiter) = waiter {
            waiter.give(Given::Share);
        }
    }
}
