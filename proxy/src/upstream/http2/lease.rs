use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use h2::{Reason, RecvStream, client::ResponseFuture};
use http::{Method, Response, StatusCode};
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
        http2::{Asked, Unsendable, read_response, write_request},
    },
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
        let head = http_request(tls, &request, gzip_was_ours).map_err(unsendable)?;
        let Self { connection, place } = self;
        let life = connection.life();
        if request.head.close || config.reuse == Reuse::Once {
            life.retire();
        }
        let ends = request.body.length() == Length::Empty;
        let opened = match connection.sender().ready().await {
            Ok(mut sender) => sender.send_request(head, ends),
            Err(error) => Err(error),
        };
        let (response, stream) = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(unusable(life, &error, request)),
        };
        let id = stream.stream_id().as_u32();
        let is_head = request.head.method == Method::HEAD;
        let patience = config.expect_continue_timeout;
        let waits_for_continue = !ends && !patience.is_zero() && expects_continue(&request);
        let mut exchange = Exchange {
            response,
            upload: Upload::new(stream, request.take_body()),
            held_back: waits_for_continue.then(|| Box::pin(sleep(patience))),
            head_wait: config.response_header_timeout,
            head_due: None,
        };
        match poll_fn(|cx| exchange.poll(cx, informed)).await {
            Ok(response) => {
                let (parts, stream) = response.into_parts();
                let (head, length) = read_response(parts, is_head || stream.is_end_stream());
                let body = Http2Download::new(stream, length, exchange.upload, place);
                Ok(Incoming { head, body: Download(Carried::Http2(body)), gzip_was_ours })
            }
            Err(Unanswered::Late) => Err(given_up(SendCause::HeaderTimeout)),
            Err(Unanswered::Cut(cut)) => Err(given_up(SendCause::Body(cut))),
            Err(Unanswered::Stream(error)) => Err(failure(life, error, id, request, exchange.upload)),
        }
    }
}

/// A request under way, until the head of its answer is there.
struct Exchange {
    response: ResponseFuture,
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
    Stream(h2::Error),
}

impl Exchange {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        informed: &mut dyn FnMut(&ResponseHead),
    ) -> Poll<Result<Response<RecvStream>, Unanswered>> {
        while let Poll::Ready(Some(Ok(early))) = self.response.poll_informational(cx) {
            if early.status() == StatusCode::CONTINUE {
                self.held_back = None;
            }
            // HTTP/2 has no 101: nobody would know what it means.
            if early.status() != StatusCode::SWITCHING_PROTOCOLS {
                informed(&read_response(early.into_parts().0, true).0);
            }
        }
        if let Poll::Ready(response) = Pin::new(&mut self.response).poll(cx) {
            return Poll::Ready(response.map_err(Unanswered::Stream));
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

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<RecvStream>, Unanswered>> {
        let Some(bound) = self.head_wait else { return Poll::Pending };
        let due = self.head_due.get_or_insert_with(|| Box::pin(sleep(bound)));
        due.as_mut().poll(cx).map(|()| Err(Unanswered::Late))
    }
}

fn http_request(tls: bool, request: &Outgoing, asks_gzip: bool) -> Result<http::Request<()>, Unsendable> {
    let head = &request.head;
    write_request(&Asked {
        method: &head.method,
        tls,
        host: &head.host,
        target: &head.target,
        headers: head.headers.as_headers(),
        announced: &head.announced,
        content_length: declared_length(request),
        asks_gzip,
    })
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
    request.head.headers.as_headers().has_token(&Name::EXPECT, b"100-continue")
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
fn unusable(life: &Life, error: &h2::Error, request: Outgoing) -> Failed {
    tracing::debug!(%error, "a connection takes no further request");
    life.retire();
    let fault = if life.is_lost() { Http2Fault::Lost } else { Http2Fault::Unusable };
    Failed { cause: SendCause::Http2(fault), delivered: Delivered::Nothing, again: Some(Again::not_begun(request)) }
}

fn given_up(cause: SendCause) -> Failed {
    Failed { cause, delivered: Delivered::Maybe, again: None }
}

/// What a stream's error means for its request.
fn failure(life: &Life, error: h2::Error, stream: u32, request: Outgoing, upload: Upload) -> Failed {
    let protocol_error = error.is_reset() && error.is_remote() && error.reason() == Some(Reason::PROTOCOL_ERROR);
    if protocol_error || error.is_go_away() {
        life.retire();
    }
    let told = Told::by(error, stream, life.is_lost());
    let whole = upload.into_untouched().map(|body| Outgoing { body, ..request });
    let again = match whole {
        Some(request) if told.unseen => Some(Again::not_begun(request)),
        Some(request) if protocol_error => Again::after_protocol_error(request),
        _ => None,
    };
    let delivered = if told.unseen { Delivered::Nothing } else { Delivered::Maybe };
    Failed { cause: SendCause::Http2(told.fault), delivered, again }
}
