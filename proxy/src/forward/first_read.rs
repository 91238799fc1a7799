use std::{
    pin::Pin,
    task::{Context, Poll},
};

use crate::wire::{Cut, Frame, Frames, Length, Version};

/// A download of which is known whether the first read of it would wait in Go.
///
/// Go flushes a head whose body goes out at once beside its first read of the body: the flush comes first when that read waits, for bytes
/// or, when it meets the end together with the last bytes, for the connection's fate. Otherwise the first bytes go with the head, which has
/// their type then; and a body that is broken from its first byte leaves nothing of the head.
///
/// Go: `net/http/httputil/reverseproxy.go` `copyResponse`, `net/http/transport.go` `persistConn.readLoop` (`eofc`).
/// Trace: `forward/first_read/*`.
pub(super) struct FirstRead<D> {
    download: D,
    end: EndOfBody,
    waited: bool,
    ahead: Option<Option<Result<Frame, Cut>>>,
}

/// How Go learns the end of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndOfBody {
    /// With the last bytes, if there are no more than so many.
    With(usize),
    /// Behind them.
    Behind,
    /// Behind them, and nobody is held up by it: on HTTP/2.
    AtOnce,
    /// Nobody asks: the head goes first.
    Any,
}

impl EndOfBody {
    /// That of a backend's answer.
    pub(super) fn of(version: Version, length: Length) -> Self {
        match length {
            _ if version == Version::Http2 => Self::AtOnce,
            Length::Empty | Length::Exactly(_) => Self::With(READ_BUFFER),
            Length::Unknown => Self::With(2 * READ_BUFFER), // what is left of a chunk is read through the buffer if it fits in there
            Length::UntilClose => Self::Behind,
        }
    }
}

impl<D: Frames + Unpin> FirstRead<D> {
    pub(super) fn new(download: D, end: EndOfBody) -> Self {
        Self { download, end, waited: end == EndOfBody::Any, ahead: None }
    }

    /// Whether the read waited that gave what there is. What follows is read without this question.
    pub(super) fn has_waited(&mut self) -> bool {
        self.end = EndOfBody::Any;
        self.waited
    }

    fn look_ahead(&mut self, cx: &mut Context<'_>) {
        match Pin::new(&mut self.download).poll_frame(cx) {
            Poll::Ready(next) => {
                self.waited = matches!(next, None | Some(Ok(Frame::Trailers(_))));
                self.ahead = Some(next);
            }
            Poll::Pending => self.waited = self.download.is_ending(),
        }
    }
}

impl<D: Frames + Unpin> Frames for FirstRead<D> {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let this = self.get_mut();
        if let Some(next) = this.ahead.take() {
            return Poll::Ready(next);
        }
        let frame = Pin::new(&mut this.download).poll_frame(cx);
        match (&frame, this.end) {
            (_, EndOfBody::Any) | (Poll::Ready(None | Some(Ok(Frame::Trailers(_)))), EndOfBody::AtOnce) => {}
            (Poll::Ready(Some(Ok(Frame::Data(bytes)))), EndOfBody::With(most)) if bytes.len() <= most => {
                this.look_ahead(cx);
            }
            (Poll::Ready(Some(Ok(Frame::Data(_)) | Err(_))), _) => {}
            (Poll::Ready(Some(Ok(_)) | None) | Poll::Pending, _) => this.waited = true,
        }
        frame
    }

    fn go_on(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        Pin::new(&mut self.get_mut().download).go_on(cx);
    }
}

/// What Go's transport reads at once.
const READ_BUFFER: usize = 4096;
