use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::time::{Sleep, sleep};

pub(super) use self::answer_body::Part;
use self::sending::Sending;
use super::{Http1, fault::Fault, upload::Upload};
use crate::{
    config::limits,
    upstream::{OutHead, Outgoing, TransportConfig, again::Failed},
    wire::{
        Channel, Length, Name, ResponseHead,
        host::remove_zone,
        http1::{Event, Framing, RequestLine, Response, write_request_head},
        message::Version,
        token::has_token,
    },
};

mod answer_body;
mod failure;
mod sending;

/// One request and its answer on a connection. Dropped before its end it closes the connection: what is left on it belongs to nobody.
///
/// Writing and reading take turns in one task: neither waits for the other, so that a backend may answer before it has read everything.
#[derive(Debug)]
pub(in crate::upstream) struct Conversation {
    connection: Box<Http1>,
    /// Kept until the first byte of an answer: only then may the request be sent again, if it may at all.
    request: Option<Box<OutHead>>,
    bodyless: bool,
    close: bool,
    upload: Upload,
    sending: Sending,
    written_before: u64,
    /// Why the backend takes no more of the request. What it said before may still be on its way, and tells more: it has a little time.
    unwritten: Option<(io::Error, Pin<Box<Sleep>>)>,
    /// Why no more of the answer's body comes: behind what had come.
    unread: Option<io::Error>,
    header_timeout: Option<Duration>,
    header_timer: Option<Pin<Box<Sleep>>>,
}

/// How long a conversation waits for its peer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Waits {
    pub(in crate::upstream) expect_continue: Duration,
    pub(in crate::upstream) response_header: Option<Duration>,
}

impl Waits {
    pub(in crate::upstream) fn of(config: &TransportConfig) -> Self {
        Self { expect_continue: config.expect_continue_timeout, response_header: config.response_header_timeout }
    }
}

impl Conversation {
    /// Puts the head of a request into the output of a connection. Nothing is written yet.
    pub(in crate::upstream) fn new(
        mut connection: Box<Http1>,
        request: Outgoing,
        extra: &[(Name, Bytes)],
        waits: Waits,
    ) -> Self {
        let Outgoing { head, body } = request;
        let framing = Framing::of(&head.method, body.length());
        let bodyless = matches!(framing, Framing::None | Framing::Exactly(0));
        let written_before = connection.output.written();
        write_request_head(
            connection.output.buffer(),
            RequestLine {
                method: &head.method,
                target: &head.target,
                host: &remove_zone(&head.host),
                headers: head.headers.as_headers(),
                framing,
                announced: &head.announced,
                close: head.close,
                extra,
            },
        );
        connection.reader.expect_answer(head.method == Method::HEAD);
        let sending = if bodyless {
            Sending::Last
        } else if !waits.expect_continue.is_zero() && expects_continue(&head) {
            Sending::Waiting(Box::pin(sleep(waits.expect_continue)))
        } else {
            Sending::Body
        };
        Self {
            connection,
            bodyless,
            close: head.close || wants_close(&head) || wants_close_in(extra),
            request: Some(head),
            upload: Upload::new(body, framing),
            sending,
            written_before,
            unwritten: None,
            unread: None,
            header_timeout: waits.response_header,
            header_timer: None,
        }
    }

    /// Sends the request and reads the head of its answer. Heads of 1xx but 101 go to `informed`.
    ///
    /// # Errors
    /// No answer came; what may be sent again comes back.
    pub(in crate::upstream) async fn answer(
        mut self: Box<Self>,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> Result<(Response, Box<Self>), Failed> {
        let answered = std::future::poll_fn(|cx| self.poll_answer(cx, informed)).await;
        match answered {
            Ok(response) => {
                if let Sending::Waiting(_) = self.sending {
                    // Without a 100: a backend that goes on with the connection reads the body off it before the next request.
                    let given_up = response.close || self.close;
                    self.sending = if given_up { Sending::GivenUp } else { Sending::Body };
                    if response.length != Length::Empty {
                        // The client gets its answer at once, and no 100 in front of it. An answer without a body waits for the request's.
                        self.upload.forget_continue();
                    }
                }
                Ok((response, self))
            }
            Err(fault @ (Fault::Read(_) | Fault::Answer(_))) if self.reads_body() => {
                Err(Box::pin(self.fail_within_body(fault)).await)
            }
            Err(fault) => Err(self.fail(fault)),
        }
    }

    fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> Poll<Result<Response, Fault>> {
        loop {
            match self.poll_send(cx) {
                Poll::Ready(Err(Fault::Write(error))) => {
                    self.unwritten = Some((error, Box::pin(sleep(limits::UPLOAD_GRACE))));
                }
                Poll::Ready(Err(fault)) => return Poll::Ready(Err(fault)),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            let waited = matches!(self.sending, Sending::Waiting(_));
            if let Poll::Ready(answered) = self.poll_head(cx, informed) {
                return Poll::Ready(answered);
            }
            if waited && matches!(self.sending, Sending::Body) {
                continue;
            }
            if let Some((error, mut patience)) = self.unwritten.take() {
                if patience.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(Fault::Write(error)));
                }
                self.unwritten = Some((error, patience));
                return Poll::Pending;
            }
            return self.poll_header_timer(cx).map(|()| Err(Fault::HeaderTimeout));
        }
    }

    /// Reads up to the head of the final answer.
    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> Poll<Result<Response, Fault>> {
        loop {
            let connection = &mut self.connection;
            let event = connection.reader.next(&mut connection.input, connection.ended).map_err(Fault::Answer)?;
            match event {
                Event::Head(response) => {
                    let status = response.head.status;
                    if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                        return Poll::Ready(Ok(response));
                    }
                    informed(&response.head);
                    if status == StatusCode::CONTINUE && matches!(self.sending, Sending::Waiting(_)) {
                        self.sending = Sending::Body;
                    }
                }
                Event::NeedMore | Event::Data(_) | Event::Trailers(_) | Event::Done => {
                    match std::task::ready!(self.connection.poll_fill(cx)) {
                        Ok(true) => self.request = None,
                        Ok(false) => {}
                        // Within a head a reset is an end: Go's reader of lines swallows the error. TLS says it again.
                        Err(_) if !self.connection.input.is_empty() && !self.connection.is_tls() => {
                            self.connection.ended = true
                        }
                        Err(error) => return Poll::Ready(Err(Fault::Read(error))),
                    }
                }
            }
        }
    }

    /// Ready when the head of the answer is overdue. The time counts from the end of the request.
    fn poll_header_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.header_timer {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }

    /// Ends the conversation: the answer has been read to its end. The connection is used again if both sides can go on.
    pub(super) fn finish(self, answer_closes: bool) {
        let reusable = !answer_closes && !self.close && self.upload_done() && !self.connection.ended;
        if reusable { self.connection.give_back() } else { self.connection.close() }
    }

    /// The bare connection behind a 101, and the bytes that came behind it.
    pub(in crate::upstream) fn into_parts(self) -> (Channel, Bytes) {
        self.connection.into_parts()
    }
}

/// Go: `net/http/request.go` `Request.expectsContinue`: the first value alone.
fn expects_continue(head: &OutHead) -> bool {
    head.client >= Version::Http11
        && head.headers.get(&Name::EXPECT).is_some_and(|value| has_token(value, b"100-continue"))
}

/// Go: `net/http/request.go` `Request.wantsClose`.
fn wants_close(head: &OutHead) -> bool {
    head.headers.get(&Name::CONNECTION).is_some_and(|value| has_token(value, b"close"))
}

fn wants_close_in(extra: &[(Name, Bytes)]) -> bool {
    extra.iter().any(|(name, value)| *name == Name::CONNECTION && has_token(value, b"close"))
}
