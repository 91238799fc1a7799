//! Frames: what they are, how they are read, how they are written.
//!
//! RFC 9113 sections 4 and 6. Go: `net/http/h2_bundle.go` `Framer`.

mod reader;
mod writer;

use bytes::Bytes;
use smallvec::SmallVec;

pub(super) use self::{
    reader::FrameReader,
    writer::{
        write_data_head, write_goaway, write_headers, write_ping, write_reset, write_settings, write_settings_ack,
        write_window_update,
    },
};
use super::{Code, Why};

/// A frame, or a piece of one, as the reader tells it. Padding is left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// DATA begins: so many bytes count against the windows, and so many of them come as `Payload`.
    Data {
        stream: u32,
        counted: u32,
        bytes: u32,
        ends_stream: bool,
    },
    /// A piece of the DATA that was begun, at least one byte.
    Payload(Bytes),
    /// HEADERS with the first fragment of a block. `depends_on` is what its priority names.
    Headers {
        stream: u32,
        fragment: Bytes,
        ends_block: bool,
        ends_stream: bool,
        depends_on: Option<u32>,
    },
    /// A further fragment.
    Continuation {
        stream: u32,
        fragment: Bytes,
        ends_block: bool,
    },
    /// A fragment that is longer than any that is wanted. The connection must end.
    TooLong {
        stream: u32,
    },
    Priority {
        stream: u32,
        depends_on: u32,
    },
    Reset {
        stream: u32,
        code: Code,
    },
    Settings(Settings),
    SettingsAck,
    Ping([u8; 8]),
    PingAck([u8; 8]),
    /// The beginning of what it says for people is kept.
    GoAway {
        last: u32,
        code: Code,
        debug: Bytes,
    },
    WindowUpdate {
        stream: u32,
        increment: u32,
    },
    /// A kind that nobody knows: it is skipped.
    Unknown,
}

/// Settings as they came: number and value.
pub(super) type Settings = SmallVec<[(u16, u32); 8]>;

/// What the peer did wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The stream is reset.
    Stream(u32, Code, Why),
    /// The connection ends.
    Connection(Code, Why),
}

impl Fault {
    /// The stream is reset.
    pub(super) const fn stream(stream: u32, code: Code, why: &'static str) -> Self {
        Self::Stream(stream, code, Why::Noted(why))
    }

    /// The connection ends.
    pub(super) const fn connection(code: Code, why: &'static str) -> Self {
        Self::Connection(code, Why::Noted(why))
    }

    /// The connection ends with PROTOCOL_ERROR.
    pub(super) const fn protocol(why: &'static str) -> Self {
        Self::connection(Code::PROTOCOL_ERROR, why)
    }
}

/// The numbers of settings. RFC 9113 section 6.5.2, RFC 8441 section 3.
pub(super) mod setting {
    pub(in crate::wire::http2) const HEADER_TABLE_SIZE: u16 = 1;
    pub(in crate::wire::http2) const ENABLE_PUSH: u16 = 2;
    pub(in crate::wire::http2) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(in crate::wire::http2) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(in crate::wire::http2) const MAX_FRAME_SIZE: u16 = 5;
    pub(in crate::wire::http2) const MAX_HEADER_LIST_SIZE: u16 = 6;
    pub(in crate::wire::http2) const ENABLE_CONNECT_PROTOCOL: u16 = 8;
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

/// END_STREAM; on SETTINGS and PING it is ACK.
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITIZED: u8 = 32;

const HEAD_BYTES: usize = 9;
