use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Method, StatusCode};
use tokio::time::{Sleep, sleep};

use super::{
    Connection, Http2Download, Http2Fault,
    connection::{Life, Place},
    fault::Told,
    upload::Upload,
};
use crate::{
    upstream::{
        Compression, Delivered, Download, Incoming, Outgoing, Reuse, SendCause, TransportConfig,
        again::{Again, Failed},
        download::Carried,
    },
    wire::{
        Cut, Length, Name, ResponseHead,
        http2::{AnswerBody, Code, Follows, Handle, Sendable, StreamError, ToSend, Unsendable},
        message::Version,
    },
    world::Bug,
};

/// A connection, and a place on it for one request.
#[derive(Debug)]
pub(in crate::upstream) struct Lease {
    connection: Connection,
    place: Place,
}

impl Lease {
    /// A place on a connection, if there is one.
    pub(in crate::upstream) fn of(connection: &Connection) -> Option<Self> {
        let place = connection.enter()?;
        Some(Self { connection: connection.clone(), place })
    }

    /// Sends a request and reads the head of its answer. Heads of 1xx go to `informed` as they come.
    ///
    /// Dropped before it is ready, it resets the stream with CANCEL.
    ///
    /// # Errors
    /// No answer came.
    pub(in crate::upstream) async fn send(
        self,
        tls: bool,
        mut request: Outgoing,
        config: &TransportConfig,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> Result<Incoming, Failed> {
        let gzip_was_ours = config.compression == Compression::Ask && may_ask_gzip(&request);
        let Self { connection, place } = self;
        let life = connection.life();
        let list_bytes_max = connection.frames().borrow().request_list_bytes_max();
        let sendable = Sendable::new(to_send(tls, &request, gzip_was_ours), list_bytes_max).map_err(unsendable)?;
        if request.head.close || config.reuse == Reuse::Once {
            life.retire();
        }
        let is_head = request.head.method == Method::HEAD;
        let ends = request.body.length() == Length::Empty;
        let follows = if ends { Follows::Nothing } else { Follows::More };
        let answer = if is_head { AnswerBody::HeadOnly } else { AnswerBody::Possible };
        let Some(handle) = Handle::open(connection.frames(), &sendable, follows, answer) else {
            return Err(unusable(life, request));
        };
        let id = handle.number();
        let patience = config.expect_continue_timeout;
        let waits_for_continue = !ends && !patience.is_zero() && expects_continue(&request);
        let mut exchange = Exchange {
            upload: Upload::new(handle, request.take_body()),
            held_back: waits_for_continue.then(|| Box::pin(sleep(patience))),
            head_wait: config.response_header_timeout,
            head_due: None,
        };
        match poll_fn(|cx| exchange.poll(cx, informed)).await {
            Ok((head, length)) => {
                let body = Http2Download::new(length, exchange.upload, place);
                Ok(Incoming { head: Box::new(head), body: Download(Carried::Http2(body)), gzip_was_ours })
            }
            Err(Unanswered::Late) => Err(given_up(SendCause::Http2(Http2Fault::HeaderTimeout))),
            Err(Unanswered::Cut(Cut::ClientGone)) => Err(given_up(SendCause::Http2(Http2Fault::ClientGone))),
            Err(Unanswered::Cut(cut)) => Err(given_up(SendCause::Body(cut))),
            Err(Unanswered::Stream(error)) => {
                let told = Told::by(&error, id, life, &connection.frames().borrow());
                Err(failure(life, told, &error, request, exchange.upload))
            }
        }
    }
}

/// A request under way, until the head of its answer is there.
struct Exchange {
    upload: Upload,
    /// The body waits for 100, at most so long.
    held_back: Option<Pin<Box<Sleep>>>,
    head_wait: Option<Duration>,
    /// Runs from the end of the request.
    head_due: Option<Pin<Box<Sleep>>>,
}

/// Why no head came.
enum Unanswered {
    Late,
    Cut(Cut),
    Stream(StreamError),
}

impl Exchange {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> Poll<Result<(ResponseHead, Length), Unanswered>> {
        while let Poll::Ready(head) = self.upload.handle().poll_head(cx) {
            let (head, length) = head.map_err(Unanswered::Stream)?;
            if !head.status.is_informational() {
                if self.held_back.take().is_some() {
                    // Without a 100: the body stays where it is, and the stream is reset behind the answer.
                    self.upload.give_up();
                }
                return Poll::Ready(Ok((head, length)));
            }
            if head.status == StatusCode::CONTINUE {
                self.held_back = None;
            }
            // HTTP/2 has no 101: nobody would know what it means.
            if head.status != StatusCode::SWITCHING_PROTOCOLS {
                informed(&head);
            }
        }
        if let Some(held_back) = &mut self.held_back {
            match held_back.as_mut().poll(cx) {
                Poll::Ready(()) => self.held_back = None,
                Poll::Pending => return Poll::Pending,
            }
        }
        match self.upload.poll(cx) {
            Poll::Ready(Ok(())) => self.poll_late(cx),
            Poll::Ready(Err(cut)) => Poll::Ready(Err(Unanswered::Cut(cut))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Result<(ResponseHead, Length), Unanswered>> {
        let Some(bound) = self.head_wait else { return Poll::Pending };
        let due = self.head_due.get_or_insert_with(|| Box::pin(sleep(bound)));
        due.as_mut().poll(cx).map(|()| Err(Unanswered::Late))
    }
}

fn to_send(tls: bool, request: &Outgoing, asks_gzip: bool) -> ToSend<'_> {
    let head = &request.head;
    ToSend {
        method: &head.method,
        tls,
        host: &head.host,
        target: &head.target,
        headers: head.headers.as_headers(),
        announced: &head.announced,
        content_length: declared_length(request),
        asks_gzip,
    }
}

/// Go: `net/http/internal/httpcommon/httpcommon.go` `shouldSendReqContentLength`.
fn declared_length(request: &Outgoing) -> Option<u64> {
    match request.body.length() {
        Length::Exactly(length) => Some(length),
        Length::Empty => [Method::POST, Method::PUT, Method::PATCH].contains(&request.head.method).then_some(0),
        Length::Unknown | Length::UntilClose => None,
    }
}

/// Go: `httpcommon.go` `IsRequestGzip`.
fn may_ask_gzip(request: &Outgoing) -> bool {
    let headers = &request.head.headers;
    request.head.method != Method::HEAD && !headers.contains(&Name::ACCEPT_ENCODING) && !headers.contains(&Name::RANGE)
}

fn expects_continue(request: &Outgoing) -> bool {
    request.head.client >= Version::Http11
        && request.head.headers.as_headers().has_token(&Name::EXPECT, b"100-continue")
}

fn unsendable(why: Unsendable) -> Failed {
    let cause = match why {
        Unsendable::FieldName(name) => SendCause::FieldName(name),
        Unsendable::FieldValue(name) => SendCause::FieldValue(name),
        other => SendCause::Http2(Http2Fault::Unsendable(other)),
    };
    Failed { cause, delivered: Delivered::Nothing, again: None }
}

/// The connection took no stream: nothing has happened yet, so that the request goes to another one, body and all.
fn unusable(life: &Life, request: Outgoing) -> Failed {
    tracing::debug!("a connection takes no further request");
    life.retire();
    let fault = if life.is_lost() { Http2Fault::Lost } else { Http2Fault::Unusable };
    Failed { cause: SendCause::Http2(fault), delivered: Delivered::Nothing, again: Some(Again::not_begun(request)) }
}

fn given_up(cause: SendCause) -> Failed {
    Failed { cause, delivered: Delivered::Maybe, again: None }
}

/// What a stream's error means for its request.
fn failure(life: &Life, told: Told, error: &StreamError, request: Outgoing, upload: Upload) -> Failed {
    let protocol_error = *error == StreamError::Reset(Code::PROTOCOL_ERROR);
    if protocol_error || matches!(error, StreamError::GoAway(_)) {
        life.retire();
    }
    let whole = upload.into_untouched().map(|body| Outgoing { body, ..request });
    let delivered = if told.unseen { Delivered::Nothing } else { Delivered::Maybe };
    if whole.is_none() && (told.unseen || protocol_error) {
        // The backend has not served it, but the body is gone.
        let fault = Http2Fault::BodyGone(Box::new(told.fault));
        return Failed { cause: SendCause::Http2(fault), delivered, again: None };
    }
    let again = match whole {
        Some(_) if matches!(error, StreamError::GoAway(_)) && life.has(Bug::LosesWhatIsLeftBehind) => None,
        Some(request) if told.unseen => Some(Again::not_begun(request)),
        Some(request) if protocol_error => Again::after_protocol_error(request),
        _ => None,
    };
    Failed { cause: SendCause::Http2(told.fault), delivered, again }
}
