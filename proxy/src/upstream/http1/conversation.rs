use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::time::{Sleep, sleep, timeout};

use super::{
    Http1,
    fault::{BadAnswer, Fault, Heard},
    upload::{BadUpload, Fed, Upload},
};
use crate::{
    config::limits,
    upstream::{
        ConnectionFault, OutHead, Outgoing, SendCause, TransportConfig,
        again::{Again, Failed},
        send_error::Delivered,
    },
    wire::{
        Body, Channel, Cut, Headers, Length, Name, ResponseHead,
        http1::{Event, Framing, Remaining, RequestLine, Response, Wrong, write_request_head},
        message::Version,
        token::has_token,
    },
    world::Bug,
};

/// One request and its answer on a connection. Dropped before its end it closes the connection: what is left on it belongs to nobody.
///
/// Writing and reading take turns in one task: neither waits for the other, so that a backend may answer before it has read everything.
#[derive(Debug)]
pub(in crate::upstream) struct Conversation {
    connection: Box<Http1>,
    /// Kept until the first byte of an answer: only then may the request be sent again, if it may at all.
    request: Option<OutHead>,
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

/// How far a request has been sent.
#[derive(Debug)]
enum Sending {
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

/// What stands next in the answer's body.
#[derive(Debug)]
pub(super) enum Part {
    Data(Bytes),
    Trailers(Headers),
    End,
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
                host: &head.host,
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

    /// What is left of a conversation whose backend has failed while the request's body is read. It waits a little for the body, whose own
    /// end is told before that of the backend; then nobody waits for it any more.
    ///
    /// Go: `net/http/transport.go` `persistConn.mapRoundTripError`, which waits without end.
    async fn fail_within_body(self: Box<Self>, fault: Fault) -> Failed {
        let copied = self.is_copied();
        let Self { connection, mut upload, request, .. } = *self;
        let ends = connection.ends();
        drop(connection);
        let settled = timeout(limits::LATE_BODY_WAIT, upload.settle()).await;
        if settled.is_err() {
            upload.give_up();
        }
        let cause = match settled {
            Ok(Ok(Fed::More)) if copied => SendCause::CopiedToNobody { ends },
            Ok(Ok(Fed::More)) => SendCause::Connection(ConnectionFault::Closed(ends)),
            Ok(Err(cut)) if copied => SendCause::Copied { ends, cut },
            Ok(Err(cut)) => SendCause::Body(cut),
            Ok(Ok(Fed::End)) | Err(_) => fault.into_cause(ends, Delivered::Maybe, Heard::of(request.as_ref())),
        };
        Failed { cause, delivered: Delivered::Maybe, again: None }
    }

    /// Whether Go copies the body straight to the connection.
    fn is_copied(&self) -> bool {
        self.upload.is_of_known_length() && self.connection.ends().are_known() && !self.connection.is_tls()
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

    /// Writes what the socket takes, and pulls the body while there is room. Ready when all is written, or nothing more will be.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
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

    /// Ready when the head of the answer is overdue. The time counts from the end of the request.
    fn poll_header_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.header_timer {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }

    /// Whether all that came of the body is written, and more of it is waited for.
    fn reads_body(&self) -> bool {
        matches!(self.sending, Sending::Body) && self.connection.output.is_empty()
    }

    /// What is left of a conversation that got no answer.
    fn fail(self, fault: Fault) -> Failed {
        let unsent = self.connection.output.written() == self.written_before;
        let heard = Heard::of(self.request.as_ref());
        let may_repeat = fault.may_repeat(unsent);
        let ends = self.connection.ends();
        let copied = self.is_copied();
        let again = self.request.filter(|_| may_repeat && self.bodyless).and_then(|head| {
            let request = Outgoing { head, body: Body::empty() };
            match unsent || self.connection.has(Bug::RepeatsPosts) {
                true => Again::unsent(request),
                false => Again::replay(request),
            }
        });
        let delivered = if unsent { Delivered::Nothing } else { Delivered::Maybe };
        let cause = match fault {
            Fault::Upload(BadUpload::Cut(cut)) if copied => SendCause::Copied { ends, cut },
            fault => fault.into_cause(ends, delivered, heard),
        };
        Failed { cause, delivered, again }
    }

    /// Drives what is left of the request, behind the head of its answer. Ready when nothing more of it will be sent.
    ///
    /// A backend that does not take it any more has its answer read all the same.
    ///
    /// # Errors
    /// The request's own body broke off: the answer has no meaning any more.
    pub(super) fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BadUpload>> {
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
    pub(super) fn upload_done(&self) -> bool {
        matches!(self.sending, Sending::Done)
    }

    /// Whether something of the request is still to be sent.
    pub(super) fn is_uploading(&self) -> bool {
        !matches!(self.sending, Sending::Done | Sending::GivenUp)
    }

    /// What stands next in the answer's body.
    ///
    /// # Errors
    /// The connection failed, or the body breaks the rules.
    pub(super) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, BadAnswer>> {
        loop {
            if let Some(part) = self.part_at_hand().map_err(BadAnswer::Wrong)? {
                return Poll::Ready(Ok(part));
            }
            if let Some(error) = self.unread.take() {
                return Poll::Ready(Err(BadAnswer::Gone(error)));
            }
            if let Err(error) = std::task::ready!(self.connection.poll_fill(cx)) {
                match self.held_data() {
                    None => return Poll::Ready(Err(BadAnswer::Gone(error))),
                    Some(data) => {
                        self.unread = Some(error);
                        return Poll::Ready(Ok(Part::Data(data)));
                    }
                }
            }
        }
    }

    /// What has come of a chunk that waits for its rest.
    fn held_data(&mut self) -> Option<Bytes> {
        let connection = &mut self.connection;
        match connection.reader.next(&mut connection.input, true) {
            Ok(Event::Data(data)) => Some(data),
            Ok(Event::NeedMore | Event::Head(_) | Event::Trailers(_) | Event::Done) | Err(_) => None,
        }
    }

    /// What stands next in the answer's body, if it has come in already.
    ///
    /// # Errors
    /// The body breaks the rules.
    pub(super) fn part_at_hand(&mut self) -> Result<Option<Part>, Wrong> {
        let connection = &mut self.connection;
        Ok(match connection.reader.next(&mut connection.input, connection.ended)? {
            Event::Data(data) => Some(Part::Data(data)),
            Event::Trailers(trailers) => Some(Part::Trailers(trailers)),
            Event::Done => Some(Part::End),
            // A head cannot stand within an answer: the reader ends the answer first.
            Event::NeedMore | Event::Head(_) => None,
        })
    }

    /// Whether an answer of known length has been taken whole; its end is taken with that.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.connection.reader.remaining() == Remaining::Nothing && matches!(self.part_at_hand(), Ok(Some(Part::End)))
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

    /// Sends what is left of the request, behind a 101.
    ///
    /// # Errors
    /// It cannot be sent.
    pub(in crate::upstream) async fn send_rest(&mut self) -> Result<(), SendCause> {
        let sent = std::future::poll_fn(|cx| self.poll_send(cx)).await;
        sent.map_err(|fault| fault.into_cause(self.connection.ends(), Delivered::Maybe, Heard::Something))
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
