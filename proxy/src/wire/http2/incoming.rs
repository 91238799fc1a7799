use std::{
    fmt, io,
    task::{Context, Poll, ready},
};

use h2::RecvStream;
use http::HeaderMap;

use super::{Request, fields};
use crate::wire::{
    body::{Cut, Frame, Length},
    message::Announced,
};

/// The body of a message that comes off an HTTP/2 stream.
///
/// Bytes are given back to the stream's window as they are pulled, so a reader that stops reading stops the sender. Dropping it before its
/// end
/// leaves the rest unread; the stream ends when its other half ends too.
pub struct Incoming {
    stream: RecvStream,
    length: Length,
    role: Role,
    next: Next,
}

/// The stream of a request, as the reader of its body acts on it.
pub trait RequestStream {
    /// Sends 100 Continue.
    fn go_on(&mut self);

    /// Resets the stream: what came on it is no request.
    fn refuse(&mut self);
}

enum Role {
    /// Of a request.
    Request {
        /// The trailers that it announced.
        announced: Announced,
        /// The client waits for 100.
        waits: bool,
        request: Box<dyn RequestStream>,
    },
    /// Of a response.
    Response,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Data,
    Trailers,
    End,
    /// It was cut, and stays so.
    Cut,
}

impl Incoming {
    /// The body of a request. Trailers that it did not announce are dropped, as in Go.
    pub fn request(stream: RecvStream, of: &Request, request: Box<dyn RequestStream>) -> Self {
        let announced = of.head.announced.clone();
        let role = Role::Request { announced, waits: of.waits_for_continue, request };
        Self { stream, length: of.length, role, next: Next::Data }
    }

    /// The body of a response.
    pub fn response(stream: RecvStream, length: Length) -> Self {
        Self { stream, length, role: Role::Response, next: Next::Data }
    }

    /// How its end will be known.
    pub fn length(&self) -> Length {
        self.length
    }

    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The stream was reset, its message is malformed, or its connection failed.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        if let Role::Request { waits, request, .. } = &mut self.role
            && std::mem::take(waits)
        {
            request.go_on();
        }
        let frame = ready!(self.poll_next(cx));
        match frame {
            Some(Ok(Frame::Data(_) | Frame::Flush)) => {}
            Some(Ok(Frame::Trailers(_))) | None => self.next = Next::End,
            Some(Err(_)) => self.next = Next::Cut,
        }
        Poll::Ready(frame)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        loop {
            match self.next {
                Next::Data => match ready!(self.stream.poll_data(cx)) {
                    Some(Ok(bytes)) if bytes.is_empty() => {}
                    Some(Ok(bytes)) => {
                        // This fails only if more is given back than came.
                        let _ = self.stream.flow_control().release_capacity(bytes.len());
                        return Poll::Ready(Some(Ok(Frame::Data(bytes))));
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(self.cut(error)))),
                    None => self.next = Next::Trailers,
                },
                Next::Trailers => {
                    return Poll::Ready(match ready!(self.stream.poll_trailers(cx)) {
                        Ok(map) => self.trailers(&map.unwrap_or_default()).transpose(),
                        Err(error) => Some(Err(self.cut(error))),
                    });
                }
                Next::End => return Poll::Ready(None),
                Next::Cut => return Poll::Ready(Some(Err(Cut::BodyClosed))),
            }
        }
    }

    /// What the reader may see of the trailers; none if that is nothing.
    ///
    /// Go: `net/http/h2_bundle.go` `stream.processTrailerHeaders`.
    fn trailers(&mut self, map: &HeaderMap) -> Result<Option<Frame>, Cut> {
        let mut trailers = fields::from_map(map);
        if let Role::Request { announced, request, .. } = &mut self.role {
            if !announced.is_empty() && !trailers.iter().all(|(name, _)| fields::may_be_trailer(name)) {
                request.refuse();
                return Err(Cut::Malformed("invalid trailer field"));
            }
            trailers.retain(|name, _| announced.contains(name));
        }
        Ok((!trailers.is_empty()).then_some(Frame::Trailers(trailers)))
    }

    fn cut(&self, error: h2::Error) -> Cut {
        match (&self.role, error.reason()) {
            (_, Some(reason)) if error.is_reset() && error.is_remote() => Cut::Reset(reason.into()),
            // The crate does not say what was wrong: most often it is the length, and this is Go's word for a body that is too short.
            (Role::Response, Some(_)) if error.is_reset() && error.is_library() => Cut::Malformed("unexpected EOF"),
            (Role::Request { .. }, Some(_)) if error.is_reset() && error.is_library() => {
                Cut::Malformed("malformed HTTP/2 request body")
            }
            (Role::Request { .. }, _) => Cut::ClientGone,
            (Role::Response, _) => Cut::BackendGone(io::Error::other(error)),
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("length", &self.length).field("next", &self.next).finish_non_exhaustive()
    }
}
