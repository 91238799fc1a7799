use std::{
    cell::{Cell, RefCell},
    fmt, io,
    rc::{Rc, Weak},
};

use tokio::sync::Notify;

use super::{Settings, driver::Driver};
use crate::{
    upstream::{
        Ends, Origin,
        pool::{Pool, Seat},
    },
    wire::{
        Channel,
        http2::{self, Role, Shared},
    },
    world::{Bug, Planted},
};

/// A channel on which HTTP/2 is to be spoken, and on which nothing was sent yet.
pub(in crate::upstream) struct Handshaken(Channel);

/// A connection to a backend that carries many requests. A task of its own drives it.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Connection(Rc<Inner>);

struct Inner {
    frames: Shared,
    life: Rc<Life>,
    streams_max: usize,
    generation: u64,
}

/// What a connection, its requests and its driver know of it.
#[derive(Debug)]
pub(super) struct Life {
    /// Requests under way.
    active: Cell<usize>,
    /// No further request may use it.
    retired: Cell<bool>,
    /// It was given up since nothing answered.
    lost: Cell<bool>,
    ends: Ends,
    planted: Planted,
    /// Why its socket failed.
    failure: RefCell<Option<io::Error>>,
    /// Requests came or went.
    changed: Notify,
    /// Who is told when there is room for a request.
    pool: Weak<Pool>,
    origin: Rc<Origin>,
}

/// A request's place on a connection; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Rc<Life>);

impl Handshaken {
    /// HTTP/2 over a channel.
    pub(in crate::upstream) fn over(channel: Channel) -> Self {
        Self(channel)
    }

    /// A connection that may be used. The seat is given back when it has ended.
    pub(in crate::upstream) fn start(self, settings: &Settings, seat: Seat) -> Connection {
        let life = Rc::new(Life::new(&seat, Ends::of(self.0.stream()), settings.planted));
        let generation = seat.generation();
        let frames = Rc::new(RefCell::new(http2::Connection::new(Role::Client, settings.bounds())));
        let socket = http2::Driver::new(self.0, &frames);
        let driver = Driver { life: Rc::clone(&life), frames: Rc::clone(&frames), settings: settings.clone(), seat };
        tokio::task::spawn_local(driver.drive(socket));
        Connection(Rc::new(Inner { frames, life, streams_max: settings.http2.streams_max, generation }))
    }
}

impl Connection {
    /// A place for a request, if there is one.
    pub(super) fn enter(&self) -> Option<Place> {
        let Inner { frames, life, streams_max, .. } = &*self.0;
        let room = frames.borrow().streams_max().min(*streams_max);
        if life.retired.get() || life.active.get() >= room {
            return None;
        }
        life.active.set(life.active.get() + 1);
        life.changed.notify_one();
        Some(Place(Rc::clone(life)))
    }

    /// Where streams are opened.
    pub(super) fn frames(&self) -> &Shared {
        &self.0.frames
    }

    pub(super) fn life(&self) -> &Life {
        &self.0.life
    }

    /// Under which trust and credential it was made.
    pub(in crate::upstream) fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Requests under way.
    pub(in crate::upstream) fn active(&self) -> usize {
        self.0.life.active()
    }

    /// Whether no further request may use it.
    pub(in crate::upstream) fn is_retired(&self) -> bool {
        self.0.life.is_retired()
    }

    /// No further request is to use it. It ends when those under way have ended.
    pub(in crate::upstream) fn retire(&self) {
        self.0.life.retire();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.life.retire();
    }
}

impl Life {
    fn new(seat: &Seat, ends: Ends, planted: Planted) -> Self {
        Self {
            ends,
            planted,
            active: Cell::new(0),
            retired: Cell::new(false),
            lost: Cell::new(false),
            failure: RefCell::new(None),
            changed: Notify::new(),
            pool: seat.pool().map(|pool| Rc::downgrade(&pool)).unwrap_or_default(),
            origin: Rc::clone(seat.origin()),
        }
    }

    /// Whether a bug is planted in its world.
    pub(super) fn has(&self, bug: Bug) -> bool {
        self.planted.has(bug)
    }

    /// Requests under way.
    pub(super) fn active(&self) -> usize {
        self.active.get()
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.get()
    }

    /// No further request is to use the connection. It ends when those under way have ended.
    pub(super) fn retire(&self) {
        self.retired.set(true);
        self.changed.notify_one();
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.get()
    }

    /// Nothing answers.
    pub(super) fn lose(&self) {
        self.lost.set(true);
    }

    /// Its socket failed, perhaps.
    pub(super) fn failed(&self, error: Option<io::Error>) {
        self.failure.replace(error);
    }

    /// The ends of its socket.
    pub(super) fn ends(&self) -> Ends {
        self.ends
    }

    /// Why its socket failed. Every request on it may ask.
    pub(super) fn failure(&self) -> Option<io::Error> {
        let failure = self.failure.borrow();
        failure.as_ref().map(|error| match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        })
    }

    /// Waits until requests came or went.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}

impl Place {
    /// The backend finds fault with what we say: the connection takes no further request. Go: `ClientConn.SetDoNotReuse`.
    pub(super) fn retire(&self) {
        self.0.retire();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
        self.0.changed.notify_one();
        if let Some(pool) = self.0.pool.upgrade() {
            pool.tell_of_room(&self.0.origin);
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("life", &self.life).finish_non_exhaustive()
    }
}
