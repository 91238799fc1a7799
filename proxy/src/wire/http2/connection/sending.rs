use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Connection, DATA_BYTES_MAX, OUTPUT_BYTES, Role, StreamError};
use crate::wire::{
    headers::Headers,
    http2::{
        Code, Why,
        calm::BYTES_PER_UPDATE,
        fields::write_trailers,
        frame::{write_data_head, write_headers, write_reset},
        hpack::BlockWriter,
        stream::{Ending, ReceivingState, Stream},
    },
};

/// Which head is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::wire::http2) enum HeadKind {
    /// 1xx.
    Informational,
    /// The last one; bytes follow.
    Final,
    /// The last one; nothing follows.
    FinalAndEnd,
}

impl Connection {
    /// Sends a head.
    ///
    /// # Errors
    /// The stream broke off.
    pub(in crate::wire::http2) fn send_head(
        &mut self,
        id: u32,
        kind: HeadKind,
        write: impl FnOnce(&mut BlockWriter<'_>),
    ) -> Result<(), StreamError> {
        let stream = self.streams.get_mut(id).ok_or(StreamError::Lost)?;
        if let Some(why) = &stream.broken {
            return Err(why.clone());
        }
        let ends = kind == HeadKind::FinalAndEnd;
        stream.sending.has_begun = true;
        stream.sending.is_past_head |= kind != HeadKind::Informational;
        stream.sending.is_ended |= ends;
        let encoder = &mut self.encoder;
        write_headers(self.output.frames(), id, ends, self.peer.frame_bytes_max, |out| write(&mut encoder.block(out)));
        if kind != HeadKind::Informational {
            self.calm.said_head();
            if self.role == Role::Server {
                self.calm.answered_stream();
            }
        }
        if ends {
            self.settle(id);
        }
        self.wake_driver();
        Ok(())
    }

    /// Hands bytes over. They wait for their turn and their window; whoever hands more over asks `poll_room` first.
    ///
    /// # Errors
    /// The stream broke off.
    pub(in crate::wire::http2) fn send_data(&mut self, id: u32, bytes: Bytes, ends: bool) -> Result<(), StreamError> {
        let stream = self.streams.get_mut(id).ok_or(StreamError::Lost)?;
        if let Some(why) = &stream.broken {
            return Err(why.clone());
        }
        if !bytes.is_empty() {
            stream.sending.waiting_bytes += bytes.len();
            stream.sending.waiting.push_back(bytes);
        }
        if ends {
            stream.sending.ending = Some(Ending::Clean);
        }
        self.stand_in_line(id);
        self.fill();
        Ok(())
    }

    /// Ends our side with fields.
    ///
    /// # Errors
    /// The stream broke off.
    pub(in crate::wire::http2) fn send_trailers(&mut self, id: u32, trailers: Headers) -> Result<(), StreamError> {
        let stream = self.streams.get_mut(id).ok_or(StreamError::Lost)?;
        if let Some(why) = &stream.broken {
            return Err(why.clone());
        }
        stream.sending.ending = Some(Ending::Trailers(trailers));
        self.stand_in_line(id);
        self.fill();
        Ok(())
    }

    /// Ready when all that was handed over is on its way.
    ///
    /// # Errors
    /// The stream broke off.
    pub(in crate::wire::http2) fn poll_room(&mut self, id: u32, cx: &Context<'_>) -> Poll<Result<(), StreamError>> {
        let Some(stream) = self.streams.get_mut(id) else { return Poll::Ready(Err(StreamError::Lost)) };
        match &stream.broken {
            Some(why) => Poll::Ready(Err(why.clone())),
            None if stream.sending.waiting_bytes == 0 => Poll::Ready(Ok(())),
            None => {
                stream.sending.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// How many bytes were handed over and are not on their way.
    pub(in crate::wire::http2) fn waiting_bytes(&mut self, id: u32) -> usize {
        self.streams.get_mut(id).map_or(0, |stream| stream.sending.waiting_bytes)
    }

    /// Ready when the stream has broken off.
    pub(in crate::wire::http2) fn poll_broken(&mut self, id: u32, cx: &Context<'_>) -> Poll<StreamError> {
        let Some(stream) = self.streams.get_mut(id) else { return Poll::Ready(StreamError::Lost) };
        match &stream.broken {
            Some(why) => Poll::Ready(why.clone()),
            None => {
                stream.sending.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Ready when the stream has broken off before the peer's side of it ended.
    pub(in crate::wire::http2) fn poll_left(&mut self, id: u32, cx: &Context<'_>) -> Poll<()> {
        let is_whole = |stream: &Stream| stream.receiving.state != ReceivingState::Open;
        match self.streams.get_mut(id) {
            Some(stream) if is_whole(stream) => Poll::Pending,
            _ => self.poll_broken(id, cx).map(|_| ()),
        }
    }

    /// Whether a head of any kind was sent on a stream.
    pub(in crate::wire::http2) fn has_begun(&mut self, id: u32) -> bool {
        self.streams.get_mut(id).is_some_and(|stream| stream.sending.has_begun)
    }

    /// Takes from the room for 1xx heads of a stream. False if there is not enough, or the final head is out.
    pub(in crate::wire::http2) fn may_inform(&mut self, id: u32, bytes: usize) -> bool {
        let Some(stream) = self.streams.get_mut(id) else { return false };
        let Some(left) = stream.sending.informational_bytes_left.checked_sub(bytes) else {
            tracing::debug!("too many 1xx heads: one was dropped");
            return false;
        };
        stream.sending.informational_bytes_left = left;
        !stream.sending.is_past_head
    }

    /// Resets a stream at once. What waits is not sent.
    pub(in crate::wire::http2) fn reset(&mut self, id: u32, code: Code, why: &'static str) {
        if self.streams.get_mut(id).is_some_and(|stream| !stream.is_closed()) {
            self.reset_as(id, code, Why::Noted(why));
        }
    }

    /// Resets a stream behind what its windows let out of what waits: what was given before a cut has its turn first.
    pub(in crate::wire::http2) fn cut(&mut self, id: u32, code: Code, why: &'static str) {
        self.outflow.let_go();
        if let Some(stream) = self.streams.get_mut(id) {
            stream.sending.window.let_go();
        }
        while self.streams.get_mut(id).is_some_and(|stream| stream.sending.waiting_bytes > 0 && stream.can_send())
            && self.send_some(id)
        {}
        self.reset(id, code, why);
    }

    /// Resets a stream behind its end: the request was malformed, and is answered nevertheless. RFC 9113 section 8.1.1.
    pub(in crate::wire::http2) fn reset_behind(&mut self, id: u32, code: Code) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.sending.reset_behind = Some(code);
            self.settle(id);
        }
    }

    /// Whoever held a stream is gone. What was handed over is still sent, if its end is known.
    pub(in crate::wire::http2) fn release(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.is_released = true;
        let has_end = stream.sending.is_ended || stream.sending.ending.is_some();
        let has_all = stream.receiving.state != ReceivingState::Open;
        match (self.role, &stream.broken) {
            // The peer says that it has not seen it, and is told that it need not look. Go: `cleanupWriteRequest`.
            (Role::Client, Some(StreamError::GoAway(_))) => write_reset(self.output.frames(), id, Code::CANCEL),
            (_, Some(_)) => {}
            (Role::Server, None) if has_end => {}
            (Role::Client, None) if has_end && has_all => {}
            (Role::Client, None) if has_all => {
                self.reset_as(id, Code::NO_ERROR, Why::Noted("nobody wants the rest of the request"))
            }
            (_, None) => self.reset_as(id, Code::CANCEL, Why::Noted("nobody holds the stream")),
        }
        if self.role == Role::Server {
            self.handler_done();
        }
        self.settle(id);
        self.wake_driver();
    }

    /// A stream that is closed and that nobody holds is forgotten. A server that has answered and reads no more says so.
    ///
    /// Go: `serverConn.wroteFrame`.
    pub(super) fn settle(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if stream.sending.is_ended
            && let Some(code) = stream.sending.reset_behind.take()
        {
            return self.reset_as(id, code, Why::Noted("the request was malformed"));
        }
        if !stream.is_released {
            return;
        }
        if stream.sending.is_ended && stream.receiving.state == ReceivingState::Open && stream.broken.is_none() {
            return self.reset_as(id, Code::NO_ERROR, Why::Noted("the request is answered"));
        }
        if stream.is_closed() {
            let unread = stream.receiving.unread_bytes;
            self.give_back(unread);
            self.streams.remove(id);
        }
    }

    /// Lets a stream stand behind the others that have something to send, if it has, and a window for it. An end alone needs no window,
    /// and waits for nobody who does.
    pub(super) fn stand_in_line(&mut self, id: u32) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if !stream.can_send() {
            if stream.is_held_back() {
                self.hold_back();
            }
            return;
        }
        if stream.sending.waiting_bytes == 0 && self.over.is_none() {
            self.send_some(id);
        } else if !std::mem::replace(&mut stream.sending.is_in_line, true) {
            self.line.push_back(id);
        }
    }

    /// A window is too small to be used: the driver lets it go in a moment.
    pub(super) fn hold_back(&mut self) {
        if !std::mem::replace(&mut self.is_held_back, true) {
            self.wake_driver();
        }
    }

    /// Whether there are windows that are too small to be used.
    pub(in crate::wire::http2) fn is_held_back(&self) -> bool {
        self.is_held_back && self.over.is_none()
    }

    /// What small windows have held back is sent.
    pub(in crate::wire::http2) fn let_go(&mut self) {
        self.is_held_back = false;
        self.outflow.let_go();
        for stream in self.streams.iter_mut().filter(|stream| stream.is_held_back()) {
            stream.sending.window.let_go();
            if !std::mem::replace(&mut stream.sending.is_in_line, true) {
                self.line.push_back(stream.id);
            }
        }
        self.fill();
    }

    /// Makes frames of what waits, a frame of each stream in turn, while the output has room.
    pub(super) fn fill(&mut self) {
        while self.over.is_none()
            && self.output.len() < OUTPUT_BYTES
            && let Some(id) = self.line.pop_front()
        {
            if let Some(stream) = self.streams.get_mut(id) {
                stream.sending.is_in_line = false;
                if stream.can_send() && !self.send_some(id) {
                    // The window of the connection is empty: all stay where they are.
                    if let Some(stream) = self.streams.get_mut(id) {
                        stream.sending.is_in_line = true;
                    }
                    self.line.push_front(id);
                    return;
                }
                self.stand_in_line(id);
            }
        }
    }

    /// Makes one frame of a stream that can send. False if the window of the connection is empty, or as good as that.
    fn send_some(&mut self, id: u32) -> bool {
        let Some(stream) = self.streams.get_mut(id) else { return true };
        let sending = &mut stream.sending;
        let Some(front) = sending.waiting.front_mut() else {
            match sending.ending.take() {
                Some(Ending::Trailers(trailers)) => {
                    let (out, encoder) = (self.output.frames(), &mut self.encoder);
                    let write = |out: &mut _| write_trailers(&trailers, &mut encoder.block(out));
                    write_headers(out, id, true, self.peer.frame_bytes_max, write);
                }
                _ => write_data_head(self.output.frames(), id, 0, true),
            }
            sending.is_ended = true;
            self.settle(id);
            self.wake_driver();
            return true;
        };
        let whole = DATA_BYTES_MAX.min(self.peer.frame_bytes_max).min(front.len());
        let length = sending.window.room(whole);
        if self.outflow.holds_back(length) {
            self.hold_back();
            return false;
        }
        let length = self.outflow.room(length);
        if length == 0 {
            return false;
        }
        let bytes = front.split_to(length);
        if front.is_empty() {
            sending.waiting.pop_front();
        }
        sending.waiting_bytes -= length;
        sending.window.take(length);
        self.outflow.take(length);
        if length < whole.min(BYTES_PER_UPDATE as usize) {
            self.calm.dribbled(length);
        } else {
            self.calm.moved(length);
        }
        let ends = sending.waiting_bytes == 0 && matches!(sending.ending, Some(Ending::Clean));
        write_data_head(self.output.frames(), id, length, ends);
        self.output.add(bytes);
        if sending.waiting_bytes == 0 {
            sending.is_ended = ends;
            stream.wake_writer();
        }
        if ends {
            self.settle(id);
        }
        self.wake_driver();
        true
    }
}
