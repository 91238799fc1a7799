use bytes::BytesMut;
use tokio::time::Instant;

use super::{Connection, Role};
use crate::wire::http2::{
    Code, Why,
    frame::{Fault, write_goaway, write_reset},
};

/// Why a stream broke off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The peer has reset it.
    Reset(Code),
    /// We have reset it, since the peer broke the rules, or nobody wanted it any more.
    Refused(Code, Why),
    /// GOAWAY says that the peer has not begun with it.
    GoAway(Code),
    /// Its connection is over.
    Lost,
}

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// The peer broke the rules, and was told so by GOAWAY.
    Fault(Code, Why),
    /// It is no HTTP/2: nothing is said.
    NoPreface,
    /// The socket has ended or failed, or nobody drives it any more.
    Gone,
}

impl Connection {
    /// Something is wrong with the last frame, which was one of this stream.
    pub(super) fn fault(&mut self, at: u32, fault: Fault, now: Instant) {
        match fault {
            Fault::Stream(stream, code, why) => {
                tracing::debug!(stream, %code, %why, "HTTP/2 stream error");
                let is_wasted = code != Code::STREAM_CLOSED || self.is_unanswered(stream);
                self.reset_as(stream, code, why);
                if self.role == Role::Server
                    && is_wasted
                    && let Err(Fault::Connection(code, why)) = self.calm.wasted_stream(now)
                {
                    self.fail(at, code, why);
                }
            }
            Fault::Connection(code, why) => self.fail(at, code, why),
        }
    }

    /// Whether a request is known that has no answer yet.
    fn is_unanswered(&mut self, id: u32) -> bool {
        self.streams.get_mut(id).is_some_and(|stream| !stream.is_closed() && !stream.sending.is_past_head)
    }

    /// GOAWAY is the last that is said. A server's streams stay until its driver ends the connection. Go: `serverConn.goAway`.
    fn fail(&mut self, at: u32, code: Code, why: Why) {
        tracing::debug!(%code, %why, "HTTP/2 connection error");
        // Go counts a stream as seen if the frame that broke the connection was one of it.
        let last = match self.role {
            Role::Server => self.last_stream.max(at),
            Role::Client => 0,
        };
        write_goaway(self.output.frames(), last, code);
        self.output.close();
        self.over = Some(Over::Fault(code, why));
        self.input = BytesMut::new();
        self.line.clear();
        self.forget_waiting();
        match self.role {
            Role::Server => self.wake_driver(),
            Role::Client => self.end(Over::Gone),
        }
    }

    /// The connection is over: every stream breaks off. What waits to be written may still be written.
    pub fn end(&mut self, over: Over) {
        self.over.get_or_insert(over);
        self.input = BytesMut::new();
        self.line.clear();
        self.forget_requests();
        let mut released = Vec::new();
        for stream in self.streams.iter_mut() {
            stream.break_off(StreamError::Lost);
            if stream.is_released {
                released.push(stream.id);
            }
        }
        for id in released {
            self.streams.remove(id);
        }
        self.wake_driver();
    }

    /// Why it is over.
    pub fn over(&self) -> Option<&Over> {
        self.over.as_ref()
    }

    /// Resets a stream, whether it is known or not.
    pub(super) fn reset_as(&mut self, id: u32, code: Code, why: Why) {
        write_reset(self.output.frames(), id, code);
        self.break_off(id, StreamError::Refused(code, why));
        self.streams.was_reset(id);
        self.wake_driver();
    }

    /// A stream breaks off: what was not read of it counts as read.
    pub(super) fn break_off(&mut self, id: u32, why: StreamError) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.break_off(why);
        let unread = std::mem::take(&mut stream.receiving.unread_bytes);
        let is_released = stream.is_released;
        self.give_back(unread);
        if is_released {
            self.streams.remove(id);
        }
    }
}
