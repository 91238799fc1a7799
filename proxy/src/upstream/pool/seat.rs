use std::{
    fmt,
    rc::{Rc, Weak},
};

use super::{Pool, waiter::Given};
use crate::upstream::Origin;

/// The place that a connection takes among those of its origin, from the start of its dial to its end. Dropping it lets the next request
/// dial.
///
/// Go: `net/http/transport.go` `Transport.decConnsPerHost`.
pub(in crate::upstream) struct Seat {
    pool: Weak<Pool>,
    origin: Rc<Origin>,
    generation: u64,
}

impl Seat {
    /// A seat, if there is one left.
    pub(super) fn take(pool: &Rc<Pool>, origin: &Rc<Origin>) -> Option<Self> {
        let taken = pool.with_bucket(origin, |bucket| {
            let free = pool.limits.per_origin_max.is_none_or(|max| bucket.seats < max.get());
            bucket.seats += usize::from(free);
            free
        });
        taken.then(|| Self { pool: Rc::downgrade(pool), origin: Rc::clone(origin), generation: pool.generation.get() })
    }

    /// The pool, while there is one.
    pub(in crate::upstream) fn pool(&self) -> Option<Rc<Pool>> {
        self.pool.upgrade()
    }

    /// Whose connection it is.
    pub(in crate::upstream) fn origin(&self) -> &Rc<Origin> {
        &self.origin
    }

    /// Under which trust and credential the connection was made.
    pub(in crate::upstream) fn generation(&self) -> u64 {
        self.generation
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        let next = {
            let mut buckets = pool.buckets.borrow_mut();
            let Some(bucket) = buckets.get_mut(&self.origin) else { return };
            bucket.seats -= 1;
            // Without a bound nobody waits for a seat, and there may be thousands to look at.
            let next = pool.limits.per_origin_max.and_then(|_| bucket.waiting.first_without_seat().cloned());
            if bucket.is_empty() {
                buckets.remove(&self.origin);
            }
            next
        };
        if let Some(waiter) = next
            && let Some(seat) = Self::take(&pool, &self.origin)
        {
            waiter.give(Given::Seat(seat));
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("origin", &self.origin).field("generation", &self.generation).finish()
    }
}
