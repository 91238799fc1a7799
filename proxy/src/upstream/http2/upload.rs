use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::wire::{
    Body, Cut, Frame, Length,
    http2::{Code, Follows, Handle, Incoming},
};

/// A request's body on its way to a backend: a frame is pulled when the one before it is on its way.
#[derive(Debug)]
pub(super) struct Upload {
    handle: Handle,
    body: Body,
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
    /// Nothing of it was sent, nor will be.
    GivenUp,
}

impl Upload {
    /// The body of a request whose head is out.
    pub(super) fn new(handle: Handle, body: Body) -> Self {
        let (left, state) = match body.length() {
            Length::Empty => (None, State::Empty),
            Length::Exactly(length) => (Some(length), State::Untouched),
            Length::Unknown | Length::UntilClose => (None, State::Untouched),
        };
        Self { handle, body, left, state }
    }

    /// The stream.
    pub(super) fn handle(&mut self) -> &mut Handle {
        &mut self.handle
    }

    /// The body of the answer.
    pub(super) fn answer(&self, length: Length) -> Incoming {
        self.handle.response_body(length)
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
            match self.handle.poll_room(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    self.end();
                    break;
                }
                Poll::Pending => return Poll::Pending,
            }
            if self.handle.poll_broken(cx).is_ready() {
                self.end();
                break;
            }
            self.state = State::Running;
            match ready!(self.body.poll_frame(cx)) {
                Some(Ok(Frame::Data(bytes))) => match self.left.map(|left| left.checked_sub(bytes.len() as u64)) {
                    Some(None) => return Poll::Ready(Err(self.reset(LONGER))),
                    left => {
                        self.left = left.flatten();
                        let ends = self.left == Some(0);
                        self.send(bytes, ends);
                        if ends {
                            // Lets the body see its own end: its connection may be kept. Nothing of it is waited for.
                            let _ = self.body.poll_frame(cx);
                        }
                    }
                },
                Some(Ok(Frame::Flush)) => {}
                // The server reads the rest itself, for its answer goes out now: the answer stands.
                Some(Err(Cut::BodyClosed)) => self.end(),
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
        let follows = if ends { Follows::Nothing } else { Follows::More };
        match self.handle.send(bytes, follows) {
            Ok(()) if ends => self.state = State::Done,
            Ok(()) => {}
            Err(_) => self.end(),
        }
    }

    /// Sends nothing of it: the answer came in the place of a 100.
    pub(super) fn give_up(&mut self) {
        self.end();
        self.state = State::GivenUp;
    }

    /// The answer has ended. A body that stayed where it was is cancelled, as in Go.
    pub(super) fn answered(&mut self) {
        if self.state == State::GivenUp {
            self.handle.reset(Code::CANCEL, "the answer came in the place of a 100");
        }
    }

    fn end(&mut self) {
        self.state = State::Over;
        self.body = Body::empty();
    }

    fn reset(&mut self, cut: Cut) -> Cut {
        self.end();
        self.handle.reset(Code::CANCEL, "the request broke off");
        cut
    }
}

/// Go: `net/http/h2_bundle.go` `errReqBodyTooLong`.
const LONGER: Cut = Cut::Malformed("http2: request body larger than specified content length");
const SHORTER: Cut = Cut::Malformed("http2: request body shorter than specified content length");
