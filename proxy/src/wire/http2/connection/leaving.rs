use bytes::Bytes;

use super::{Connection, Role, STREAM_MAX};
use crate::wire::http2::{
    Code,
    frame::{write_goaway, write_ping},
};

/// What a peer's GOAWAY says. Of several the last stream is that of the last one, the rest that of the first one that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoAway {
    /// The last stream that it may have begun with.
    pub last: u32,
    /// Why it goes.
    pub code: Code,
    /// The beginning of what it says for people.
    pub debug: Bytes,
}

impl Connection {
    /// Asks the peer whether it lives. If a question is under way already, its answer counts.
    pub fn ask(&mut self) {
        if self.ping.is_none() {
            self.pings_sent += 1;
            let payload = self.pings_sent.to_be_bytes();
            self.ping = Some(payload);
            write_ping(self.output.frames(), payload, false);
            self.wake_driver();
        }
    }

    /// Whether a question waits for its answer.
    pub fn is_asking(&self) -> bool {
        self.ping.is_some()
    }

    /// The peer's GOAWAY.
    pub fn goaway_received(&self) -> Option<&GoAway> {
        self.goaway_received.as_ref()
    }

    /// Says that no further stream is wanted, but takes those that are on their way. RFC 9113 section 6.8.
    pub fn leave(&mut self) {
        if self.goaway_sent.is_none() && self.over.is_none() {
            self.goaway_sent = Some(STREAM_MAX);
            write_goaway(self.output.frames(), STREAM_MAX, Code::NO_ERROR);
            self.ask();
            self.wake_driver();
        }
    }

    /// Says which stream was the last: later ones are not looked at.
    pub fn leave_now(&mut self) {
        if self.goaway_sent.is_none_or(|last| last == STREAM_MAX) && self.over.is_none() {
            let last = if self.role == Role::Server { self.last_stream } else { 0 };
            self.goaway_sent = Some(last);
            write_goaway(self.output.frames(), last, Code::NO_ERROR);
            self.wake_driver();
        }
    }

    /// Whether the peer knows that it is to send no further stream.
    pub fn is_leaving(&self) -> bool {
        self.goaway_sent.is_some()
    }

    /// Whether the peer knows which stream was the last.
    pub fn has_left(&self) -> bool {
        self.goaway_sent.is_some_and(|last| last != STREAM_MAX)
    }
}
