use std::{cell::Cell, fmt, rc::Rc};

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::{sync::Notify, time::Instant};

use super::{Http2Settings, driver::Driver, fault::Told, watched::Watched};
use crate::{
    upstream::SendCause,
    wire::{Channel, SharedChannel},
};

/// A connection to a backend that carries many requests. A task of its own drives its frames.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct Connection(Rc<Inner>);

struct Inner {
    send: SendRequest<Bytes>,
    life: Rc<Life>,
    streams_max: usize,
}

/// What a connection, its requests and its driver know of it.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// Requests under way.
    active: Cell<usize>,
    /// No further request may use it.
    retired: Cell<bool>,
    /// It was given up since nothing answered.
    lost: Cell<bool>,
    /// Requests came or went.
    changed: Notify,
}

/// A request's place on a connection; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place(Rc<Life>);

impl Connection {
    /// Speaks HTTP/2 over a channel, from now on.
    ///
    /// # Errors
    /// The channel failed.
    pub(in crate::upstream) async fn start(channel: Channel, settings: &Http2Settings) -> Result<Self, SendCause> {
        let channel = SharedChannel::new(channel);
        let heard = Rc::new(Cell::new(Instant::now()));
        let watched = Watched { channel: channel.clone(), heard: Rc::clone(&heard) };
        let shaken = builder(settings).handshake(watched).await;
        let (send, frames) = shaken.map_err(|error| SendCause::Http2(Told::by(error, 0, false).fault))?;
        let life = Rc::new(Life::default());
        let driver = Driver { life: Rc::clone(&life), channel, heard, settings: settings.clone() };
        tokio::task::spawn_local(driver.drive(frames));
        Ok(Self(Rc::new(Inner { send, life, streams_max: settings.streams_max })))
    }

    /// A place for a request, if there is one.
    pub(super) fn enter(&self) -> Option<Place> {
        let Inner { send, life, streams_max } = &*self.0;
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
}

impl Life {
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
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("life", &self.life).finish_non_exhaustive()
    }
}

fn builder(settings: &Http2Settings) -> h2::client::Builder {
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(settings.stream_window_bytes)
        .initial_connection_window_size(settings.connection_window_bytes)
        .max_frame_size(settings.frame_bytes_max)
        .max_header_list_size(settings.header_list_bytes_max)
        .max_send_buffer_size(settings.send_buffer_bytes_max)
        .initial_max_send_streams(settings.streams_max);
    builder
}
