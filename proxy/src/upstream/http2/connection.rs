use std::{
    cell::Cell,
    fmt,
    rc::{Rc, Weak},
};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::{sync::Notify, time::Instant};

use super::{Settings, driver::Driver, fault::Told, watched::Watched};
use crate::{
    upstream::{
        Origin, SendCause,
        pool::{Pool, Seat},
    },
    wire::{Channel, SharedChannel},
};

/// A channel on which HTTP/2 was begun, and nothing was sent yet.
pub(in crate::upstream) struct Handshaken {
    send: SendRequest<Bytes>,
    frames: h2::client::Connection<Watched, Bytes>,
    channel: SharedChannel,
    heard: Rc<Cell<Instant>>,
}

/// A connection to a backend that carries many requests. A task of its own drives its frames.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Connection(Rc<Inner>);

struct Inner {
    send: SendRequest<Bytes>,
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
    /// Speaks HTTP/2 over a channel, from now on.
    ///
    /// # Errors
    /// The channel failed.
    pub(in crate::upstream) async fn over(channel: Channel, settings: &Settings) -> Result<Self, SendCause> {
        let channel = SharedChannel::new(channel);
        let heard = Rc::new(Cell::new(Instant::now()));
        let watched = Watched { channel: channel.clone(), heard: Rc::clone(&heard) };
        match settings.builder().handshake(watched).await {
            Ok((send, frames)) => Ok(Self { send, frames, channel, heard }),
            Err(error) => Err(SendCause::Http2(Told::by(error, 0, false).fault)),
        }
    }

    /// A connection that may be used. The seat is given back when it has ended.
    pub(in crate::upstream) fn start(self: Box<Self>, settings: &Settings, seat: Seat) -> Connection {
        let Self { send, frames, channel, heard } = *self;
        let life = Rc::new(Life::new(&seat));
        let generation = seat.generation();
        let open = send.clone();
        let driver = Driver { life: Rc::clone(&life), channel, heard, settings: settings.clone(), seat, open };
        tokio::task::spawn_local(driver.drive(frames));
        Connection(Rc::new(Inner { send, life, streams_max: settings.http2.streams_max, generation }))
    }
}

impl Connection {
    /// A place for a request, if there is one.
    pub(super) fn enter(&self) -> Option<Place> {
        let Inner { send, life, streams_max, .. } = &*self.0;
        let room = send.current_max_send_streams().min(*streams_max);
        if life.retired.get() || life.active.get() >= room {
            return None;
        }
        life.active.set(life.active.get() + 1);
        life.changed.notify_one();
        Some(Place(Rc::clone(life)))
    }

    /// Where requests are handed to the frames.
    pub(super) fn sender(&self) -> SendRequest<Bytes> {
        self.0.send.clone()
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
    fn new(seat: &Seat) -> Self {
        Self {
            active: Cell::new(0),
            retired: Cell::new(false),
            lost: Cell::new(false),
            changed: Notify::new(),
            pool: seat.pool().map(|pool| Rc::downgrade(&pool)).unwrap_or_default(),
            origin: Rc::clone(seat.origin()),
        }
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

    /// Waits until requests came or went.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
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
