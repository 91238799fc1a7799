//! Connections without a request, those who wait for one, and how many there may be.

mod bucket;
mod keeper;
mod line;
mod seat;
mod sharing;
mod waiter;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    num::NonZeroUsize,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

pub(super) use self::seat::Seat;
use self::{
    bucket::{Bucket, Idle, Put},
    waiter::Given,
};
use super::{
    Origin, SendCause, TransportConfig,
    dial::Dialer,
    http1::{Death, Http1},
    http2,
    transport::Reuse,
};
use crate::{
    wire::{Channel, http1::HeadLimits},
    world::{Bug, LocalBoxFuture, Planted},
};

/// The connections of one worker to backends.
///
/// The connection that was used last is used first: those beyond what the load needs grow old and are closed. A request waits for a new
/// connection or for one that comes back, whichever is first.
///
/// Go: `net/http/transport.go` `Transport.getConn`, `tryPutIdleConn`, `queueForIdleConn`, `queueForDial`.
pub(super) struct Pool {
    dialer: RefCell<Rc<Dialer>>,
    limits: PoolLimits,
    head_limits: HeadLimits,
    http2: http2::Settings,
    buckets: RefCell<BTreeMap<Rc<Origin>, Bucket>>,
    idle_count: Cell<usize>,
    /// Counts changes of trust and credential: connections of an earlier one are not used again.
    generation: Cell<u64>,
    keeper: RefCell<Keeper>,
    planted: Planted,
}

/// Bounds of a pool.
#[derive(Clone, Copy, Debug)]
struct PoolLimits {
    idle_per_origin_max: usize,
    idle_max: usize,
    idle_timeout: Duration,
    per_origin_max: Option<NonZeroUsize>,
}

/// The task that watches over idle connections and over dials that nobody waits for.
enum Keeper {
    NotStarted,
    /// `armed`: a timer will wake it when the next connection has idled too long.
    Started {
        waker: Waker,
        armed: bool,
    },
}

/// What a request is given to be sent over.
#[derive(Debug)]
pub(super) enum Leased {
    /// A connection for itself.
    Http1(Lease),
    /// A place on a connection that others use, too.
    Http2(http2::Lease),
}

/// A connection, for one request.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) connection: Box<Http1>,
    /// None: it is new.
    pub(super) reused: Option<Reused>,
}

/// Proof that a connection has idled in the pool, so that it may have died of its age and not of the request it then got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reused(());

/// A dial that has begun.
struct Dialling {
    made: LocalBoxFuture<'static, Result<Made, SendCause>>,
    seat: Seat,
}

/// What a dial has made.
enum Made {
    Http1(Channel),
    Http2(Box<http2::Handshaken>),
}

impl Pool {
    pub(super) fn new(dialer: Dialer, config: &TransportConfig, planted: Planted) -> Self {
        let idle_per_origin_max = match config.reuse {
            Reuse::Pooled => config.idle_connections_per_origin_max,
            Reuse::Once => 0,
        };
        Self {
            dialer: RefCell::new(Rc::new(dialer)),
            limits: PoolLimits {
                idle_per_origin_max,
                idle_max: config.idle_connections_max,
                idle_timeout: config.idle_connection_timeout,
                per_origin_max: config.connections_per_origin_max,
            },
            head_limits: HeadLimits { head_bytes_max: config.head_bytes_max },
            http2: http2::Settings::of(config, planted),
            buckets: RefCell::default(),
            idle_count: Cell::new(0),
            generation: Cell::new(0),
            keeper: RefCell::new(Keeper::NotStarted),
            planted,
        }
    }

    /// Whether `bug` is planted.
    pub(super) fn has(&self, bug: Bug) -> bool {
        self.planted.has(bug)
    }

    /// A connection to `origin`: one that many may use, else one that idles, else the first to come of a new one and one that is given
    /// back.
    ///
    /// # Errors
    /// The new one could not be made.
    pub(super) async fn lease(self: &Rc<Self>, origin: &Origin) -> Result<Leased, SendCause> {
        match self.at_hand(origin) {
            Some(leased) => Ok(leased),
            // Boxed: it is large, and seldom needed.
            None => Box::pin(self.wait_for(origin)).await,
        }
    }

    async fn wait_for(self: &Rc<Self>, origin: &Origin) -> Result<Leased, SendCause> {
        loop {
            match self.queue(origin).await {
                Ok(Some(leased)) => return Ok(leased),
                Ok(None) => {}
                Err(error) => return self.share(origin).map(Leased::Http2).ok_or(error),
            }
            if let Some(leased) = self.at_hand(origin) {
                return Ok(leased);
            }
        }
    }

    /// Gives a connection back: to a request that waits, else to those that idle, else to nobody.
    ///
    /// Go: `net/http/transport.go` `Transport.tryPutIdleConn`.
    pub(super) fn put(self: &Rc<Self>, mut connection: Box<Http1>) {
        let is_old = connection.seat().generation() != self.generation.get();
        if is_old || self.limits.idle_per_origin_max == 0 {
            return connection.close();
        }
        self.start_keeper();
        // From here on the keeper is woken when the backend says something or leaves.
        if let Poll::Ready(death) = connection.poll_death(&mut Context::from_waker(&self.keeper_waker())) {
            return bury(connection, &death);
        }
        let origin = Rc::clone(connection.seat().origin());
        let kept = self.with_bucket(&origin, |bucket| bucket.put(connection, self.limits.idle_per_origin_max));
        // Behind the loan of the bucket: a connection that is closed asks for it, as does a right to dial that is displaced.
        match kept {
            Put::Idle => self.idle_count.set(self.idle_count.get() + 1),
            Put::ToWaiter(waiter, connection) => return waiter.give(Given::Connection(connection, Reused(()))),
            Put::Refused(connection) => return connection.close(),
        }
        if self.idle_count.get() > self.limits.idle_max
            && let Some(oldest) = self.take_oldest()
        {
            oldest.close();
        }
        self.arm_keeper();
    }

    /// From now on connections are made by `dialer`; those made before it serve their requests to the end and are not used again.
    pub(super) fn renew(&self, dialer: Dialer) {
        *self.dialer.borrow_mut() = Rc::new(dialer);
        self.generation.set(self.generation.get() + 1);
        self.close_idle(|_| true);
        for bucket in self.buckets.borrow().values() {
            bucket.shared.iter().for_each(http2::Connection::retire);
        }
    }

    /// How many connections idle.
    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.idle_count.get()
    }

    /// Whether nothing is known of any origin.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.borrow().is_empty()
    }

    /// A place on a connection of HTTP/2, else the connection that was given back last and still lives.
    fn at_hand(&self, origin: &Origin) -> Option<Leased> {
        loop {
            let mut idle = {
                let mut buckets = self.buckets.borrow_mut();
                let bucket = buckets.get_mut(origin)?;
                if let Some(lease) = bucket.share_spread(self.generation.get(), self.spread_connections()) {
                    return Some(Leased::Http2(lease));
                }
                bucket.idle.pop_back()?
            };
            self.idle_count.set(self.idle_count.get() - 1);
            if idle.since.elapsed() >= self.limits.idle_timeout {
                idle.connection.close();
                continue;
            }
            match idle.connection.poll_death(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => {
                    return Some(Leased::Http1(Lease { connection: idle.connection, reused: Some(Reused(())) }));
                }
                Poll::Ready(death) => bury(idle.connection, &death),
            }
        }
    }

    fn take_oldest(&self) -> Option<Box<Http1>> {
        let mut buckets = self.buckets.borrow_mut();
        let oldest = buckets
            .values_mut()
            .filter(|bucket| !bucket.idle.is_empty())
            .min_by_key(|bucket| bucket.idle.front().map(|idle| idle.since))?;
        self.idle_count.set(self.idle_count.get() - 1);
        oldest.idle.pop_front().map(|idle| idle.connection)
    }

    /// Closes those idle connections of which `unwanted` says so.
    fn close_idle(&self, unwanted: impl Fn(&Idle) -> bool) {
        let mut closed = Vec::new();
        for bucket in self.buckets.borrow_mut().values_mut() {
            let mut at = 0;
            while let Some(idle) = bucket.idle.get(at) {
                if unwanted(idle) {
                    closed.extend(bucket.idle.remove(at));
                } else {
                    at += 1;
                }
            }
        }
        self.idle_count.set(self.idle_count.get() - closed.len());
        // Only now: a connection that is dropped asks for its bucket.
        closed.into_iter().for_each(|idle| idle.connection.close());
    }

    /// A dial that begins when it is first polled.
    fn dial(&self, seat: Seat) -> Dialling {
        let dialer = Rc::clone(&self.dialer.borrow());
        let origin = Rc::clone(seat.origin());
        let made = async move {
            let channel = dialer.dial(Rc::clone(&origin)).await?;
            match http2::is_spoken(&channel, &origin)? {
                true => Ok(Made::Http2(Box::new(http2::Handshaken::over(channel)))),
                false => Ok(Made::Http1(channel)),
            }
        };
        Dialling { made: Box::pin(made), seat }
    }

    fn connection(&self, channel: Channel, seat: Seat) -> Box<Http1> {
        Http1::new(channel, self.head_limits, seat)
    }

    /// The bucket of an origin; made if there is none.
    fn with_bucket<T>(&self, origin: &Rc<Origin>, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.borrow_mut();
        match buckets.get_mut(origin) {
            Some(bucket) => work(bucket),
            None => work(buckets.entry(Rc::clone(origin)).or_default()),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Keeper::Started { waker, .. } = &*self.keeper.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// Closes a connection that has died while it idled, and says why if somebody should know.
fn bury(connection: Box<Http1>, death: &Death) {
    match death {
        Death::Ended => {}
        Death::Failed(error) => tracing::debug!(%error, "idle connection failed"),
        Death::Unsolicited(bytes) => {
            tracing::warn!(
                origin = %connection.seat().origin().host,
                starts = %bytes.escape_ascii(),
                "unsolicited response on an idle connection"
            );
        }
    }
    connection.close();
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("limits", &self.limits).field("idle", &self.idle_count).finish_non_exhaustive()
    }
}
