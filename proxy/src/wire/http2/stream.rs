use std::{collections::VecDeque, task::Waker};

use bytes::{Bytes, BytesMut};

use super::{
    Code,
    connection::StreamError,
    flow::{Inflow, Outflow},
};
use crate::wire::{body::Length, headers::Headers, message::ResponseHead, trailers::Announced};

/// One stream: what came on it and was not read, what is to be sent on it and was not sent.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) id: u32,
    pub(super) receiving: Receiving,
    pub(super) sending: Sending,
    /// Why it broke off. Nothing comes or goes any more.
    pub(super) broken: Option<StreamError>,
    /// Whoever held it is gone.
    pub(super) is_released: bool,
}

/// What comes.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) state: ReceivingState,
    pub(super) window: Inflow,
    pub(super) unread: VecDeque<Bytes>,
    pub(super) unread_bytes: u32,
    /// What is left of the declared length.
    pub(super) left: Option<u64>,
    /// Behind the unread bytes.
    pub(super) trailers: Option<Headers>,
    /// Nobody reads it: what comes is forgotten.
    pub(super) is_unwanted: bool,
    /// Heads of answers that were not read yet.
    pub(super) heads: VecDeque<(ResponseHead, Length)>,
    /// What the 1xx heads among them may still have.
    pub(super) informational_bytes_left: usize,
    /// The final head has come.
    pub(super) is_past_head: bool,
    /// No body may come.
    pub(super) is_head_only: bool,
    /// The trailers that a request has announced.
    pub(super) announced: Announced,
    pub(super) waker: Option<Waker>,
}

/// How far a peer's side of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceivingState {
    /// There is more.
    Open,
    /// It ended.
    Ended,
    /// It ended before its declared length: that is an error for the reader alone.
    EndedShort,
}

/// What goes.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) window: Outflow,
    pub(super) waiting: VecDeque<Bytes>,
    pub(super) waiting_bytes: usize,
    /// What follows the bytes that wait.
    pub(super) ending: Option<Ending>,
    /// A head is out, be it one of 1xx.
    pub(super) has_begun: bool,
    /// The final head is out.
    pub(super) is_past_head: bool,
    /// END_STREAM is out.
    pub(super) is_ended: bool,
    /// Behind it the stream is reset with this.
    pub(super) reset_behind: Option<Code>,
    /// It stands in the line of those that have something to send.
    pub(super) is_in_line: bool,
    pub(super) informational_bytes_left: usize,
    pub(super) waker: Option<Waker>,
}

/// How our side of a stream ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// With the last byte.
    Clean,
    /// With these fields.
    Trailers(Headers),
}

impl Receiving {
    /// Adds bytes. Small ones are put together: a peer that sends them one by one is not to make us hold more than it has sent.
    pub(super) fn add(&mut self, bytes: Bytes) {
        self.unread_bytes += bytes.len() as u32;
        if bytes.len() < SMALL_BYTES
            && let Some(last) = self.unread.pop_back_if(|last| last.len() < SMALL_BYTES)
        {
            let mut joined = last.try_into_mut().unwrap_or_else(|last| {
                let mut copy = BytesMut::with_capacity(2 * SMALL_BYTES);
                copy.extend_from_slice(&last);
                copy
            });
            joined.extend_from_slice(&bytes);
            self.unread.push_back(joined.freeze());
        } else {
            self.unread.push_back(bytes);
        }
    }
}

impl Sending {
    /// The length of the piece that goes next, 0 if none waits.
    fn next_bytes(&self) -> usize {
        self.waiting.front().map_or(0, Bytes::len)
    }
}

impl Stream {
    pub(super) fn new(id: u32, inflow: Inflow, outflow: Outflow, informational_bytes_max: usize) -> Self {
        Self {
            id,
            receiving: Receiving {
                state: ReceivingState::Open,
                window: inflow,
                unread: VecDeque::new(),
                unread_bytes: 0,
                left: None,
                trailers: None,
                is_unwanted: false,
                heads: VecDeque::new(),
                informational_bytes_left: informational_bytes_max,
                is_past_head: false,
                is_head_only: false,
                announced: Announced::new(),
                waker: None,
            },
            sending: Sending {
                window: outflow,
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                ending: None,
                has_begun: false,
                is_past_head: false,
                is_ended: false,
                reset_behind: None,
                is_in_line: false,
                informational_bytes_left: informational_bytes_max,
                waker: None,
            },
            broken: None,
            is_released: false,
        }
    }

    /// Whether both sides have ended, or it broke off: for the peer it is closed.
    pub(super) fn is_closed(&self) -> bool {
        self.broken.is_some() || (self.sending.is_ended && self.receiving.state != ReceivingState::Open)
    }

    /// How it was closed, if it is.
    pub(super) fn closed(&self) -> Closed {
        match &self.broken {
            Some(StreamError::Refused(..)) => Closed::ByUs,
            _ => Closed::ByThePeer,
        }
    }

    /// Whether it has something to send, and a window for it.
    pub(super) fn can_send(&self) -> bool {
        let Sending { waiting_bytes, window, ending, is_ended, .. } = &self.sending;
        let has_bytes = window.room(self.sending.next_bytes()) > 0;
        self.broken.is_none() && !is_ended && (has_bytes || (*waiting_bytes == 0 && ending.is_some()))
    }

    /// Whether its window is too small to be used.
    pub(super) fn is_held_back(&self) -> bool {
        self.broken.is_none() && self.sending.window.holds_back(self.sending.next_bytes())
    }

    /// It breaks off. What came may still be read; what waits is not sent.
    pub(super) fn break_off(&mut self, why: StreamError) {
        self.broken.get_or_insert(why);
        self.sending.waiting.clear();
        self.sending.waiting_bytes = 0;
        self.sending.ending = None;
        self.wake_reader();
        self.wake_writer();
    }

    pub(super) fn wake_reader(&mut self) {
        if let Some(waker) = self.receiving.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn wake_writer(&mut self) {
        if let Some(waker) = self.sending.waker.take() {
            waker.wake();
        }
    }
}

/// How a stream was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// We have reset it: frames that were on their way are nobody's fault.
    ByUs,
    /// Both sides ended it, or the peer has reset it.
    ByThePeer,
}

/// The streams of a connection, by number. Numbers only grow, so that a new stream is always the last.
#[derive(Debug, Default)]
pub(super) struct Streams {
    #[expect(clippy::vec_box, reason = "a stream that ends moves those behind it: pointers, not whole streams")]
    sorted: Vec<Box<Stream>>,
    /// Those that were closed last.
    closed: VecDeque<(u32, Closed)>,
}

impl Streams {
    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Stream> {
        let at = self.place(id)?;
        Some(&mut self.sorted[at])
    }

    /// Adds the stream with the highest number.
    pub(super) fn add(&mut self, stream: Stream) -> &mut Stream {
        self.sorted.push(Box::new(stream));
        let last = self.sorted.len() - 1;
        &mut self.sorted[last]
    }

    pub(super) fn remove(&mut self, id: u32) {
        if let Some(at) = self.place(id) {
            let stream = self.sorted.remove(at);
            self.keep_closed(id, stream.closed());
        }
    }

    /// A stream that was never there, or is not any more, was reset by us.
    pub(super) fn was_reset(&mut self, id: u32) {
        if self.place(id).is_none() && self.closed(id) != Some(Closed::ByUs) {
            self.closed.retain(|closed| closed.0 != id);
            self.keep_closed(id, Closed::ByUs);
        }
    }

    fn keep_closed(&mut self, id: u32, how: Closed) {
        if self.closed.len() == CLOSED_KEPT {
            self.closed.pop_front();
        }
        self.closed.push_back((id, how));
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.sorted.iter_mut().map(|stream| &mut **stream)
    }

    /// How many the peer sees.
    pub(super) fn open(&self) -> usize {
        self.sorted.iter().filter(|stream| !stream.is_closed()).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// How a stream was closed, if it is not long ago.
    pub(super) fn closed(&self, id: u32) -> Option<Closed> {
        self.closed.iter().find(|closed| closed.0 == id).map(|closed| closed.1)
    }

    /// The memory goes back while there is no stream.
    pub(super) fn release_buffers(&mut self) {
        if self.sorted.is_empty() {
            self.sorted = Vec::new();
            self.closed = VecDeque::new();
        }
    }

    fn place(&self, id: u32) -> Option<usize> {
        match self.sorted.last() {
            Some(last) if last.id == id => Some(self.sorted.len() - 1),
            _ => self.sorted.binary_search_by_key(&id, |stream| stream.id).ok(),
        }
    }
}

/// Smaller pieces of bodies are copied together.
const SMALL_BYTES: usize = 1 << 10;
/// A frame that comes behind the end of one of the last streams is told from one on a stream that never was.
const CLOSED_KEPT: usize = 32;
