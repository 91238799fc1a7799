use std::task::{Context, Poll};

use super::{
    Connection, STREAM_MAX, StreamError,
    receiving::{Payload, Welcome},
    sending::HeadKind,
};
use crate::wire::{
    body::Length,
    http2::{
        Code, Why,
        block::{Block, Opening},
        frame::Fault,
        hpack::BlockWriter,
        response::read_response,
        stream::ReceivingState,
    },
    message::ResponseHead,
};

/// Whether the answer to a request may have a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// It may.
    Possible,
    /// It was asked for the head alone.
    HeadOnly,
}

impl Connection {
    /// How many streams the server takes at a time.
    pub fn streams_max(&self) -> usize {
        self.peer.streams_max as usize
    }

    /// The most that the fields of a request may count.
    pub fn request_list_bytes_max(&self) -> usize {
        self.peer.header_list_bytes_max as usize
    }

    /// Whether a further request may be sent.
    pub fn takes_requests(&self) -> bool {
        self.over.is_none() && self.goaway_received.is_none() && self.last_stream < STREAM_MAX - 1
    }

    /// Opens a stream with the head of a request. None if no further request may be sent.
    pub(in crate::wire::http2) fn ask_for(
        &mut self,
        kind: HeadKind,
        answer: AnswerBody,
        write: impl FnOnce(&mut BlockWriter<'_>),
    ) -> Option<u32> {
        if !self.takes_requests() {
            return None;
        }
        let id = if self.last_stream == 0 { 1 } else { self.last_stream + 2 };
        self.last_stream = id;
        self.open(id).receiving.is_head_only = answer == AnswerBody::HeadOnly;
        self.send_head(id, kind, write).ok().map(|()| id)
    }

    /// The next head of an answer: any number of 1xx heads, then the final one.
    pub(in crate::wire::http2) fn poll_head(
        &mut self,
        id: u32,
        cx: &Context<'_>,
    ) -> Poll<Result<(ResponseHead, Length), StreamError>> {
        let Some(stream) = self.streams.get_mut(id) else { return Poll::Ready(Err(StreamError::Lost)) };
        if let Some(head) = stream.receiving.heads.pop_front() {
            return Poll::Ready(Ok(head));
        }
        match &stream.broken {
            Some(why) => Poll::Ready(Err(why.clone())),
            None => {
                stream.receiving.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether no body is read of an answer.
    pub(in crate::wire::http2) fn is_head_only(&mut self, id: u32) -> bool {
        self.streams.get_mut(id).is_some_and(|stream| stream.receiving.is_head_only)
    }

    /// HEADERS of a server are whole. Go: `clientConnReadLoop.processHeaders`.
    pub(super) fn take_response_block(&mut self, opening: Opening, block: Result<Block, Why>) -> Result<(), Fault> {
        let Opening { stream: id, ends_stream, .. } = opening;
        let Some(stream) = self.streams.get_mut(id).filter(|stream| stream.broken.is_none()) else {
            // What was given up may have been on its way.
            return self.check_not_idle(id);
        };
        let block = block.map_err(|why| Fault::Stream(id, Code::PROTOCOL_ERROR, why))?;
        if stream.receiving.state != ReceivingState::Open {
            return Err(malformed(id, "protocol error: headers after END_STREAM"));
        }
        if stream.receiving.is_past_head {
            if !ends_stream || block.has_pseudo {
                return Err(Fault::protocol("trailers that are none"));
            }
            stream.receiving.trailers = (!block.fields.is_empty()).then_some(block.fields);
            self.end_receiving(id);
            return Ok(());
        }
        if block.is_truncated {
            return Err(malformed(id, "http2: response header list larger than advertised limit"));
        }
        let list_bytes: usize = block.fields.iter().map(|(name, value)| name.as_bytes().len() + value.len() + 32).sum();
        let is_head_only = stream.receiving.is_head_only;
        let (head, length) = read_response(block, ends_stream, is_head_only).map_err(|why| malformed(id, why))?;
        if !head.status.is_informational() {
            stream.receiving.is_past_head = true;
        } else if ends_stream {
            return Err(malformed(id, "1xx informational response with END_STREAM flag"));
        } else {
            match stream.receiving.informational_bytes_left.checked_sub(list_bytes + 32) {
                Some(left) => stream.receiving.informational_bytes_left = left,
                None => {
                    tracing::debug!("too many 1xx heads: one was dropped");
                    return Ok(());
                }
            }
        }
        stream.receiving.heads.push_back((head, length));
        stream.wake_reader();
        if ends_stream {
            self.end_receiving(id);
        }
        Ok(())
    }

    /// Whether DATA of a server is taken. Go: `clientConnReadLoop.processData`.
    pub(super) fn welcome_answer(&mut self, id: u32, payload: Payload) -> Result<Welcome, Fault> {
        let Some(stream) = self.streams.get_mut(id).filter(|stream| stream.broken.is_none()) else {
            self.check_not_idle(id)?;
            return Ok(Welcome::Forgotten(None));
        };
        let receiving = &stream.receiving;
        let why = match receiving.state {
            ReceivingState::Ended | ReceivingState::EndedShort => "protocol error: received DATA after END_STREAM",
            ReceivingState::Open if !receiving.is_past_head => "protocol error: received DATA before a HEADERS frame",
            ReceivingState::Open if receiving.is_head_only && payload.left > 0 => {
                "protocol error: received DATA on a HEAD request"
            }
            ReceivingState::Open => return Ok(Welcome::Taken),
        };
        Ok(Welcome::Forgotten(Some(Fault::stream(id, Code::PROTOCOL_ERROR, why))))
    }
}

/// What is wrong with HEADERS, as Go says it.
fn malformed(stream: u32, why: &'static str) -> Fault {
    Fault::Stream(stream, Code::PROTOCOL_ERROR, Why::Said(why))
}
