use bytes::{Buf as _, Bytes, BytesMut};

use super::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Fault, Frame, GOAWAY, HEAD_BYTES, HEADERS, PADDED, PING,
    PRIORITIZED, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, Settings, WINDOW_UPDATE, setting,
};
use crate::wire::http2::{Code, Why};

/// Reads frames. A block's fragment is waited for until it is whole; DATA is given out as it comes, and what nobody looks at is skipped
/// as it comes.
#[derive(Debug)]
pub(in crate::wire::http2) struct FrameReader {
    frame_bytes_max: usize,
    state: State,
    /// The stream whose block goes on: nothing but its CONTINUATION may come.
    open_block: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between two frames.
    Head,
    /// So many bytes of DATA are to come, and so many of padding behind them.
    Payload { left: usize, padding: usize },
    /// So many bytes are of no interest.
    Skip(usize),
}

#[derive(Clone, Copy, Debug)]
struct Head {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Head {
    fn of(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEAD_BYTES] = bytes.first_chunk()?;
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = *bytes;
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        Some(Self { length, kind, flags, stream: u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]) })
    }

    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl FrameReader {
    /// A reader that takes frames of at most so many bytes.
    pub(in crate::wire::http2) fn new(frame_bytes_max: usize) -> Self {
        Self { frame_bytes_max, state: State::Head, open_block: None }
    }

    /// Whether DATA is under way, so that large reads are of use.
    pub(in crate::wire::http2) fn is_within_data(&self) -> bool {
        matches!(self.state, State::Payload { .. })
    }

    /// Takes the next frame off the input; none if there is not enough of it.
    ///
    /// A fragment of a block longer than `fragment_bytes_max` is not waited for, and nothing can be read behind it.
    ///
    /// # Errors
    /// What came is no frame, or one that may not come here. Behind a fault of the connection nothing can be read any more.
    pub(in crate::wire::http2) fn next(
        &mut self,
        input: &mut BytesMut,
        fragment_bytes_max: usize,
    ) -> Result<Option<Frame>, Fault> {
        loop {
            match self.state {
                State::Head => {
                    let Some(head) = Head::of(input) else { return Ok(None) };
                    self.check(head)?;
                    if head.is_fragment() && head.length > fragment_bytes_max.saturating_add(MORE_IN_HEADERS) {
                        return Ok(Some(Frame::TooLong { stream: head.stream }));
                    }
                    if input.len() < HEAD_BYTES + head.needs() {
                        return Ok(None);
                    }
                    input.advance(HEAD_BYTES);
                    return self.frame(head, input).map(Some);
                }
                State::Payload { left: 0, padding } => self.state = State::Skip(padding),
                State::Payload { left, padding } => {
                    let length = left.min(input.len());
                    if length == 0 {
                        return Ok(None);
                    }
                    self.state = State::Payload { left: left - length, padding };
                    return Ok(Some(Frame::Payload(input.split_to(length).freeze())));
                }
                State::Skip(0) => self.state = State::Head,
                State::Skip(left) => {
                    let length = left.min(input.len());
                    if length == 0 {
                        return Ok(None);
                    }
                    input.advance(length);
                    self.state = State::Skip(left - length);
                }
            }
        }
    }

    /// What is wrong with a frame whose head is all that came. Go: `Framer.checkFrameOrder`, and what each kind's parser asks first.
    fn check(&self, head: Head) -> Result<(), Fault> {
        if head.length > self.frame_bytes_max {
            let why = if head.looks_like_http1() { Why::LooksLikeHttp1 } else { Why::FrameTooLarge };
            return Err(Fault::Connection(Code::FRAME_SIZE_ERROR, why));
        }
        match self.open_block {
            Some(stream) if head.kind != CONTINUATION || head.stream != stream => {
                return Err(Fault::protocol("a header block is not continued"));
            }
            None if head.kind == CONTINUATION => return Err(Fault::protocol("unexpected CONTINUATION")),
            _ => {}
        }
        let size = |right: bool| match right {
            true => Ok(()),
            false => Err(Fault::connection(Code::FRAME_SIZE_ERROR, "frame of a wrong size")),
        };
        match head.kind {
            DATA | HEADERS | PRIORITY | RST_STREAM if head.stream == 0 => {
                Err(Fault::protocol("frame without a stream"))
            }
            SETTINGS | PING | GOAWAY if head.stream != 0 => Err(Fault::protocol("frame on a stream")),
            PUSH_PROMISE => Err(Fault::protocol("unexpected PUSH_PROMISE")),
            DATA => size(head.length > 0 || !head.has(PADDED)),
            PRIORITY => size(head.length == 5),
            RST_STREAM | WINDOW_UPDATE => size(head.length == 4),
            PING => size(head.length == 8),
            GOAWAY => size(head.length >= 8),
            SETTINGS if head.has(ACK) => size(head.length == 0),
            SETTINGS if head.length > SETTINGS_MAX * 6 => Err(Fault::protocol("too many settings")),
            SETTINGS => size(head.length.is_multiple_of(6)),
            _ => Ok(()),
        }
    }

    /// Reads a frame whose head was taken off the input, and of which all that is needed has come.
    fn frame(&mut self, head: Head, input: &mut BytesMut) -> Result<Frame, Fault> {
        let Head { length, stream, .. } = head;
        let ends_stream = head.has(END_STREAM);
        Ok(match head.kind {
            DATA => {
                let pad_byte = usize::from(head.has(PADDED));
                let padding = if head.has(PADDED) { usize::from(input.get_u8()) } else { 0 };
                let left = (length - pad_byte)
                    .checked_sub(padding)
                    .ok_or(Fault::protocol("pad size larger than data payload"))?;
                self.state = State::Payload { left, padding };
                Frame::Data { stream, counted: length as u32, bytes: left as u32, ends_stream }
            }
            HEADERS => {
                let (fragment, depends_on) = headers_payload(head, input.split_to(length))?;
                let ends_block = head.has(END_HEADERS);
                self.open_block = (!ends_block).then_some(stream);
                Frame::Headers { stream, fragment, ends_block, ends_stream, depends_on }
            }
            CONTINUATION => {
                let ends_block = head.has(END_HEADERS);
                self.open_block = (!ends_block).then_some(stream);
                Frame::Continuation { stream, fragment: input.split_to(length).freeze(), ends_block }
            }
            PRIORITY => {
                let depends_on = input.get_u32() & MASK;
                input.advance(1);
                Frame::Priority { stream, depends_on }
            }
            RST_STREAM => Frame::Reset { stream, code: Code(input.get_u32()) },
            SETTINGS if head.has(ACK) => Frame::SettingsAck,
            SETTINGS => Frame::Settings(read_settings(&mut input.split_to(length))?),
            PING => {
                let mut payload = [0; 8];
                input.copy_to_slice(&mut payload);
                if head.has(ACK) { Frame::PingAck(payload) } else { Frame::Ping(payload) }
            }
            GOAWAY => {
                self.state = State::Skip(length - head.needs());
                let (last, code) = (input.get_u32() & MASK, Code(input.get_u32()));
                Frame::GoAway { last, code, debug: input.split_to(head.needs() - 8).freeze() }
            }
            WINDOW_UPDATE => match input.get_u32() & MASK {
                0 if stream == 0 => return Err(Fault::protocol("window update of nothing")),
                0 => return Err(Fault::stream(stream, Code::PROTOCOL_ERROR, "window update of nothing")),
                increment => Frame::WindowUpdate { stream, increment },
            },
            _ => {
                self.state = State::Skip(length);
                Frame::Unknown
            }
        })
    }
}

impl Head {
    /// The first nine bytes of an answer of HTTP/1.1. Go: `invalidHTTP1LookingFrameHeader`.
    fn looks_like_http1(self) -> bool {
        let Self { length, kind, flags, stream } = self;
        (length, kind, flags, stream) == (0x48_5454, b'P', b'/', u32::from_be_bytes(*b"1.1 "))
    }

    fn is_fragment(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION)
    }

    /// How much of the payload must have come before the frame is read.
    fn needs(self) -> usize {
        match self.kind {
            DATA => usize::from(self.has(PADDED)),
            GOAWAY => self.length.min(8 + DEBUG_BYTES_MAX),
            HEADERS..=PING | WINDOW_UPDATE | CONTINUATION => self.length,
            _ => 0,
        }
    }
}

/// The fragment of HEADERS without padding and priority, and what stream it depends on.
fn headers_payload(head: Head, mut payload: BytesMut) -> Result<(Bytes, Option<u32>), Fault> {
    let short = || Fault::connection(Code::FRAME_SIZE_ERROR, "HEADERS too short");
    let padding = match head.has(PADDED) {
        true => usize::from(payload.try_get_u8().map_err(|_| short())?),
        false => 0,
    };
    let depends_on = match head.has(PRIORITIZED) {
        true => {
            let stream = payload.try_get_u32().map_err(|_| short())? & MASK;
            payload.try_get_u8().map_err(|_| short())?;
            Some(stream)
        }
        false => None,
    };
    let length = payload.len().checked_sub(padding).ok_or(Fault::protocol("pad size larger than HEADERS"))?;
    payload.truncate(length);
    Ok((payload.freeze(), depends_on))
}

/// Settings, each looked at. Go: `Setting.Valid`, `serverConn.processSettings`.
fn read_settings(payload: &mut BytesMut) -> Result<Settings, Fault> {
    let mut settings = Settings::new();
    while payload.has_remaining() {
        let (number, value) = (payload.get_u16(), payload.get_u32());
        match (number, value) {
            (setting::ENABLE_PUSH | setting::ENABLE_CONNECT_PROTOCOL, 2..) => {
                return Err(Fault::protocol("a setting that is neither 0 nor 1"));
            }
            (setting::INITIAL_WINDOW_SIZE, 0x8000_0000..) => {
                return Err(Fault::connection(Code::FLOW_CONTROL_ERROR, "initial window too large"));
            }
            (setting::MAX_FRAME_SIZE, ..FRAME_BYTES_LEAST | 0x100_0000..) => {
                return Err(Fault::protocol("frame size out of bounds"));
            }
            _ => settings.push((number, value)),
        }
    }
    Ok(settings)
}

/// Padding and priority, which are no fragment.
const MORE_IN_HEADERS: usize = 1 + 255 + 5;
/// The highest bit of a stream's number is reserved.
const MASK: u32 = 0x7fff_ffff;
/// What GOAWAY may say for people.
const DEBUG_BYTES_MAX: usize = 1 << 10;
/// Go: `processSettings`.
const SETTINGS_MAX: usize = 100;
/// RFC 9113 section 4.2.
const FRAME_BYTES_LEAST: u32 = 1 << 14;
