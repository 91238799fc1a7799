use bytes::Bytes;
use tokio::time::Instant;

use super::{Connection, GoAway, Role, STREAM_MAX, StreamError};
use crate::wire::http2::{
    Code,
    flow::{TooLarge, WINDOW_DEFAULT},
    frame::{Fault, Frame, Settings, setting, write_ping, write_settings_ack},
};

/// What the peer has told of itself.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its first SETTINGS have come.
    pub(super) is_known: bool,
    pub(super) frame_bytes_max: usize,
    pub(super) stream_window_bytes: u32,
    /// Streams at a time, of a server.
    pub(super) streams_max: u32,
    pub(super) header_list_bytes_max: u32,
}

impl Peer {
    /// RFC 9113 section 6.5.2.
    pub(super) fn new(streams_max: u32) -> Self {
        Self {
            is_known: false,
            frame_bytes_max: 16 << 10,
            stream_window_bytes: WINDOW_DEFAULT,
            streams_max,
            header_list_bytes_max: u32::MAX,
        }
    }
}

impl Connection {
    /// A frame of the connection, or one that says nothing of a message.
    pub(super) fn take_control(&mut self, frame: Frame) -> Result<(), Fault> {
        match frame {
            Frame::Settings(settings) => self.take_settings(&settings),
            Frame::Ping(payload) => {
                write_ping(self.output.frames(), payload, true);
                Ok(())
            }
            Frame::PingAck(payload) => {
                if self.ping == Some(payload) {
                    self.ping = None;
                    if self.goaway_sent == Some(STREAM_MAX) {
                        self.leave_now();
                    }
                }
                Ok(())
            }
            Frame::GoAway { last, code, debug } => {
                self.take_goaway(last, code, debug);
                Ok(())
            }
            // Priorities are read and not followed. RFC 9113 section 5.3.2.
            Frame::Priority { stream, depends_on } if stream == depends_on => Err(depends_on_itself(stream)),
            _ => Ok(()),
        }
    }

    /// The peer has read settings of ours.
    pub(super) fn take_settings_ack(&mut self) -> Result<(), Fault> {
        let left = self.unacknowledged_settings.checked_sub(1);
        self.unacknowledged_settings = left.ok_or(Fault::protocol("acknowledged settings that were never sent"))?;
        self.peer.is_known = true;
        self.settings_are_known();
        Ok(())
    }

    fn take_settings(&mut self, settings: &Settings) -> Result<(), Fault> {
        let mut told_streams = false;
        for (number, value) in settings {
            match *number {
                setting::HEADER_TABLE_SIZE => self.encoder.resize(*value),
                setting::MAX_CONCURRENT_STREAMS => {
                    told_streams = true;
                    self.peer.streams_max = *value;
                }
                setting::INITIAL_WINDOW_SIZE => self.resize_windows(*value)?,
                setting::MAX_FRAME_SIZE => self.peer.frame_bytes_max = *value as usize,
                setting::MAX_HEADER_LIST_SIZE => self.peer.header_list_bytes_max = *value,
                _ => {}
            }
        }
        if !self.peer.is_known && !told_streams {
            // Go: `defaultMaxConcurrentStreams`.
            self.peer.streams_max = STREAMS_OF_A_SILENT_SERVER;
        }
        self.peer.is_known = true;
        write_settings_ack(self.output.frames());
        Ok(())
    }

    fn resize_windows(&mut self, bytes: u32) -> Result<(), Fault> {
        let growth = i64::from(bytes) - i64::from(self.peer.stream_window_bytes);
        self.peer.stream_window_bytes = bytes;
        let mut is_held_back = false;
        for stream in self.streams.iter_mut() {
            stream
                .sending
                .window
                .add(growth)
                .map_err(|TooLarge| Fault::connection(Code::FLOW_CONTROL_ERROR, "a window grows too large"))?;
            stream.sending.window.begins_with(bytes);
            is_held_back |= stream.is_held_back();
            if stream.can_send() && !std::mem::replace(&mut stream.sending.is_in_line, true) {
                self.line.push_back(stream.id);
            }
        }
        if is_held_back {
            self.hold_back();
        }
        Ok(())
    }

    /// The peer has room for more.
    pub(super) fn take_window(&mut self, id: u32, increment: u32) -> Result<(), Fault> {
        if id == 0 {
            let added = self.outflow.add(i64::from(increment));
            return added.map_err(|TooLarge| Fault::connection(Code::FLOW_CONTROL_ERROR, "a window grows too large"));
        }
        if let Some(stream) = self.streams.get_mut(id) {
            let added = stream.sending.window.add(i64::from(increment));
            added.map_err(|TooLarge| Fault::stream(id, Code::FLOW_CONTROL_ERROR, "a window grows too large"))?;
            self.stand_in_line(id);
            return Ok(());
        }
        self.check_not_idle(id)
    }

    /// A stream is reset by the peer.
    pub(super) fn take_reset(&mut self, id: u32, code: Code, now: Instant) -> Result<(), Fault> {
        let Some(stream) = self.streams.get_mut(id).filter(|stream| !stream.is_closed()) else {
            self.calm.idle_frame(now)?;
            return self.check_not_idle(id);
        };
        let came_to_nothing = !stream.sending.is_past_head;
        self.break_off(id, StreamError::Reset(code));
        match (self.role, came_to_nothing) {
            (Role::Server, true) => self.calm.wasted_stream(now),
            _ => Ok(()),
        }
    }

    /// Nobody may say anything on a stream that was never opened. RFC 9113 section 5.1. Go's client does not ask.
    ///
    /// A client may have opened streams behind the last one that we take, and goes on with them until it knows. Section 6.8.
    pub(super) fn check_not_idle(&self, id: u32) -> Result<(), Fault> {
        let is_opened = id % 2 == 1 && id <= self.last_stream;
        let is_left_behind = self.role == Role::Server && self.goaway_sent.is_some_and(|last| id > last);
        if is_opened || is_left_behind { Ok(()) } else { Err(Fault::protocol("frame on an idle stream")) }
    }

    /// Go: `serverConn.processGoAway`, `ClientConn.setGoAway`.
    fn take_goaway(&mut self, last: u32, code: Code, debug: Bytes) {
        let before = self.goaway_received.take().unwrap_or(GoAway { last, code: Code::NO_ERROR, debug: Bytes::new() });
        let code = if before.code == Code::NO_ERROR { code } else { before.code };
        let debug = if before.debug.is_empty() { debug } else { before.debug };
        self.goaway_received = Some(GoAway { last, code, debug });
        match self.role {
            Role::Server => self.leave_now(),
            Role::Client => {
                let unseen: Vec<u32> =
                    self.streams.iter_mut().map(|stream| stream.id).filter(|stream| *stream > last).collect();
                for id in unseen {
                    self.break_off(id, StreamError::GoAway(code));
                }
            }
        }
    }
}

/// RFC 7540 section 5.3.1.
pub(super) const fn depends_on_itself(stream: u32) -> Fault {
    Fault::stream(stream, Code::PROTOCOL_ERROR, "a stream depends on itself")
}

/// Go: `net/http/h2_bundle.go` `defaultMaxConcurrentStreams`.
const STREAMS_OF_A_SILENT_SERVER: u32 = 1000;
