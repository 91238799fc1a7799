//! A WebSocket on a stream (RFC 8441), as an upgrade of HTTP/1 for the handler, and its bytes behind the handler's switch.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};
use tokio::io::AsyncWrite as _;
use tokio_util::io::poll_read_buf;

use crate::{
    wire::{
        Answer, Body, Channel, Frame, Name, RequestHead, ResponseHead, Tunnel,
        http2::{Code, Follows, Framing, Handle, Incoming},
    },
    world::Dice,
};

/// Makes an upgrade of a CONNECT that names this protocol. False if it is another one.
///
/// The key is drawn here, as RFC 8441 section 5 leaves it out: a backend of HTTP/1 demands one.
pub(super) fn translate(head: &mut RequestHead, protocol: &[u8], dice: &mut Dice) -> bool {
    if !protocol.eq_ignore_ascii_case(b"websocket") {
        return false;
    }
    let mut key = [0; 16];
    dice.fill(&mut key);
    head.method = Method::GET;
    head.headers.set(Name::CONNECTION, "Upgrade");
    head.headers.set(Name::UPGRADE, "websocket");
    head.headers.set(Name::SEC_WEBSOCKET_KEY, STANDARD.encode(key));
    true
}

/// What a client is told whose WebSocket was not made. A 2xx would tell it that it was (RFC 9110 section 9.3.6): nothing but a 101 of the
/// backend may.
pub(super) fn refusal(answer: Answer) -> Answer {
    match answer {
        Answer::Reply(head, _) | Answer::Last(head, _) if head.status.is_success() => {
            tracing::debug!(status = %head.status, "an answer that is no 101 to a WebSocket");
            Answer::Reply(Box::new(ResponseHead::new(StatusCode::BAD_GATEWAY)), Body::empty())
        }
        answer => answer,
    }
}

/// Answers 200 where the backend said 101, and carries bytes both ways until both sides have ended or one has failed.
pub(super) async fn run(
    handle: &Handle,
    mut head: Box<ResponseHead>,
    body: Incoming,
    tunnel: Tunnel,
    framing: Framing,
) {
    head.status = StatusCode::OK;
    head.content_length = None;
    for name in [Name::CONNECTION, Name::UPGRADE, Name::SEC_WEBSOCKET_ACCEPT] {
        head.headers.remove(&name);
    }
    if handle.respond(&head, framing, Follows::More).is_err() {
        return;
    }
    let Tunnel { mut backend, early } = tunnel;
    let mut up = Up { body, waiting: Bytes::new(), has_ended: false, unflushed: false };
    let mut down = Down { early, buffer: BytesMut::new(), has_ended: false };
    let ended = poll_fn(|cx| {
        // Both directions move in every turn: neither waits for the other.
        let up = up.poll(cx, &mut backend)?;
        let said_all = down.poll(cx, &mut backend, handle)?.is_ready();
        if up.is_ready() && said_all {
            return Poll::Ready(Ok(()));
        }
        // Asked here: a direction that waits for the backend does not notice that the client leaves. What a client has sent whole before
        // it left, owed nothing more, goes on without it.
        let left = if said_all { handle.poll_left(cx) } else { handle.poll_broken(cx).map(|_| ()) };
        left.map(|()| Err(Broken))
    });
    if let Err(Broken) = ended.await {
        handle.cut(Code::CANCEL, "the tunnel broke");
    }
}

/// One of the two ends failed.
struct Broken;

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// From the client to the backend.
struct Up {
    body: Incoming,
    waiting: Bytes,
    has_ended: bool,
    unflushed: bool,
}

impl Up {
    fn poll(&mut self, cx: &mut Context<'_>, backend: &mut Channel) -> Poll<Result<(), Broken>> {
        loop {
            while !self.waiting.is_empty() {
                let written = ready!(Pin::new(&mut *backend).poll_write(cx, &self.waiting))?;
                if written == 0 {
                    return Poll::Ready(Err(Broken));
                }
                let _ = self.waiting.split_to(written);
                self.unflushed = true;
            }
            if self.has_ended {
                return Poll::Ready(Ok(()));
            }
            match self.body.poll_frame(cx) {
                Poll::Ready(Some(Ok(Frame::Data(bytes)))) => self.waiting = bytes,
                Poll::Ready(Some(Ok(Frame::Flush | Frame::Trailers(_)))) => {}
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(Broken)),
                Poll::Ready(None) => {
                    ready!(Pin::new(&mut *backend).poll_shutdown(cx))?;
                    self.has_ended = true;
                }
                Poll::Pending => {
                    if self.unflushed {
                        ready!(Pin::new(&mut *backend).poll_flush(cx))?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}

/// From the backend to the client: nothing is read before what was read is on its way.
struct Down {
    early: Bytes,
    buffer: BytesMut,
    has_ended: bool,
}

impl Down {
    fn poll(&mut self, cx: &mut Context<'_>, backend: &mut Channel, handle: &Handle) -> Poll<Result<(), Broken>> {
        while !self.has_ended {
            ready!(handle.poll_room(cx)).map_err(|_| Broken)?;
            let mut bytes = std::mem::take(&mut self.early);
            if bytes.is_empty() {
                self.buffer.reserve(BUFFER_BYTES);
                let read = poll_read_buf(Pin::new(&mut *backend), cx, &mut self.buffer);
                if read.is_pending() {
                    // A tunnel may idle for hours: it keeps no buffer meanwhile.
                    self.buffer = BytesMut::new();
                }
                self.has_ended = ready!(read)? == 0;
                bytes = self.buffer.split().freeze();
            }
            let follows = if self.has_ended { Follows::Nothing } else { Follows::More };
            handle.send(bytes, follows).map_err(|_| Broken)?;
        }
        Poll::Ready(Ok(()))
    }
}

const BUFFER_BYTES: usize = 16 << 10;
