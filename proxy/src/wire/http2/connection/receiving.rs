use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use super::{Connection, Role, StreamError};
use crate::wire::{
    headers::Headers,
    http2::{
        Code,
        block::{Opening, Whole},
        frame::{Fault, Frame, write_window_update},
        stream::ReceivingState,
    },
};

/// DATA that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload {
    /// What it counts against the windows, padding included.
    pub(super) counted: u32,
    /// Bytes that are to come.
    pub(super) left: u32,
    pub(super) ends_stream: bool,
    /// Whose bytes they are; none if they are forgotten as they come.
    pub(super) stream: Option<u32>,
}

impl Payload {
    /// Whether it costs far more than it holds. An empty message of gRPC has five bytes, and ends of messages may have any number.
    fn is_crumb(&self) -> bool {
        (1..CRUMB_BYTES).contains(&self.left) && !self.ends_stream
    }
}

/// What the reader of a stream gets.
#[derive(Debug)]
pub(in crate::wire::http2) enum Received {
    Data(Bytes),
    Trailers(Headers),
    End,
    /// The end, before the declared length was reached.
    EndedShort,
    Broken(StreamError),
    /// Nobody holds the stream any more.
    Closed,
}

/// What becomes of DATA.
pub(super) enum Welcome {
    Taken,
    /// It is forgotten, and perhaps its stream is told so.
    Forgotten(Option<Fault>),
}

impl Connection {
    /// DATA begins. Go: `processData` of both sides.
    pub(super) fn take_data(&mut self, id: u32, mut payload: Payload, now: Instant) -> Result<(), Fault> {
        if payload.left == 0 && !payload.ends_stream {
            self.calm.idle_frame(now)?;
        }
        let mut welcome = match self.role {
            Role::Server => self.welcome_upload(id, payload)?,
            Role::Client => self.welcome_answer(id, payload)?,
        };
        if matches!(welcome, Welcome::Taken) && payload.is_crumb() && !self.calm.crumb(now) {
            match self.role {
                Role::Server => return Err(Fault::connection(Code::ENHANCE_YOUR_CALM, TOO_MANY_CRUMBS)),
                // Other answers of the backend's are for other clients.
                Role::Client => {
                    welcome = Welcome::Forgotten(Some(Fault::stream(id, Code::ENHANCE_YOUR_CALM, TOO_MANY_CRUMBS)))
                }
            }
        }
        let told = match welcome {
            Welcome::Taken => {
                payload.stream = Some(id);
                Ok(())
            }
            // What was on its way to a stream that we have reset is nobody's fault, and costs what it would have cost there.
            Welcome::Forgotten(None) if payload.left >= FORGOTTEN_BYTES_MIN => Ok(()),
            Welcome::Forgotten(fault) => {
                self.calm.idle_frame(now)?;
                fault.map_or(Ok(()), Err)
            }
        };
        self.count(payload, id)?;
        self.payload = Some(payload);
        if payload.left == 0 {
            self.end_payload(payload);
        }
        told
    }

    /// Takes what DATA counts from the windows, and gives back at once what nobody will read.
    fn count(&mut self, payload: Payload, id: u32) -> Result<(), Fault> {
        let Payload { counted, left, stream, .. } = payload;
        let too_much = match self.role {
            Role::Server => Fault::stream(id, Code::FLOW_CONTROL_ERROR, "more data than the window takes"),
            Role::Client => Fault::connection(Code::FLOW_CONTROL_ERROR, "more data than the window takes"),
        };
        let fits = self.inflow.has(counted);
        let Some(stream) = stream.and_then(|id| self.streams.get_mut(id)) else {
            if !fits {
                return Err(too_much);
            }
            self.inflow.take(counted);
            self.give_back(counted);
            return Ok(());
        };
        if !fits || !stream.receiving.window.has(counted) {
            return Err(too_much);
        }
        self.inflow.take(counted);
        stream.receiving.window.take(counted);
        let padding = counted - left;
        if let Some(more) = stream.receiving.window.give_back(padding) {
            write_window_update(self.output.frames(), id, more);
        }
        self.give_back(padding);
        self.feel_pressure();
        Ok(())
    }

    /// A piece of DATA has come.
    pub(super) fn take_payload(&mut self, bytes: Bytes) {
        let Some(mut payload) = self.payload else { return };
        let length = bytes.len() as u32;
        payload.left -= length;
        self.payload = Some(payload);
        if let Some(id) = payload.stream {
            match self.streams.get_mut(id) {
                Some(stream) if stream.broken.is_none() && !stream.receiving.is_unwanted => {
                    stream.receiving.add(bytes);
                    stream.wake_reader();
                }
                _ => self.give_back(length),
            }
        }
        if payload.left == 0 {
            self.end_payload(payload);
        }
    }

    fn end_payload(&mut self, payload: Payload) {
        self.payload = None;
        if payload.ends_stream
            && let Some(id) = payload.stream
        {
            self.end_receiving(id);
        }
    }

    /// The peer's side of a stream has ended.
    pub(super) fn end_receiving(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        let receiving = &mut stream.receiving;
        receiving.state = match receiving.left {
            Some(1..) => ReceivingState::EndedShort,
            _ => ReceivingState::Ended,
        };
        stream.wake_reader();
        self.settle(id);
    }

    /// A fragment of a header block.
    pub(super) fn take_fragment(&mut self, frame: Frame, now: Instant) -> Result<(), Fault> {
        let whole = match frame {
            Frame::Headers { stream, fragment, ends_block, ends_stream, depends_on } => {
                let opening = Opening { stream, ends_stream, depends_on };
                self.blocks.begin(opening, &fragment, ends_block)?
            }
            Frame::Continuation { fragment, ends_block, .. } => self.blocks.go_on(&fragment, ends_block)?,
            _ => return Err(Fault::protocol("header list too large")),
        };
        match (whole, self.role) {
            (None, _) => Ok(()),
            (Some(Whole { opening, block }), Role::Server) => self.take_request_block(opening, block, now),
            (Some(Whole { opening, block }), Role::Client) => self.take_response_block(opening, block),
        }
    }

    /// What came on a stream and was not read yet. What is read opens the windows again.
    pub(in crate::wire::http2) fn poll_receive(&mut self, id: u32, cx: &Context<'_>) -> Poll<Received> {
        let Some(stream) = self.streams.get_mut(id) else { return Poll::Ready(Received::Closed) };
        let receiving = &mut stream.receiving;
        if let Some(bytes) = receiving.unread.pop_front() {
            // Of a stream that broke off everything was given back already.
            let read = receiving.unread_bytes.min(bytes.len() as u32);
            receiving.unread_bytes -= read;
            if receiving.state == ReceivingState::Open
                && stream.broken.is_none()
                && let Some(more) = receiving.window.give_back(read)
            {
                write_window_update(self.output.frames(), id, more);
                self.wake_driver();
            }
            self.give_back(read);
            return Poll::Ready(Received::Data(bytes));
        }
        Poll::Ready(match (receiving.state, &stream.broken) {
            (ReceivingState::Ended, _) => match receiving.trailers.take() {
                Some(trailers) => Received::Trailers(trailers),
                None => Received::End,
            },
            (ReceivingState::EndedShort, _) => Received::EndedShort,
            (ReceivingState::Open, Some(why)) => Received::Broken(why.clone()),
            (ReceivingState::Open, None) => {
                receiving.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
        })
    }

    /// Nobody reads what comes on a stream any more.
    pub(in crate::wire::http2) fn forget_rest(&mut self, id: u32) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.receiving.is_unwanted = true;
            stream.receiving.unread.clear();
            let unread = std::mem::take(&mut stream.receiving.unread_bytes);
            self.give_back(unread);
        }
    }

    /// Opens the window of the connection again.
    pub(super) fn give_back(&mut self, bytes: u32) {
        if self.over.is_none()
            && let Some(more) = self.inflow.give_back(bytes)
        {
            write_window_update(self.output.frames(), 0, more);
            self.wake_driver();
        }
    }
}

const TOO_MANY_CRUMBS: &str = "a body in too many pieces of hardly any bytes";
/// DATA of fewer bytes is counted.
const CRUMB_BYTES: u32 = 4;
/// A body that is sent as it comes has DATA of this size and more; smaller ones that nobody wants are counted.
const FORGOTTEN_BYTES_MIN: u32 = 512;
