//! One connection, without its socket: bytes in, requests or answers out; heads and bodies in, bytes out. Both roles.
//!
//! Whoever holds the socket drives it: reads into `input`, calls `take_in`, writes `slices`. Streams are driven by whoever holds them, on
//! the same worker; they wake the driver when there is something to write.
//!
//! RFC 9113. Go: `net/http/h2_bundle.go` `serverConn`, `ClientConn`.

mod bounds;
mod client;
mod control;
mod ending;
mod greeting;
mod leaving;
mod pressure;
mod receiving;
mod sending;
mod server;

use std::{collections::VecDeque, io::IoSlice, task::Waker};

use bytes::BytesMut;
use tokio::time::Instant;

pub use self::{
    bounds::{Bounds, Role, Tunnels},
    client::AnswerBody,
    ending::{Over, StreamError},
    leaving::GoAway,
    server::Asked,
};
use self::{control::Peer, pressure::Pressure, receiving::Payload};
pub(in crate::wire::http2) use self::{receiving::Received, sending::HeadKind};
use super::{
    block::BlockReader,
    calm::Calm,
    flow::{Inflow, Outflow, WINDOW_DEFAULT},
    frame::{Fault, Frame, FrameReader},
    hpack::Encoder,
    output::Output,
    stream::{Stream, Streams},
};

/// One connection.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    bounds: Bounds,
    input: BytesMut,
    is_behind: bool,
    frames: FrameReader,
    blocks: BlockReader,
    encoder: Encoder,
    output: Output,
    streams: Streams,
    /// Streams that have something to send, in the order of their turns.
    line: VecDeque<u32>,
    inflow: Inflow,
    outflow: Outflow,
    pressure: Pressure,
    /// What the peer has told of itself.
    peer: Peer,
    /// There are windows that are too small to be used.
    is_held_back: bool,
    /// DATA that is under way.
    payload: Option<Payload>,
    /// Whether the preface of the client has come.
    is_begun: bool,
    unacknowledged_settings: u32,
    /// The highest stream that was opened: by the peer of a server, by a client itself.
    last_stream: u32,
    /// What the GOAWAY that we sent says of it.
    goaway_sent: Option<u32>,
    /// What the peer's GOAWAY says.
    goaway_received: Option<GoAway>,
    /// PING that waits for its answer.
    ping: Option<[u8; 8]>,
    pings_sent: u64,
    over: Option<Over>,
    calm: Calm,
    server: server::Requests,
    driver: Option<Waker>,
    is_driver_told: bool,
    written_bytes: u64,
}

impl Connection {
    /// A connection on which nothing was said yet. What we say first waits to be written.
    pub fn new(role: Role, bounds: Bounds) -> Self {
        let mut connection = Self {
            role,
            bounds,
            input: BytesMut::new(),
            is_behind: false,
            frames: FrameReader::new(bounds.frame_bytes_max as usize),
            blocks: BlockReader::new(bounds.header_list_bytes_max as usize),
            encoder: Encoder::new(),
            output: Output::default(),
            streams: Streams::default(),
            line: VecDeque::new(),
            inflow: Inflow::new(WINDOW_DEFAULT),
            outflow: Outflow::new(WINDOW_DEFAULT),
            pressure: Pressure::None,
            peer: Peer::new(bounds.streams_max),
            is_held_back: false,
            payload: None,
            is_begun: role == Role::Client,
            unacknowledged_settings: 1,
            last_stream: 0,
            goaway_sent: None,
            goaway_received: None,
            ping: None,
            pings_sent: 0,
            over: None,
            calm: Calm::new(bounds.wasted_streams_max, bounds.crumbs_max),
            server: server::Requests::default(),
            driver: None,
            is_driver_told: false,
            written_bytes: 0,
        };
        connection.say_hello();
        connection
    }

    /// Where the driver puts bytes that came.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Whether bytes of a body come next.
    pub fn is_within_data(&self) -> bool {
        self.frames.is_within_data()
    }

    /// Reads what has come, as far as what it asks for has room in the output.
    pub fn take_in(&mut self, now: Instant) {
        if !self.is_begun && !self.read_preface() {
            return;
        }
        self.is_behind = false;
        while self.over.is_none() {
            if !self.has_room() {
                self.is_behind = true;
                break;
            }
            let (stream, done) = match self.frames.next(&mut self.input, self.blocks.fragment_bytes_max()) {
                Ok(None) => break,
                Ok(Some(frame)) => (stream_of(&frame), self.take_frame(frame, now)),
                Err(fault) => (0, Err(fault)),
            };
            if let Err(fault) = done {
                self.fault(stream, fault, now);
            }
        }
        self.fill();
    }

    /// Whether frames that have come were left unread, since there was no room.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Whether more frames may be read: each may make one that has to be written.
    pub fn has_room(&self) -> bool {
        self.output.len() < OUTPUT_FULL_BYTES
    }

    fn take_frame(&mut self, frame: Frame, now: Instant) -> Result<(), Fault> {
        if !self.peer.is_known && !matches!(frame, Frame::Settings(_) | Frame::SettingsAck) {
            return Err(Fault::protocol("the first frame is not SETTINGS"));
        }
        match frame {
            Frame::Data { stream, counted, bytes, ends_stream } => {
                self.take_data(stream, Payload { counted, left: bytes, ends_stream, stream: None }, now)
            }
            Frame::Payload(bytes) => {
                self.take_payload(bytes);
                Ok(())
            }
            Frame::Headers { .. } | Frame::Continuation { .. } | Frame::TooLong { .. } => {
                self.take_fragment(frame, now)
            }
            Frame::Reset { stream, code } => self.take_reset(stream, code, now),
            Frame::WindowUpdate { stream, increment } => {
                self.calm.update(now)?;
                self.take_window(stream, increment)
            }
            // Each was asked for: there is never one more.
            Frame::SettingsAck => self.take_settings_ack(),
            _ => {
                self.calm.idle_frame(now)?;
                self.take_control(frame)
            }
        }
    }

    /// Who drives the connection: it is woken when there is something to write.
    pub fn attend(&mut self, driver: &Waker) {
        self.is_driver_told = false;
        match &self.driver {
            Some(known) if known.will_wake(driver) => {}
            _ => self.driver = Some(driver.clone()),
        }
    }

    fn wake_driver(&mut self) {
        if !std::mem::replace(&mut self.is_driver_told, true)
            && let Some(driver) = &self.driver
        {
            driver.wake_by_ref();
        }
    }

    /// Whether something waits to be written.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// What is to be written next; gives how many slices there are.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.output.slices(slices)
    }

    /// So many bytes were written. There may be room for more now.
    pub fn written(&mut self, bytes: usize) {
        self.output.advance(bytes);
        self.written_bytes += bytes as u64;
        self.fill();
    }

    /// How many bytes were written since the connection began.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Whether nobody holds a stream, and nothing is left to be sent on any.
    pub fn is_idle(&self) -> bool {
        self.streams.is_empty()
    }

    /// Whether there was a stream.
    pub fn has_had_streams(&self) -> bool {
        self.last_stream > 0
    }

    /// Memory goes back while the connection idles.
    pub fn release_buffers(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
        if self.streams.is_empty() {
            self.output.release_buffers();
            self.streams.release_buffers();
            self.blocks.release_buffers();
            self.line = VecDeque::new();
        }
    }

    /// A new stream, with the windows of the moment.
    fn open(&mut self, id: u32) -> &mut Stream {
        let inflow = Inflow::new(self.bounds.stream_window_bytes);
        let outflow = Outflow::new(self.peer.stream_window_bytes);
        self.streams.add(Stream::new(id, inflow, outflow, self.bounds.informational_bytes_max))
    }
}

/// What a frame is one of, 0 for those of the connection.
fn stream_of(frame: &Frame) -> u32 {
    match frame {
        Frame::Data { stream, .. }
        | Frame::Headers { stream, .. }
        | Frame::Continuation { stream, .. }
        | Frame::TooLong { stream }
        | Frame::Priority { stream, .. }
        | Frame::Reset { stream, .. }
        | Frame::WindowUpdate { stream, .. } => *stream,
        _ => 0,
    }
}

/// The highest number a stream can have.
pub(super) const STREAM_MAX: u32 = (1 << 31) - 1;
/// While so much waits to be written, nothing is read that may make more: a peer that reads none of our answers can ask us to hold no more.
const OUTPUT_FULL_BYTES: usize = 256 << 10;
/// Bodies stop here: frames that matter more do not wait long behind them.
const OUTPUT_BYTES: usize = 32 << 10;
/// The most of a body in one frame, whatever the peer would take: others get their turn, and one record of TLS holds it.
const DATA_BYTES_MAX: usize = 16 << 10;
