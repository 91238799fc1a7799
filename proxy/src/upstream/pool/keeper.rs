use std::{
    mem,
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll, Waker},
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::{Dialling, Keeper, Made, Pool, bury};
use crate::upstream::Origin;

/// Watches over a pool until it is gone: closes idle connections that have died or idled too long, and finishes dials that nobody waits
/// for.
pub(super) async fn watch(pool: Weak<Pool>) {
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    std::future::poll_fn(|cx| match pool.upgrade() {
        Some(pool) => {
            pool.look_around(cx, &mut timer);
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
    .await;
}

impl Pool {
    /// Starts the keeper, if it is not there yet.
    pub(super) fn start_keeper(self: &Rc<Self>) {
        let mut keeper = self.keeper.borrow_mut();
        if matches!(*keeper, Keeper::NotStarted) {
            *keeper = Keeper::Started { waker: Waker::noop().clone(), armed: true };
            tokio::task::spawn_local(watch(Rc::downgrade(self)));
        }
    }

    /// What wakes the keeper.
    pub(super) fn keeper_waker(&self) -> Waker {
        match &*self.keeper.borrow() {
            Keeper::NotStarted => Waker::noop().clone(),
            Keeper::Started { waker, .. } => waker.clone(),
        }
    }

    /// Has the keeper look at the clock again, unless it will anyway.
    pub(super) fn arm_keeper(&self) {
        if let Keeper::Started { waker, armed } = &mut *self.keeper.borrow_mut()
            && !mem::replace(armed, true)
        {
            waker.wake_by_ref();
        }
    }

    /// Has the keeper finish a dial that nobody waits for: its connection may serve the next request.
    ///
    /// There are no more of them than connections that may idle.
    pub(super) fn adopt(self: &Rc<Self>, dialling: Dialling) {
        let origin = Rc::clone(dialling.seat().origin());
        let refused = self.with_bucket(&origin, |bucket| {
            if bucket.orphans.len() >= self.limits.idle_per_origin_max {
                return Some(dialling);
            }
            bucket.orphans.push(dialling);
            None
        });
        // Dropped behind the loan of the bucket: its seat asks for the bucket, too.
        match refused {
            Some(dialling) => drop(dialling),
            None => {
                self.start_keeper();
                self.keeper_waker().wake();
            }
        }
    }

    /// Drops what is known of an origin if there is nothing to know.
    pub(super) fn forget_if_empty(&self, origin: &Origin) {
        let mut buckets = self.buckets.borrow_mut();
        if buckets.get(origin).is_some_and(super::Bucket::is_empty) {
            buckets.remove(origin);
        }
    }

    fn look_around(self: &Rc<Self>, cx: &mut Context<'_>, timer: &mut Option<Pin<Box<Sleep>>>) {
        if let Keeper::Started { waker, .. } = &mut *self.keeper.borrow_mut() {
            waker.clone_from(cx.waker());
        }
        self.finish_orphans(cx);
        self.bury_dead(cx);
        loop {
            let now = Instant::now();
            self.close_idle(|idle| now.duration_since(idle.since) >= self.limits.idle_timeout);
            let next = self.next_expiry();
            if let Keeper::Started { armed, .. } = &mut *self.keeper.borrow_mut() {
                *armed = next.is_some();
            }
            let Some(next) = next else {
                *timer = None;
                return;
            };
            let sleeping = match timer {
                Some(sleeping) if sleeping.deadline() == next => sleeping,
                _ => timer.insert(Box::pin(sleep_until(next))),
            };
            if sleeping.as_mut().poll(cx).is_pending() {
                return;
            }
            *timer = None;
        }
    }

    /// Puts the connections of dials that nobody waits for where they can be found, as far as they are ready.
    fn finish_orphans(self: &Rc<Self>, cx: &mut Context<'_>) {
        let mut ended = Vec::new();
        for bucket in self.buckets.borrow_mut().values_mut() {
            let mut at = 0;
            while let Some(dialling) = bucket.orphans.get_mut(at) {
                match dialling.made.as_mut().poll(cx) {
                    Poll::Ready(dialled) => ended.push((dialled, bucket.orphans.remove(at).seat)),
                    Poll::Pending => at += 1,
                }
            }
        }
        // Behind the loan of the buckets: seats ask for theirs.
        for (dialled, seat) in ended {
            match dialled {
                Ok(Made::Http1(channel)) => self.put(self.connection(channel, seat)),
                Ok(Made::Http2(made)) => drop(self.add_shared(*made, seat)),
                Err(error) => tracing::debug!(%error, "dial without a request failed"),
            }
        }
    }

    fn bury_dead(&self, cx: &mut Context<'_>) {
        let mut dead = Vec::new();
        for bucket in self.buckets.borrow_mut().values_mut() {
            let mut at = 0;
            while let Some(idle) = bucket.idle.get_mut(at) {
                match idle.connection.poll_death(cx) {
                    Poll::Ready(death) => dead.extend(bucket.idle.remove(at).map(|idle| (idle.connection, death))),
                    Poll::Pending => at += 1,
                }
            }
        }
        self.idle_count.set(self.idle_count.get() - dead.len());
        for (connection, death) in dead {
            bury(connection, &death);
        }
    }

    fn next_expiry(&self) -> Option<Instant> {
        let buckets = self.buckets.borrow();
        let oldest = buckets.values().filter_map(|bucket| bucket.idle.front()).map(|idle| idle.since).min()?;
        Some(oldest + self.limits.idle_timeout)
    }
}
