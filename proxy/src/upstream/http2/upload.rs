use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};

use crate::wire::{Body, Cut, Frame, Length, http2::poll_room};

/// A request's body on its way to a backend: a frame is pulled when the one before it fits into the backend's window and the buffer.
#[derive(Debug)]
pub(super) struct Upload {
    stream: SendStream<Bytes>,
    body: Body,
    /// A frame that waits for room.
    held: Option<Bytes>,
    /// What is left of the declared length.
    left: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is none.
    Empty,
    /// Nothing was pulled.
    Untouched,
    Running,
    /// Everything was sent.
    Done,
    /// The backend wants no more of it, or it broke off.
    Over,
}

impl Upload {
    /// The body of a request whose head is out.
    pub(super) fn new(stream: SendStream<Bytes>, body: Body) -> Self {
        let (left, state) = match body.length() {
            Length::Empty => (None, State::Empty),
            Length::Exactly(length) => (Some(length), State::Untouched),
            Length::Unknown | Length::UntilClose => (None, State::Untouched),
        };
        Self { stream, body, held: None, left, state }
    }

    /// Whether the body was sent to its end.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Empty | State::Done)
    }

    /// The body, if nothing of it was pulled.
    pub(super) fn into_untouched(self) -> Option<Body> {
        matches!(self.state, State::Empty | State::Untouched).then_some(self.body)
    }

    /// Sends what can be sent. Ready when all was sent, or the backend wants no more of it.
    ///
    /// # Errors
    /// The body broke off: the stream was reset.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        while matches!(self.state, State::Untouched | State::Running) {
            // Asked first, so that a backend that has enough ends the upload while the body makes nothing.
            if self.stream.poll_reset(cx).is_ready() {
                self.end();
                break;
            }
            self.state = State::Running;
            if let Some(bytes) = &self.held {
                self.stream.reserve_capacity(bytes.len());
                if ready!(poll_room(&mut self.stream, cx)).is_err() {
                    self.end();
                    break;
                }
                let bytes = self.held.take().unwrap_or_default();
                self.send(bytes, self.left == Some(0));
                continue;
            }
            match ready!(self.body.poll_frame(cx)) {
                Some(Ok(Frame::Data(bytes))) => match self.left.map(|left| left.checked_sub(bytes.len() as u64)) {
                    Some(None) => return Poll::Ready(Err(self.reset(LONGER))),
                    left => {
                        self.left = left.flatten();
                        self.held = Some(bytes);
                    }
                },
                Some(Ok(Frame::Flush)) => {}
                Some(Err(cut)) => return Poll::Ready(Err(self.reset(cut))),
                // Values of trailers are not sent, as Go does not send them.
                Some(Ok(Frame::Trailers(_))) | None => match self.left {
                    None | Some(0) => self.send(Bytes::new(), true),
                    Some(_) => return Poll::Ready(Err(self.reset(SHORTER))),
                },
            }
        }
        Poll::Ready(Ok(()))
    }

    fn send(&mut self, bytes: Bytes, ends: bool) {
        match self.stream.send_data(bytes, ends) {
            Ok(()) if ends => self.state = State::Done,
            Ok(()) => {}
            Err(_) => self.end(),
        }
    }

    fn end(&mut self) {
        self.state = State::Over;
        self.body = Body::empty();
    }

    fn reset(&mut self, cut: Cut) -> Cut {
        self.end();
        self.stream.send_reset(Reason::CANCEL);
        cut
    }
}

/// Go: `net/http/h2_bundle.go` `errReqBodyTooLong`.
const LONGER: Cut = Cut::Malformed("http2: request body larger than specified content length");
const SHORTER: Cut = Cut::Malformed("http2: request body shorter than specified content length");
