//! A client's HTTP/1 connection, from its first byte to its end.

mod alarm;
mod reply;
mod request;

use std::{
    cell::RefCell,
    future::poll_fn,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
};

use tokio::time::{Instant, timeout, timeout_at};

use self::{
    alarm::Alarm,
    reply::{After, Reply},
    request::{Next, Wait},
};
use super::{KeepAlive, Settings, Stop};
use crate::{
    chain::Handler,
    config::limits::{HTTP1_EARLY_BYTES_MAX, HTTP1_LINGER, TLS_CLOSE_TIMEOUT},
    refusal::Refusal,
    upgrade,
    wire::{
        Answer, Body, Channel, Exchange, Gone, Length, Name, Peer, ResponseHead, Tunnel,
        exchange::Early,
        http1::{self, BodyState, Connection, Expect, Incoming, Request},
        message::Version,
    },
    world::{Planted, World},
};

/// A connection as its loop and the bodies of its requests share it.
type Shared = Rc<RefCell<Connection>>;

/// Serves a connection's requests, one after the other, until it ends.
///
/// Not an `async fn`: such a one keeps its arguments twice, and there are very many connections. What follows the last request is boxed for
/// the same reason, as is what a request needs.
pub(super) fn serve<H: Handler>(
    channel: Channel,
    peer: Peer,
    handler: &H,
    settings: &Settings,
    world: &World,
    stop: Stop,
) -> impl Future<Output = ()> {
    let connection = Connection::new(channel, settings.head).with_send_timeout(settings.send_timeout);
    let shared: Shared = Rc::new(RefCell::new(connection));
    async move {
        let gone = Gone::default();
        let mut alarm = Alarm::default();
        let mut stopping = stop.clone();
        // Waits on from request to request: to begin anew costs more than all the rest of the waiting.
        let mut stopped = pin!(stopping.wait());
        // Once is said and done as it is when the server stops.
        let closing = match settings.keep_alive {
            KeepAlive::Allowed => stop.clone(),
            KeepAlive::Never => Stop::already(),
        };
        let mut first = true;
        loop {
            let wait = Wait { settings, first, stop: &stop, stopped: stopped.as_mut(), alarm: &mut alarm };
            let request = match request::next(&shared, wait).await {
                Next::Request(request) => request,
                Next::Refused(answer) => return Box::pin(refuse(&shared, answer)).await,
                Next::End => return end(&shared).await,
            };
            first = false;
            match Box::pin(one(&shared, &peer, &gone, handler, request, world, &closing)).await {
                After::KeepAlive if closing.is_set() => return end(&shared).await,
                After::KeepAlive => {}
                After::Close => return end(&shared).await,
                After::Linger => return Box::pin(linger(&shared)).await,
                After::Reset => return reset(shared),
                After::Switch(tunnel) => return Box::pin(switch(shared, tunnel, world.planted)).await,
            }
        }
    }
}

/// Serves one request.
async fn one<H: Handler>(
    shared: &Shared,
    peer: &Peer,
    gone: &Gone,
    handler: &H,
    request: Request,
    world: &World,
    stop: &Stop,
) -> After {
    let mut reply = Reply::new(shared, &request, world, stop);
    if let Some(head) = request::answered_by_the_server(&request) {
        return Box::pin(reply.send_head(head)).await;
    }
    let upgrade_asked = request.head.headers.has_token(&Name::CONNECTION, b"upgrade");
    let Some((answer, deadline)) = ask(shared, peer, gone, handler, request).await else {
        return After::Close; // the handler panicked: as in Go, nothing is said
    };
    if upgrade_asked && !matches!(answer, Answer::Switch(..)) {
        reply.refuse_upgrade();
    }
    match answer {
        Answer::Reply(head, body) => within(deadline, pin!(reply.send(head, body, gone))).await,
        Answer::Last(head, body) => within(deadline, Box::pin(reply.send_last(&head, body, gone)).as_mut()).await,
        Answer::Switch(head, tunnel) => reply.switch(&head, tunnel).await,
        Answer::Cut(cut) => {
            tracing::debug!(error = %cut, "answer was cut");
            After::Close
        }
    }
}

/// What the handler answers, and by when that is to be sent; none if it panics.
async fn ask<H: Handler>(
    shared: &Shared,
    peer: &Peer,
    gone: &Gone,
    handler: &H,
    request: Request,
) -> Option<(Answer, Option<Instant>)> {
    let body = body_of(shared, &request);
    let mut exchange =
        Exchange::new(request.head, body, peer.clone(), gone.clone(), Rc::clone(shared) as Rc<dyn Early>);
    let served = run(shared, gone, pin!(handler.serve(&mut exchange))).await?;
    let answer = match served {
        Ok(answer) => answer,
        Err(refusal) => refused(&refusal, &exchange),
    };
    let within_body = matches!(answer, Answer::Switch(..)) && shared.borrow().body_state() != BodyState::Done;
    let answer = if within_body { switched_too_early(&exchange) } else { answer };
    Some((answer, exchange.deadline))
}

/// Bounds how long an answer may take to be sent: a client that neither reads it nor sends what it owes holds whatever the request holds.
async fn within(deadline: Option<Instant>, sent: Pin<&mut impl Future<Output = After>>) -> After {
    match deadline {
        Some(deadline) => timeout_at(deadline, sent).await.unwrap_or(After::Reset),
        None => sent.await,
    }
}

fn refused(refusal: &Refusal, exchange: &Exchange) -> Answer {
    let (head, body) = refusal.render(&exchange.head);
    Answer::Reply(head, body)
}

/// What is left of the request's body is neither the tunnel's nor a next request.
fn switched_too_early(exchange: &Exchange) -> Answer {
    let refusal = Refusal::UpgradeMismatch("protocols were switched within the request's body".to_owned());
    let (mut head, body) = refusal.render(&exchange.head);
    head.close = true;
    Answer::Reply(head, body)
}

fn body_of(shared: &Shared, request: &Request) -> Body {
    if request.length == Length::Empty {
        return Body::empty();
    }
    if request.expect == Expect::Continue && request.head.version >= Version::Http11 {
        shared.borrow_mut().owe_continue();
    }
    Body::http1(Incoming::new(Rc::clone(shared), request.length))
}

/// Runs a handler to its end, none if it panics. Meanwhile what it queues is written, and the client is watched.
///
/// It waits while a client does not read the 1xx heads that it has queued: a backend can send any number of them.
async fn run<T>(shared: &Shared, gone: &Gone, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut turn = |cx: &mut Context<'_>| {
        write_early(shared, gone, cx);
        if shared.borrow().out.len() > HTTP1_EARLY_BYTES_MAX && !gone.is_set() {
            return Poll::Pending;
        }
        let turn = std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        // A 1xx may have been queued in this turn.
        write_early(shared, gone, cx);
        match turn {
            Ok(turn) => turn.map(Some),
            Err(_) => {
                tracing::error!("a handler panicked");
                Poll::Ready(None)
            }
        }
    };
    poll_fn(|cx| watched(shared, gone, cx, &mut turn)).await
}

/// Takes a turn of some work, and watches the client while the work waits: it gets another turn when the client turns out to have left.
fn watched<T>(
    shared: &Shared,
    gone: &Gone,
    cx: &mut Context<'_>,
    mut turn: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    let knew = gone.is_set();
    let taken = turn(cx);
    if taken.is_ready() || knew {
        return taken;
    }
    watch(shared, gone, cx);
    if gone.is_set() { turn(cx) } else { Poll::Pending }
}

/// Writes the 1xx heads that wait. A client that cannot be written to has left.
fn write_early(shared: &Shared, gone: &Gone, cx: &mut Context<'_>) {
    let mut connection = shared.borrow_mut();
    if connection.has_output()
        && !connection.failed()
        && let Poll::Ready(Err(_)) = connection.poll_flush(cx)
    {
        gone.set();
    }
}

/// Notices that the client leaves, once the request's body has been read: as Go, which reads one byte ahead, and no further when one comes.
fn watch(shared: &Shared, gone: &Gone, cx: &mut Context<'_>) {
    let mut connection = shared.borrow_mut();
    if connection.body_state() != BodyState::Open && !gone.is_set() && connection.poll_gone(cx).is_ready() {
        gone.set();
    }
}

/// Writes Go's answer to bytes that are no request, and ends the connection.
async fn refuse(shared: &Shared, answer: &'static [u8]) {
    shared.borrow_mut().out.buffer().extend_from_slice(answer);
    if answer.starts_with(b"HTTP/1.1 431") {
        return linger(shared).await;
    }
    end(shared).await;
}

/// Writes what waits, then ends the connection.
async fn end(shared: &Shared) {
    let written = poll_fn(|cx| shared.borrow_mut().poll_flush(cx)).await;
    if written.is_ok() {
        // Boxed: a connection keeps the room. The peer may be gone already, or take not even this: there is nobody to tell.
        let _ = Box::pin(timeout(TLS_CLOSE_TIMEOUT, poll_fn(|cx| shared.borrow_mut().poll_end(cx)))).await;
    }
}

/// Ends the writing side and waits before the connection is closed: a client that is still sending would else meet a reset and might lose
/// the answer.
///
/// Go: `net/http/server.go` `closeWriteAndWait`.
async fn linger(shared: &Shared) {
    end(shared).await;
    tokio::time::sleep(HTTP1_LINGER).await;
}

/// Ends the connection so that the client sees that it broke off.
fn reset(shared: Shared) {
    match Rc::try_unwrap(shared) {
        Ok(connection) => connection.into_inner().into_parts().0.reset(),
        Err(_) => tracing::error!("a connection that is to be reset is still shared"),
    }
}

/// Hands the bare connection to the tunnel.
async fn switch(shared: Shared, tunnel: Tunnel, planted: Planted) {
    match Rc::try_unwrap(shared) {
        Ok(connection) => {
            let (channel, early) = connection.into_inner().into_parts();
            upgrade::run(channel, early, tunnel, planted).await;
        }
        Err(_) => tracing::error!("a switched connection is still shared"),
    }
}

/// Queues 1xx heads on an HTTP/1 connection.
impl Early for RefCell<Connection> {
    fn inform(&self, client: Version, head: &ResponseHead) {
        let mut connection = self.borrow_mut();
        if connection.failed() {
            return;
        }
        if head.status.as_u16() == 100 {
            connection.forget_continue();
        }
        http1::write_informational(connection.out.buffer(), head, client);
    }
}

#[cfg(test)]
mod tests;
