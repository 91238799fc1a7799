use std::{
    cell::RefCell,
    future::poll_fn,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    rc::Rc,
    task::{self, Poll},
};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use http::{Method, StatusCode};
use tokio::time::{Sleep, sleep};

use super::{
    Context,
    reply::Reply,
    responder::{Responder, Shared},
};
use crate::{
    chain::Handler,
    wire::{
        Answer, Body, Exchange, Gone, Length, Name, ResponseHead,
        http2::{self, BadField, Request, Wrong, read_request},
    },
};

/// Serves one request, from its head to the end of its answer.
pub(super) async fn serve<H: Handler>(
    context: Rc<Context<H>>,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let responder = Responder::new(respond, context.limits.informational_bytes_max);
    let (parts, stream) = request.into_parts();
    let method = parts.method.clone();
    let gone = Gone::default();
    let answer = match read_request(parts, stream.is_end_stream()) {
        Ok(request) if asks_for_the_server(&request) => {
            let mut head = ResponseHead::new(StatusCode::OK);
            head.content_length = Some(0);
            Answer::Reply(head, Body::empty())
        }
        Ok(request) => match answer(&context, request, stream, &responder, &gone).await {
            Some(answer) => answer,
            None => return,
        },
        Err(Wrong::Field(field)) => bad_field(field),
        Err(Wrong::Malformed(reason)) => {
            tracing::debug!(reason, "malformed HTTP/2 request");
            return responder.borrow_mut().reset(Reason::PROTOCOL_ERROR);
        }
    };
    let (head, body) = match answer {
        // A stream ends behind its answer anyway.
        Answer::Reply(head, body) | Answer::Last(head, body) => (head, body),
        // As Go's reverse proxy says where no connection can be handed over.
        Answer::Switch(..) => (ResponseHead::new(StatusCode::BAD_GATEWAY), Body::empty()),
        Answer::Cut(cut) => {
            tracing::debug!(error = %cut, "answer was cut");
            return responder.borrow_mut().reset(Reason::INTERNAL_ERROR);
        }
    };
    if head.close || head.headers.get(&Name::CONNECTION) == Some(b"close") {
        context.hang_up.notify_one();
    }
    let reply =
        Reply { responder: &responder, gone: &gone, clock: &*context.world.clock, is_head: method == Method::HEAD };
    reply.send(head, body).await;
}

/// Asks the handler; none when nothing can be said any more.
async fn answer<H: Handler>(
    context: &Context<H>,
    request: Request,
    stream: RecvStream,
    responder: &Rc<RefCell<Responder>>,
    gone: &Gone,
) -> Option<Answer> {
    let body = body_of(&request, stream, responder);
    let early = Box::new(Shared(Rc::clone(responder)));
    let mut exchange = Exchange::new(request.head, body, context.peer.clone(), gone.clone(), early);
    let mut running = Running { responder, gone, grace: None };
    let ended = running.finish(context.limits.gone_grace, context.handler.serve(&mut exchange)).await;
    match ended {
        Ended::Well(Ok(answer)) => Some(answer),
        Ended::Well(Err(refusal)) => {
            let (head, body) = refusal.render(&exchange.head);
            Some(Answer::Reply(head, body))
        }
        Ended::Panicked => {
            tracing::error!("a handler panicked");
            responder.borrow_mut().reset(Reason::INTERNAL_ERROR);
            None
        }
        Ended::Late => {
            tracing::debug!("a handler went on too long for a client that left");
            None
        }
    }
}

/// `OPTIONS *` is answered by the server itself. Go: `net/http/server.go` `serverHandler.ServeHTTP`.
fn asks_for_the_server(request: &Request) -> bool {
    request.head.method == Method::OPTIONS && &request.head.target.raw[..] == b"*"
}

fn body_of(request: &Request, stream: RecvStream, responder: &Rc<RefCell<Responder>>) -> Body {
    if request.length == Length::Empty {
        return Body::empty();
    }
    Body::http2(http2::Incoming::request(stream, request, Box::new(Shared(Rc::clone(responder)))))
}

/// Go: `net/http/h2_bundle.go` `new400Handler`.
fn bad_field(field: BadField) -> Answer {
    let mut head = ResponseHead::new(StatusCode::BAD_REQUEST);
    head.headers.append(Name::CONTENT_TYPE, "text/plain; charset=utf-8");
    head.headers.append(Name::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Answer::Reply(head, Body::whole(format!("{field}\n")))
}

/// A handler at work, and the client watched meanwhile.
struct Running<'a> {
    responder: &'a RefCell<Responder>,
    gone: &'a Gone,
    /// Runs since the client left.
    grace: Option<Pin<Box<Sleep>>>,
}

enum Ended<T> {
    Well(T),
    Panicked,
    /// The client left, and the handler did not end in time.
    Late,
}

impl Running<'_> {
    async fn finish<T>(&mut self, grace: std::time::Duration, work: impl Future<Output = T>) -> Ended<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if self.grace.is_none() && self.responder.borrow_mut().poll_gone(cx).is_ready() {
                self.gone.set();
                self.grace = Some(Box::pin(sleep(grace)));
            }
            match std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
                Ok(Poll::Ready(done)) => Poll::Ready(Ended::Well(done)),
                Ok(Poll::Pending) => self.poll_late(cx).map(|()| Ended::Late),
                Err(_) => Poll::Ready(Ended::Panicked),
            }
        })
        .await
    }

    fn poll_late(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        match &mut self.grace {
            Some(grace) => grace.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
