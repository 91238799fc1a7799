use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{Sleep, sleep};

use super::{
    super::{
        fault::{Fault, Heard},
        upload::{BadUpload, Fed},
    },
    Conversation,
};
use crate::{
    config::limits,
    upstream::{SendCause, send_error::Delivered},
    wire::Cut,
};

/// How far a request has been sent.
#[derive(Debug)]
pub(super) enum Sending {
    /// The body waits for a 100, or for the timer.
    Waiting(Pin<Box<Sleep>>),
    /// The body is being sent.
    Body,
    /// All is in the output, not yet in the socket.
    Last,
    /// All of it is written.
    Done,
    /// The rest will never be sent: the backend has answered and will close, or does not take it any more.
    GivenUp,
}

/// The way of the request to the backend.
impl Conversation {
    /// Writes what the socket takes, and pulls the body while there is room. Ready when all is written, or nothing more will be.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            match &mut self.sending {
                Sending::Body if self.connection.output.has_room(limits::UPLOAD_WAITING_BYTES_MAX) => {
                    match self.upload.poll_feed(cx, &mut self.connection.output) {
                        Poll::Ready(Ok(Fed::End)) => self.sending = Sending::Last,
                        Poll::Ready(Ok(Fed::More)) => {}
                        Poll::Ready(Err(bad)) => {
                            self.sending = Sending::GivenUp;
                            return Poll::Ready(Err(Fault::Upload(bad)));
                        }
                        Poll::Pending if self.connection.output.is_empty() => return Poll::Pending,
                        Poll::Pending => {}
                    }
                }
                Sending::Waiting(timer) if self.connection.output.is_empty() => {
                    std::task::ready!(timer.as_mut().poll(cx));
                    self.sending = Sending::Body;
                    continue;
                }
                Sending::Done | Sending::GivenUp => return Poll::Ready(Ok(())),
                Sending::Waiting(_) | Sending::Body | Sending::Last => {}
            }
            if let Err(error) = std::task::ready!(self.connection.poll_write(cx)) {
                self.sending = Sending::GivenUp;
                return Poll::Ready(Err(Fault::Write(error)));
            }
            if matches!(self.sending, Sending::Last) {
                self.sending = Sending::Done;
                self.header_timer = self.header_timeout.map(|timeout| Box::pin(sleep(timeout)));
            }
        }
    }

    /// Whether all that came of the body is written, and more of it is waited for.
    pub(super) fn reads_body(&self) -> bool {
        matches!(self.sending, Sending::Body) && self.connection.output.is_empty()
    }

    /// Drives what is left of the request, behind the head of its answer. Ready when nothing more of it will be sent.
    ///
    /// A backend that does not take it any more has its answer read all the same.
    ///
    /// # Errors
    /// The request's own body broke off: the answer has no meaning any more.
    pub(in crate::upstream::http1) fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BadUpload>> {
        match std::task::ready!(self.poll_send(cx)) {
            Err(Fault::Upload(BadUpload::Cut(Cut::BodyClosed))) => {
                // The server reads the rest itself, for its answer goes out now: the answer stands, the connection ends behind it.
                self.sending = Sending::GivenUp;
                Poll::Ready(Ok(()))
            }
            Err(Fault::Upload(bad)) => Poll::Ready(Err(bad)),
            Ok(()) | Err(_) => Poll::Ready(Ok(())),
        }
    }

    /// Whether the request was written to its end.
    pub(in crate::upstream::http1) fn upload_done(&self) -> bool {
        matches!(self.sending, Sending::Done)
    }

    /// Whether something of the request is still to be sent.
    pub(in crate::upstream::http1) fn is_uploading(&self) -> bool {
        !matches!(self.sending, Sending::Done | Sending::GivenUp)
    }

    /// Sends what is left of the request, behind a 101.
    ///
    /// # Errors
    /// It cannot be sent.
    pub(in crate::upstream) async fn send_rest(&mut self) -> Result<(), SendCause> {
        let sent = std::future::poll_fn(|cx| self.poll_send(cx)).await;
        sent.map_err(|fault| fault.into_cause(self.connection.ends(), Delivered::Maybe, Heard::Something))
    }
}
