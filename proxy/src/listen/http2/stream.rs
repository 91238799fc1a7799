use std::{
    future::poll_fn,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    rc::Rc,
    task::{self, Poll},
};

use http::{Method, StatusCode};
use tokio::time::{Instant, Sleep, sleep};

use super::{Context, reply::Reply, websocket};
use crate::{
    chain::Handler,
    wire::{
        Answer, Body, Exchange, Gone, Name, RequestHead, ResponseHead, Version,
        exchange::Early,
        http2::{Asked, BadField, Code, Framing, Handle, Informer, Request},
    },
};

/// Serves one request, from its head to the end of its answer.
///
/// An answer that takes too long is reset; whoever makes it is told that its client left. Go: `stream.onWriteTimeout`.
pub(super) async fn serve<H: Handler>(context: Rc<Context<H>>, handle: Handle, asked: Asked) {
    let mut work = pin!(serve_within(&context, &handle, asked));
    if let Some(bound) = context.limits.write_timeout {
        tokio::select! {
            biased;
            () = &mut work => return,
            () = sleep(bound) => handle.reset(Code::INTERNAL_ERROR, "the answer took too long"),
        }
    }
    work.await;
}

async fn serve_within<H: Handler>(context: &Context<H>, handle: &Handle, asked: Asked) {
    let gone = Gone::default();
    let (is_head, answer) = match asked {
        Asked::Request(request) => {
            let is_head = request.head.method == Method::HEAD;
            match answer(context, *request, handle, &gone).await {
                Some(answer) => (is_head, answer),
                None => return,
            }
        }
        Asked::BadField(field, method) => {
            // Go leaves it at the answer; the message is malformed all the same. RFC 9113 section 8.2.2.
            handle.reset_behind(Code::PROTOCOL_ERROR);
            (method == Method::HEAD, bad_field(field))
        }
        Asked::TooLarge(method) => (method == Method::HEAD, too_large()),
    };
    let (head, body) = match answer {
        // A stream ends behind its answer anyway.
        Answer::Reply(head, body) => (head, body),
        Answer::Last(mut head, body) => {
            head.close = false; // said of the backend's connection
            (head, body)
        }
        // As Go's reverse proxy says where no connection can be handed over.
        Answer::Switch(..) => (Box::new(ResponseHead::new(StatusCode::BAD_GATEWAY)), Body::empty()),
        Answer::Cut(cut) => {
            tracing::debug!(error = %cut, "answer was cut");
            return handle.reset(Code::INTERNAL_ERROR, "the answer was cut");
        }
    };
    let hangs_up = head.close || head.headers.get(&Name::CONNECTION) == Some(b"close");
    let limits = &context.limits;
    let clock = &*context.world.clock;
    let reply = Reply { handle, gone: &gone, clock, is_head, send_timeout: limits.send_timeout };
    reply.send(head, body).await;
    if hangs_up {
        context.connection.borrow_mut().leave();
    }
}

/// The answer to a request; none when nothing can be said any more, or a tunnel was made of it.
async fn answer<H: Handler>(
    context: &Context<H>,
    mut request: Request,
    handle: &Handle,
    gone: &Gone,
) -> Option<Answer> {
    if asks_for_the_server(&request) {
        let mut head = ResponseHead::new(StatusCode::OK);
        head.content_length = Some(0);
        return Some(Answer::Reply(Box::new(head), Body::empty()));
    }
    let mut body = handle.request_body(&request);
    if let Some(timeout) = context.limits.read_timeout.filter(|_| !request.is_whole && request.protocol.is_none()) {
        body = body.until(Instant::now() + timeout);
    }
    let Some(protocol) = request.protocol.take() else {
        if let Some(refused) = refused(&request.head) {
            return Some(refused);
        }
        // Go says 100 to whoever asks for it, even where no body comes: when a handler reads.
        let is_unread = request.is_whole && !request.waits_for_continue;
        let body = if is_unread { Body::empty() } else { Body::http2(body) };
        return ask(context, request.head, body, handle, gone).await;
    };
    if !websocket::translate(&mut request.head, &protocol, &mut context.dice.borrow_mut()) {
        return Some(Answer::Reply(Box::new(ResponseHead::new(StatusCode::NOT_IMPLEMENTED)), Body::empty()));
    }
    match ask(context, request.head, Body::empty(), handle, gone).await? {
        Answer::Switch(head, tunnel) => {
            let date = Some(context.world.clock.wall().http_date());
            websocket::run(handle, head, body, tunnel, Framing { date, ..Framing::default() }).await;
            None
        }
        answer => Some(websocket::refusal(answer)),
    }
}

/// Asks the handler; none when nothing can be said any more.
async fn ask<H: Handler>(
    context: &Context<H>,
    head: RequestHead,
    body: Body,
    handle: &Handle,
    gone: &Gone,
) -> Option<Answer> {
    let early = Rc::new(EarlyHttp2(handle.informer()));
    let mut exchange = Exchange::new(head, body, context.peer.clone(), gone.clone(), early);
    let mut running = Running { handle, gone, grace: None };
    let ended = running.finish(context.limits.gone_grace, pin!(context.handler.serve(&mut exchange))).await;
    match ended {
        Ended::Well(Ok(answer)) => Some(answer),
        Ended::Well(Err(refusal)) => {
            let (head, body) = refusal.render(&exchange.head);
            Some(Answer::Reply(head, body))
        }
        Ended::Panicked => {
            tracing::error!("a handler panicked");
            handle.reset(Code::INTERNAL_ERROR, "a handler panicked");
            None
        }
        Ended::Late => {
            tracing::debug!("a handler went on too long for a client that left");
            None
        }
    }
}

struct EarlyHttp2(Informer);

impl Early for EarlyHttp2 {
    fn inform(&self, _client: Version, head: &ResponseHead) {
        self.0.inform(head);
    }
}

/// `OPTIONS *` is answered by the server itself. Go: `net/http/server.go` `serverHandler.ServeHTTP`.
fn asks_for_the_server(request: &Request) -> bool {
    request.head.method == Method::OPTIONS && &request.head.target.raw[..] == b"*"
}

/// What HTTP/1 refuses as well, whoever the handler is: a backend that is asked for a tunnel may make one, and Go sends what stands behind
/// an opaque scheme on as it is.
fn refused(head: &RequestHead) -> Option<Answer> {
    if head.method == Method::CONNECT {
        return Some(bad_request("CONNECT is refused"));
    }
    (!head.target.url.opaque.is_empty()).then(|| bad_request("opaque target is refused"))
}

fn bad_field(field: BadField) -> Answer {
    bad_request(&field.to_string())
}

/// Go: `net/http/h2_bundle.go` `new400Handler`.
fn bad_request(text: &str) -> Answer {
    let mut head = ResponseHead::new(StatusCode::BAD_REQUEST);
    head.headers.append(Name::CONTENT_TYPE, "text/plain; charset=utf-8");
    head.headers.append(Name::X_CONTENT_TYPE_OPTIONS, "nosniff");
    Answer::Reply(Box::new(head), Body::whole(format!("{text}\n")))
}

/// Go: `net/http/h2_bundle.go` `handleHeaderListTooLong`.
fn too_large() -> Answer {
    let mut head = ResponseHead::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    head.headers.append(Name::CONTENT_TYPE, "text/html; charset=utf-8");
    Answer::Reply(Box::new(head), Body::whole("<h1>HTTP Error 431</h1><p>Request Header Field(s) Too Large</p>"))
}

/// A handler at work, and the client watched meanwhile.
struct Running<'a> {
    handle: &'a Handle,
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
    async fn finish<T>(&mut self, grace: std::time::Duration, mut work: Pin<&mut impl Future<Output = T>>) -> Ended<T> {
        poll_fn(|cx| {
            if self.grace.is_none() && self.handle.poll_broken(cx).is_ready() {
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
