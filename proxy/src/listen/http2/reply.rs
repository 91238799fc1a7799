use std::{
    future::poll_fn,
    panic::AssertUnwindSafe,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use crate::{
    config::limits::{HTTP2_CHUNK_BYTES, HTTP2_SEND_BYTES_MIN},
    wire::{
        Body, Cut, Frame, Gone, Headers, Name, ResponseHead,
        http2::{Code, Follows, Framing, Handle, has_trailers},
        sniff::detect_content_type,
        trailers::may_be_trailer,
    },
    world::Clock,
};

/// The answer to one request.
pub(super) struct Reply<'a> {
    pub(super) handle: &'a Handle,
    pub(super) gone: &'a Gone,
    pub(super) clock: &'a dyn Clock,
    /// The request was HEAD.
    pub(super) is_head: bool,
    /// How long the client may take nothing.
    pub(super) send_timeout: Option<Duration>,
}

/// Why an answer did not come to its end.
enum Broken {
    /// The client has left: there is nobody to tell.
    Gone,
    /// The client gets RST_STREAM, never a clean end.
    Cut(Cut),
}

impl Reply<'_> {
    /// Sends the answer. Whatever goes wrong ends in a reset, never in a clean end.
    pub(super) async fn send(&self, head: Box<ResponseHead>, body: Body) {
        match self.try_send(head, body).await {
            Ok(()) => {}
            Err(Broken::Gone) => self.gone.set(),
            Err(Broken::Cut(cut)) => {
                tracing::debug!(error = %cut, "answer was cut");
                self.handle.cut(Code::INTERNAL_ERROR, "the answer was cut");
            }
        }
    }

    /// Go: `net/http/h2_bundle.go` `responseWriterState.writeChunk`.
    async fn try_send(&self, head: Box<ResponseHead>, mut body: Body) -> Result<(), Broken> {
        let may_have_body = head.may_have_body();
        if !may_have_body {
            body = Body::empty();
        }
        let start = self.gather(&mut body).await?;
        let bytes = start.bytes.iter().map(Bytes::len).sum::<usize>();
        let countable = may_have_body && !head.withheld.contains(&Name::CONTENT_LENGTH);
        let computed = countable && start.is_all() && (bytes > 0 || !self.is_head);
        let framing = Framing {
            content_type: start.content_type(&head),
            content_length: head.content_length.or(computed.then_some(bytes as u64)),
            date: head.lacks(&Name::DATE).then(|| self.clock.wall().http_date()),
        };
        let announces = head.announced.iter().any(may_be_trailer);
        let ends = self.is_head || (start.is_all() && bytes == 0 && !announces && start.trailers.is_none());
        let follows = if ends { Follows::Nothing } else { Follows::More };
        self.handle.respond(&head, framing, follows).map_err(|_| Broken::Gone)?;
        if ends {
            return Ok(());
        }
        let left = if may_have_body { head.content_length } else { None };
        let Self { handle, gone, send_timeout, .. } = *self;
        let mut sending = Sending { handle, gone, send_timeout, left };
        sending.send(start, body).await?;
        // Nobody watches over what waits behind this.
        if send_timeout.is_some() { sending.room(&mut Body::empty()).await } else { Ok(()) }
    }

    /// Takes in what decides the head: frames up to a flush, the end, or more than 4096 bytes.
    async fn gather(&self, body: &mut Body) -> Result<Start, Broken> {
        let mut start = Start { bytes: Vec::new(), trailers: None, ended: false };
        let mut room = Some(HTTP2_CHUNK_BYTES);
        while let Some(left) = room {
            match next_frame(self.handle, body).await? {
                Some(Frame::Data(bytes)) => {
                    room = left.checked_sub(bytes.len());
                    start.bytes.push(bytes);
                }
                Some(Frame::Flush) => return Ok(start),
                Some(Frame::Trailers(trailers)) => {
                    start.trailers = Some(trailers);
                    return Ok(start);
                }
                None => {
                    start.ended = true;
                    return Ok(start);
                }
            }
        }
        Ok(start)
    }
}

/// What is known of a body when its head is written.
struct Start {
    bytes: Vec<Bytes>,
    trailers: Option<Headers>,
    ended: bool,
}

impl Start {
    /// Whether no byte follows.
    fn is_all(&self) -> bool {
        self.ended || self.trailers.is_some()
    }

    /// The type that the first bytes speak for, where the head names none.
    fn content_type(&self, head: &ResponseHead) -> Option<&'static str> {
        if !head.lacks_type() {
            return None;
        }
        match &self.bytes[..] {
            [] => None,
            [whole] => Some(detect_content_type(whole)),
            pieces => Some(detect_content_type(&joined(pieces))),
        }
    }
}

/// The bytes of an answer whose head is out.
struct Sending<'a> {
    handle: &'a Handle,
    gone: &'a Gone,
    send_timeout: Option<Duration>,
    /// What is left of the declared length.
    left: Option<u64>,
}

impl Sending<'_> {
    async fn send(&mut self, start: Start, mut body: Body) -> Result<(), Broken> {
        let bytes = match start.bytes.len() {
            0 | 1 => start.bytes.into_iter().next().unwrap_or_default(),
            _ => joined(&start.bytes),
        };
        if start.ended {
            return self.data(bytes, true);
        }
        if !bytes.is_empty() {
            self.data(bytes, false)?;
        }
        match start.trailers {
            Some(trailers) => self.end(trailers, &mut body).await,
            None => self.rest(&mut body).await,
        }
    }

    /// Sends what follows, frame by frame: one is pulled when the one before it is on its way.
    async fn rest(&mut self, body: &mut Body) -> Result<(), Broken> {
        loop {
            match next_frame(self.handle, body).await? {
                Some(Frame::Data(bytes)) => {
                    self.data(bytes, false)?;
                    self.room(body).await?;
                }
                Some(Frame::Flush) => {}
                Some(Frame::Trailers(trailers)) => return self.end(trailers, body).await,
                None => return self.data(Bytes::new(), true),
            }
        }
    }

    /// Waits until what was handed over is on its way; meanwhile the client's own body goes on to the backend. A client that takes hardly
    /// any of it for too long gets no more.
    async fn room(&self, body: &mut Body) -> Result<(), Broken> {
        loop {
            let before = self.handle.waiting_bytes();
            let room = poll_fn(|cx| {
                let room = self.handle.poll_room(cx);
                if room.is_pending() {
                    body.go_on(cx);
                }
                room
            });
            let room = match self.send_timeout {
                None => Ok(room.await),
                Some(bound) => timeout(bound, room).await,
            };
            match room {
                Ok(room) => return room.map_err(|_| Broken::Gone),
                Err(_) if self.handle.waiting_bytes() + HTTP2_SEND_BYTES_MIN <= before => {}
                Err(_) => return Err(Broken::Cut(Cut::Limit("the client takes nothing"))),
            }
        }
    }

    /// Go sends a body that is shorter than its length as it is; here it is cut, as one that is longer.
    fn data(&mut self, bytes: Bytes, ends: bool) -> Result<(), Broken> {
        if let Some(left) = self.left {
            let left = left.checked_sub(bytes.len() as u64).filter(|left| !ends || *left == 0);
            self.left = Some(left.ok_or(Broken::Cut(Cut::Malformed(OTHER_LENGTH)))?);
        }
        let follows = if ends { Follows::Nothing } else { Follows::More };
        self.handle.send(bytes, follows).map_err(|_| self.over())
    }

    /// Sends trailers, and lets the body see its own end: whoever makes it may give a connection back there.
    async fn end(&mut self, trailers: Headers, body: &mut Body) -> Result<(), Broken> {
        if !has_trailers(&trailers) {
            self.data(Bytes::new(), true)?;
        } else if self.left.is_some_and(|left| left > 0) {
            return Err(Broken::Cut(Cut::Malformed(OTHER_LENGTH)));
        } else {
            self.handle.send_trailers(trailers).map_err(|_| self.over())?;
        }
        poll_fn(|cx| poll_body(body, cx)).await;
        Ok(())
    }

    fn over(&self) -> Broken {
        self.gone.set();
        Broken::Gone
    }
}

/// What the body has next, unless the client leaves before it has it.
async fn next_frame(handle: &Handle, body: &mut Body) -> Result<Option<Frame>, Broken> {
    poll_fn(|cx| {
        if handle.poll_broken(cx).is_ready() {
            return Poll::Ready(Err(Broken::Gone));
        }
        poll_body(body, cx).map(|frame| frame.transpose().map_err(Broken::Cut))
    })
    .await
}

/// A panic in a body is a cut.
fn poll_body(body: &mut Body, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
    std::panic::catch_unwind(AssertUnwindSafe(|| body.poll_frame(cx))).unwrap_or_else(|_| {
        tracing::error!("a body panicked");
        Poll::Ready(Some(Err(Cut::Malformed("the body's maker panicked"))))
    })
}

fn joined(pieces: &[Bytes]) -> Bytes {
    let mut joined = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in pieces {
        joined.extend_from_slice(piece);
    }
    joined.freeze()
}

const OTHER_LENGTH: &str = "body differs from its declared Content-Length";
