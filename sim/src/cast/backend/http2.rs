//! A backend's conversations over HTTP/2.

use std::{future::poll_fn, rc::Rc, time::Duration};

use bytes::Bytes;
use h2::{
    RecvStream, SendStream,
    server::{Connection, SendResponse},
};
use http::{Request, Response};
use tokio::sync::mpsc;
use weir::wire::Channel;

use super::{
    Backend,
    goaway::{Between, Goaway},
};
use crate::{
    cast::frames,
    history::{BodyEnded, Checksum, Event, ReplyEnd},
    traffic::{Behind, Exchange, Leave, Method, Shape, Unseen, Whose, bytes_of},
};

/// Answers requests, all at a time, until the connection ends.
pub(super) async fn converse(backend: &Backend, channel: Channel) {
    let mut builder = h2::server::Builder::new();
    let builder = builder.initial_window_size(1 << 16).initial_connection_window_size(1 << 24);
    // A connection that fails shows in its streams.
    let goaway = Goaway::default();
    let Ok(connection) = builder.handshake(Between::new(channel, goaway.clone())).await else { return };
    accept(backend, connection, goaway).await;
}

async fn accept(backend: &Backend, mut connection: Connection<Between, Bytes>, goaway: Goaway) {
    // Requests that GOAWAY has left behind: nothing is said to them.
    let mut left_behind = Vec::new();
    let (tell, mut told) = mpsc::channel::<()>(1);
    let tell = Rc::new(tell);
    loop {
        let asked = tokio::select! {
            biased;
            Some(()) = told.recv() => {
                connection.graceful_shutdown();
                continue;
            }
            asked = connection.accept() => asked,
        };
        let Some(Ok((request, mut respond))) = asked else { return };
        let unseen = if left_behind.is_empty() { backend.unseen(request.uri().path()) } else { Unseen::LeftBehind };
        match unseen {
            Unseen::No => {}
            Unseen::Refused => {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
                continue;
            }
            Unseen::LeftBehind => {
                if left_behind.is_empty() {
                    goaway.say(respond.stream_id().as_u32().saturating_sub(2));
                }
                left_behind.push((request, respond));
                continue;
            }
        }
        let (backend, tell) = (backend.clone(), Rc::clone(&tell));
        tokio::task::spawn_local(async move {
            if one(&backend, request, respond).await == Then::Last {
                // Once is enough.
                let _told = tell.try_send(());
            }
        });
    }
}

/// What becomes of a connection behind an answer.
#[derive(PartialEq, Eq)]
enum Then {
    Next,
    Last,
}

async fn one(backend: &Backend, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) -> Then {
    let fields = request.headers().keys().map(http::HeaderName::as_str);
    let Some(exchange) = backend.delivered(request.uri().path(), fields) else { return Then::Next };
    let end = match answer(backend, &exchange, request.into_body(), &mut respond).await {
        Ok(end) => end,
        Err(_) => ReplyEnd::Unwanted,
    };
    backend.replied(exchange.id, end);
    match exchange.reply.behind {
        Behind::Open | Behind::Babbles => Then::Next,
        Behind::Announced | Behind::Silent(_) | Behind::TiresOfWaiting(_) => Then::Last,
    }
}

async fn answer(
    backend: &Backend,
    exchange: &Exchange,
    mut from: RecvStream,
    respond: &mut SendResponse<Bytes>,
) -> Result<ReplyEnd, h2::Error> {
    let plan = &exchange.reply;
    if plan.hints {
        let hints = Response::builder().status(103).header("link", "</a.css>").body(());
        respond.send_informational(hints.expect("a head that is right"))?;
    }
    let mut echo = None;
    if plan.shape != Shape::Early {
        echo = Some(read_body(backend, exchange.id, &mut from).await?);
    }
    if plan.think > Duration::ZERO {
        tokio::select! {
            biased;
            () = tokio::time::sleep(plan.think) => {}
            _ = poll_fn(|cx| respond.poll_reset(cx)) => return Err(frames::gone()),
        }
    }
    if plan.shape == Shape::Nothing {
        respond.send_reset(h2::Reason::INTERNAL_ERROR);
        return Ok(ReplyEnd::Cut);
    }
    let bodiless = exchange.request.method == Method::Head || plan.shape == Shape::Empty;
    let mut to = respond.send_response(head(backend, exchange, echo), bodiless)?;
    if bodiless {
        return Ok(ReplyEnd::Whole);
    }
    let end = send(exchange, &mut to).await?;
    if plan.shape == Shape::Early && end == ReplyEnd::Whole {
        // The rest of the request may never come.
        drop(read_body(backend, exchange.id, &mut from).await);
    }
    Ok(end)
}

fn head(backend: &Backend, exchange: &Exchange, echo: Option<u64>) -> Response<()> {
    let plan = &exchange.reply;
    let status = if plan.shape == Shape::Empty { 204 } else { 200 };
    let mut head = Response::builder().status(status).header("x-backend", &backend.name);
    head = head.header("x-answers", exchange.id);
    if let Some(echo) = echo {
        head = head.header("x-echo", echo);
    }
    if plan.shape == Shape::Trailer {
        head = head.header("trailer", "X-Sum");
    }
    if !plan.body.chunked && plan.shape != Shape::Empty {
        head = head.header("content-length", plan.body.bytes);
    }
    head.body(()).expect("a head that is right")
}

/// Sends the answer's body, up to where it is cut.
async fn send(exchange: &Exchange, to: &mut SendStream<Bytes>) -> Result<ReplyEnd, h2::Error> {
    let plan = &exchange.reply;
    let body = bytes_of(exchange.id, Whose::Reply, plan.body.bytes);
    let sum = Checksum::EMPTY.with(&body).0;
    let mut body = Bytes::from(body);
    if let Some((bytes, leave)) = plan.cut {
        body.truncate(bytes);
        frames::send(to, &plan.body, body, frames::End::Open).await?;
        to.send_reset(match leave {
            Leave::Close => h2::Reason::CANCEL,
            Leave::Reset => h2::Reason::INTERNAL_ERROR,
        });
        return Ok(ReplyEnd::Cut);
    }
    if plan.shape != Shape::Trailer {
        frames::send(to, &plan.body, body, frames::End::Said).await?;
        return Ok(ReplyEnd::Whole);
    }
    frames::send(to, &plan.body, body, frames::End::Open).await?;
    let trailers = http::HeaderMap::from_iter([(http::HeaderName::from_static("x-sum"), sum.into())]);
    to.send_trailers(trailers)?;
    Ok(ReplyEnd::Whole)
}

/// Reads a request's body and says what its checksum is.
async fn read_body(backend: &Backend, id: u64, from: &mut RecvStream) -> Result<u64, h2::Error> {
    let (mut bytes, mut sum) = (0, Checksum::EMPTY);
    let read = async {
        while let Some(piece) = from.data().await {
            let piece = piece?;
            bytes += piece.len();
            sum = sum.with(&piece);
            from.flow_control().release_capacity(piece.len())?;
        }
        Ok(())
    };
    let read: Result<(), h2::Error> = read.await;
    let ended = BodyEnded { id, backend: backend.name.clone(), whole: read.is_ok(), bytes, body: sum.0 };
    (backend.note)(Event::BodyEnded(ended));
    read.map(|()| sum.0)
}
