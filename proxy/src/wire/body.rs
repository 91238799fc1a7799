//! Bodies, pulled: a frame is made only while the output has room.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{headers::Headers, http1, http2};

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// There is none.
    Empty,
    /// So many bytes, and at least one.
    Exactly(u64),
    /// Chunked on HTTP/1, END_STREAM on HTTP/2: trailers may follow.
    Unknown,
    /// The end of the connection ends it.
    UntilClose,
}

/// The length that a field declares: digits alone, below 2^63. Go: `strconv.ParseUint(…, 10, 63)`.
pub(super) fn parse_length(value: &[u8]) -> Option<u64> {
    let mut length = 0_u64;
    for byte in value {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        length = length.checked_mul(10)?.checked_add(digit)?;
    }
    (!value.is_empty() && length < 1 << 63).then_some(length)
}

/// A piece of a body.
#[derive(Debug)]
pub enum Frame {
    /// Bytes, at least one.
    Data(Bytes),
    /// What was given so far is to leave the process now.
    Flush,
    /// The fields behind the body. Nothing follows them.
    Trailers(Headers),
}

/// Why a body ended before its end. Whoever relays it ends in a close or RST_STREAM, never in a clean end.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The client left.
    #[error("client disconnected")]
    ClientGone,
    /// The backend's connection failed, or ended too early.
    #[error("backend connection failed")]
    BackendGone(#[source] io::Error),
    /// The peer broke the rules of its protocol; the text is Go's where Go has one.
    #[error("{0}")]
    Malformed(&'static str),
    /// A field behind the body is none; the text quotes it.
    #[error(transparent)]
    Field(Box<http1::Wrong>),
    /// The server has closed the request's body: what is left of it never reaches whoever sends it on, who gives up sending. The answer
    /// stands.
    #[error("http: invalid Read on closed Body")]
    BodyClosed,
    /// The deadline passed.
    #[error("deadline exceeded")]
    Deadline,
    /// A bound was met; the text names it.
    #[error("{0}")]
    Limit(&'static str),
    /// An HTTP/2 peer reset the stream, with this code.
    #[error("stream reset with code {0}")]
    Reset(u32),
}

/// A body that is pulled frame by frame.
#[derive(Debug)]
pub struct Body(Source);

enum Source {
    Empty,
    Whole(Bytes),
    Http1(http1::Incoming),
    Http2(http2::Incoming),
    Made(Length, Pin<Box<dyn Frames>>),
}

/// A body that somebody makes.
pub trait Frames {
    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The body is cut here; it must not be polled again.
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>>;

    /// Whether all of it has come, and its end waits only for the rest of a request.
    fn is_ending(&self) -> bool {
        false
    }

    /// Goes on with what need not wait until the next frame is asked for: the rest of a request, while its client does not take the answer.
    fn go_on(self: Pin<&mut Self>, _cx: &mut Context<'_>) {}
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self(Source::Empty)
    }

    /// A body that is all there.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        if bytes.is_empty() { Self::empty() } else { Self(Source::Whole(bytes)) }
    }

    /// A body that somebody makes.
    pub fn made(length: Length, frames: impl Frames + 'static) -> Self {
        Self(Source::Made(length, Box::pin(frames)))
    }

    /// The rest of an HTTP/1 message.
    pub fn http1(incoming: http1::Incoming) -> Self {
        Self(Source::Http1(incoming))
    }

    /// The rest of an HTTP/2 message.
    pub fn http2(incoming: http2::Incoming) -> Self {
        Self(Source::Http2(incoming))
    }

    /// How its end will be known.
    pub fn length(&self) -> Length {
        match &self.0 {
            Source::Empty => Length::Empty,
            Source::Whole(bytes) => Length::Exactly(bytes.len() as u64),
            Source::Http1(incoming) => incoming.length(),
            Source::Http2(incoming) => incoming.length(),
            Source::Made(length, _) => *length,
        }
    }

    /// Whether nobody has said how long it is, nor that it is chunked: it may as well be none.
    pub fn has_unsaid_length(&self) -> bool {
        matches!(&self.0, Source::Http2(incoming) if incoming.length() == Length::Unknown)
    }

    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The body is cut here; it must not be polled again.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        match &mut self.0 {
            Source::Empty => Poll::Ready(None),
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Source::Empty;
                Poll::Ready(Some(Ok(Frame::Data(bytes))))
            }
            Source::Http1(incoming) => incoming.poll_frame(cx),
            Source::Http2(incoming) => incoming.poll_frame(cx),
            Source::Made(_, frames) => frames.as_mut().poll_frame(cx),
        }
    }

    /// Nobody asks for the rest any more: a client that waits for a 100 does not get one.
    pub(crate) fn forget_continue(&mut self) {
        if let Source::Http1(incoming) = &self.0 {
            incoming.forget_continue();
        }
    }

    /// Nobody waits for the rest: the server sends its answer without it, and ends the connection behind that. A stream of HTTP/2 ends
    /// behind its answer anyway.
    pub(crate) fn give_up(&mut self) {
        if let Source::Http1(incoming) = &self.0 {
            incoming.give_up();
        }
    }

    /// Goes on with what need not wait until the next frame is asked for.
    pub fn go_on(&mut self, cx: &mut Context<'_>) {
        if let Source::Made(_, frames) = &mut self.0 {
            frames.as_mut().go_on(cx);
        }
    }

    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The body is cut here; it must not be asked again.
    pub async fn frame(&mut self) -> Option<Result<Frame, Cut>> {
        std::future::poll_fn(|cx| self.poll_frame(cx)).await
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Whole(_) => "Whole",
            Self::Http1(_) => "Http1",
            Self::Http2(_) => "Http2",
            Self::Made(..) => "Made",
        })
    }
}
