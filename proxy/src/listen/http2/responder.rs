use std::{
    cell::RefCell,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use http::{Response, StatusCode};

use crate::wire::{
    ResponseHead,
    exchange::Early,
    http2::{self, RequestStream},
};

/// The writing side of a stream until its final head is out. The handler's 1xx heads, the first read of the body and the answer share it.
#[derive(Debug)]
pub(super) struct Responder {
    respond: SendResponse<Bytes>,
    final_head_is_out: bool,
    informational_bytes_left: usize,
}

impl Responder {
    pub(super) fn new(respond: SendResponse<Bytes>, informational_bytes_max: usize) -> Rc<RefCell<Self>> {
        let informational_bytes_left = informational_bytes_max;
        Rc::new(RefCell::new(Self { respond, final_head_is_out: false, informational_bytes_left }))
    }

    /// Sends a 1xx head, unless the final head is out, or it is a 101, which HTTP/2 does not have.
    ///
    /// Heads have no flow control: a backend that sends many and a client that reads none would fill our memory, so they are counted.
    fn inform(&mut self, head: &ResponseHead) {
        let fields: usize = head.headers.iter().map(|(name, value)| name.as_bytes().len() + value.len() + 32).sum();
        let Some(left) = self.informational_bytes_left.checked_sub(fields + 32) else {
            return tracing::debug!("too many 1xx heads: one was dropped");
        };
        if self.final_head_is_out || head.status == StatusCode::SWITCHING_PROTOCOLS {
            return;
        }
        self.informational_bytes_left = left;
        let sent = http2::informational(head).map(|head| self.respond.send_informational(head));
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!(status = %head.status, "a 1xx head was not sent");
        }
    }

    /// Sends the final head.
    ///
    /// # Errors
    /// The stream is over.
    pub(super) fn send_head(&mut self, head: Response<()>, ends: bool) -> Result<SendStream<Bytes>, h2::Error> {
        self.final_head_is_out = true;
        self.respond.send_response(head, ends)
    }

    /// Ready when the client has reset the stream or has left. To be asked only before the final head is out.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.respond.poll_reset(cx).map(drop)
    }

    /// Ends the stream with a reset.
    pub(super) fn reset(&mut self, reason: Reason) {
        self.respond.send_reset(reason);
    }
}

/// A stream as the handler and the reader of its body act on it.
pub(super) struct Shared(pub(super) Rc<RefCell<Responder>>);

impl Early for Shared {
    fn inform(&mut self, head: &ResponseHead) {
        self.0.borrow_mut().inform(head);
    }
}

impl RequestStream for Shared {
    fn go_on(&mut self) {
        self.0.borrow_mut().inform(&ResponseHead::new(StatusCode::CONTINUE));
    }

    fn refuse(&mut self) {
        self.0.borrow_mut().reset(Reason::PROTOCOL_ERROR);
    }
}
