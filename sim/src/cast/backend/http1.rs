//! A backend's conversations over HTTP/1.1.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::Notify,
};
use weir::wire::Channel;

use super::Backend;
use crate::{
    cast::speech::{Framing, Head, Reader, Unread, announce, drain, write_body},
    history::{BodyEnded, Checksum, Event, ReplyEnd},
    traffic::{Behind, BodyPlan, Exchange, Leave, Method, Order, Shape, Whose, bytes_of},
};

type From = Reader<ReadHalf<Channel>>;
type To = WriteHalf<Channel>;

/// What becomes of a connection behind an answer.
enum Then {
    Next,
    Leave(Leave),
}

/// Answers requests, one after the other, until the connection ends.
pub(super) async fn converse(backend: &Backend, channel: Channel) {
    let (from, mut to) = tokio::io::split(channel);
    let mut from = Reader::new(from);
    while let Ok(head) = from.head().await {
        match one(backend, &head, &mut from, &mut to).await {
            Ok(Then::Next) => {}
            Ok(Then::Leave(Leave::Close)) | Err(_) => return,
            Ok(Then::Leave(Leave::Reset)) => return from.into_inner().unsplit(to).reset(),
        }
    }
}

async fn one(backend: &Backend, head: &Head, from: &mut From, to: &mut To) -> Result<Then, Unread> {
    let path = head.first.split(' ').nth(1).unwrap_or_default();
    let exchange = backend.delivered(path, head.fields.iter().map(|(name, _)| name.as_str()));
    let exchange = &exchange.ok_or_else(|| Unread::Nonsense(format!("target of {:?}", head.first)))?;
    let (id, plan) = (exchange.id, &exchange.reply);
    if plan.hints {
        to.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n").await?;
        to.flush().await?;
    }
    if exchange.request.method == Method::Upgrade {
        return tunnel(backend, exchange, from, to).await;
    }
    let mut echo = None;
    if plan.shape != Shape::Early {
        if head.get("expect").is_some() {
            to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            to.flush().await?;
        }
        echo = Some(read_body(backend, id, head, from).await?);
    }
    let answering = async {
        if plan.think > Duration::ZERO {
            tokio::time::sleep(plan.think).await;
        }
        if plan.shape == Shape::Nothing { Ok(()) } else { answer(backend, exchange, echo, to).await }
    };
    // Before the request is read, what comes is a part of it.
    let wanted = async { if echo.is_some() { from.gone().await } else { std::future::pending().await } };
    let answered = tokio::select! {
        biased;
        answered = answering => answered,
        () = wanted => Err(io::ErrorKind::NotConnected.into()),
    };
    if let Err(error) = answered {
        backend.replied(id, ReplyEnd::Unwanted);
        return Err(error.into());
    }
    let nothing = (plan.shape == Shape::Nothing).then_some(Leave::Close);
    if let Some(leave) = plan.cut.map(|(_, leave)| leave).or(nothing) {
        backend.replied(id, ReplyEnd::Cut);
        return Ok(Then::Leave(leave));
    }
    backend.replied(id, ReplyEnd::Whole);
    if plan.shape == Shape::Early {
        // The rest of the request may never come: a client that waits for a 100 has no reason to send it.
        read_body(backend, id, head, from).await?;
    }
    behind(plan.behind, to).await
}

/// What a backend does behind an answer.
async fn behind(behind: Behind, to: &mut To) -> Result<Then, Unread> {
    match behind {
        Behind::Open | Behind::Babbles => return Ok(Then::Next),
        Behind::Announced => {}
        Behind::Silent(after) => tokio::time::sleep(after).await,
        Behind::TiresOfWaiting(after) => {
            tokio::time::sleep(after).await;
            to.write_all(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await?;
            to.shutdown().await?;
        }
    }
    Ok(Then::Leave(Leave::Close))
}

/// Reads a request's body and says what its checksum is.
async fn read_body(backend: &Backend, id: u64, head: &Head, from: &mut From) -> Result<u64, Unread> {
    let (mut bytes, mut sum) = (0, Checksum::EMPTY);
    let read = from
        .body(head.framing(Framing::Exactly(0))?, |piece| {
            bytes += piece.len();
            sum = sum.with(piece);
        })
        .await;
    let ended = BodyEnded { id, backend: backend.name.clone(), whole: read.is_ok(), bytes, body: sum.0 };
    (backend.note)(Event::BodyEnded(ended));
    read.map(|_| sum.0)
}

/// Writes the answer, up to where it is cut.
async fn answer(backend: &Backend, exchange: &Exchange, echo: Option<u64>, to: &mut To) -> io::Result<()> {
    let (id, plan) = (exchange.id, &exchange.reply);
    let body = bytes_of(id, Whose::Reply, plan.body.bytes);
    let (first, announced, trailers) = match plan.shape {
        Shape::Empty => ("204 No Content", String::new(), String::new()),
        Shape::Trailer => {
            let announced = format!("Trailer: X-Sum\r\n{}", announce(&plan.body));
            ("200 OK", announced, format!("X-Sum: {}\r\n", Checksum::EMPTY.with(&body).0))
        }
        Shape::Plain | Shape::Early | Shape::Nothing => ("200 OK", announce(&plan.body), String::new()),
    };
    let echo = echo.map_or(String::new(), |sum| format!("X-Echo: {sum}\r\n"));
    let close = if plan.behind == Behind::Announced { "Connection: close\r\n" } else { "" };
    let name = &backend.name;
    let head = format!("HTTP/1.1 {first}\r\n{announced}{echo}{close}X-Backend: {name}\r\nX-Answers: {id}\r\n\r\n");
    let bodiless = exchange.request.method == Method::Head || plan.shape == Shape::Empty;
    if plan.behind == Behind::Babbles && plan.cut.is_none() {
        let mut all = head.into_bytes();
        if !bodiless {
            let at_once = BodyPlan { pause: Duration::ZERO, ..plan.body };
            write_body(&mut all, &at_once, &body, body.len(), &trailers).await?;
        }
        // It names a request that nobody has sent.
        all.extend_from_slice(b"HTTP/1.1 200 OK\r\nX-Backend: nobody\r\nX-Answers: 0\r\nContent-Length: 0\r\n\r\n");
        to.write_all(&all).await?;
        return to.flush().await;
    }
    to.write_all(head.as_bytes()).await?;
    to.flush().await?;
    if bodiless {
        return Ok(());
    }
    let until = plan.cut.map_or(body.len(), |(bytes, _)| bytes);
    write_body(to, &plan.body, &body, until, &trailers).await
}

/// Switches, and sends and reads until both directions have ended.
async fn tunnel(backend: &Backend, exchange: &Exchange, from: &mut From, to: &mut To) -> Result<Then, Unread> {
    let (id, plan) = (exchange.id, &exchange.reply);
    let body = bytes_of(id, Whose::Reply, plan.body.bytes);
    let name = &backend.name;
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Backend: {name}\r\nX-Answers: {id}\r\n\r\n"
    );
    // The first bytes of the tunnel come with its head.
    let early = plan.cut.map_or(body.len(), |(bytes, _)| bytes).min(EARLY_BYTES);
    to.write_all(&[head.as_bytes(), &body[..early]].concat()).await?;
    let rest = BodyPlan { chunked: false, bytes: body.len() - early, ..plan.body };
    let over = Notify::new();
    let sending = async {
        // A write that fails shows in what is read.
        let until = plan.cut.map_or(body.len(), |(bytes, _)| bytes) - early;
        drop(write_body(to, &rest, &body[early..], until, "").await);
        if plan.cut.is_none() {
            if plan.order == Order::Client {
                over.notified().await;
            }
            drop(to.shutdown().await);
        }
    };
    if let Some((_, leave)) = plan.cut {
        sending.await;
        backend.replied(id, ReplyEnd::Cut);
        return Ok(Then::Leave(leave));
    }
    let reading = async {
        let ended = drain(from).await;
        over.notify_one();
        ended
    };
    let ((), ended) = tokio::join!(sending, reading);
    (backend.note)(Event::TunnelEnded(id, ended));
    Ok(Then::Leave(Leave::Close))
}

/// Bytes of a tunnel that come with its 101.
const EARLY_BYTES: usize = 16;
