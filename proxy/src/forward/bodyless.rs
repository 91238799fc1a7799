use std::{
    pin::Pin,
    task::{Context, Poll},
};

use crate::wire::{Cut, Frame, Frames, ResponseHead};

/// A body that is cut at its first byte, behind the head, if the status of its answer allows none. A backend of HTTP/2 can send such a one.
///
/// Go: `net/http/server.go` `response.write`: `ErrBodyNotAllowed`.
/// Trace: `http2/back_words/a_204_with_bytes`.
pub(super) struct Bodyless<D> {
    body: D,
    bytes: Bytes,
}

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bytes {
    Allowed,
    Forbidden,
    /// They have come.
    Seen,
}

impl<D: Frames + Unpin> Bodyless<D> {
    pub(super) fn new(body: D, head: &ResponseHead) -> Self {
        Self { body, bytes: if head.may_have_body() { Bytes::Allowed } else { Bytes::Forbidden } }
    }
}

impl<D: Frames + Unpin> Frames for Bodyless<D> {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let this = self.get_mut();
        if this.bytes == Bytes::Seen {
            return Poll::Ready(Some(Err(Cut::Malformed(
                "http: request method or response status code does not allow body",
            ))));
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(Frame::Data(_)))) if this.bytes == Bytes::Forbidden => {
                this.bytes = Bytes::Seen;
                Poll::Ready(Some(Ok(Frame::Flush)))
            }
            frame => frame,
        }
    }

    fn is_ending(&self) -> bool {
        self.body.is_ending()
    }

    fn go_on(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        Pin::new(&mut self.get_mut().body).go_on(cx);
    }
}
