//! A client's exchanges over HTTP/1.1: one at a time.

use std::{cell::Cell, convert::Infallible, future::pending, io, time::Duration};

use tokio::{
    io::{AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::Notify,
};
use weir::wire::Channel;

use super::Client;
use crate::{
    cast::speech::{Framing, Head, Reader, Unread, announce, drain, write_body},
    history::{Checksum, Got, Reply},
    traffic::{BodyPlan, EXPECTS_FOR, Exchange, Leave, Method, OneHop, Order, Spot, Whose, bytes_of},
};

/// A connection between two exchanges.
pub(super) type Connection = (Reader<ReadHalf<Channel>>, WriteHalf<Channel>);

/// One exchange over an idle connection, or over a new one; the connection comes back if it can be used again.
pub(super) async fn exchange(
    client: &Client,
    exchange: &Exchange,
    idle: Option<Connection>,
) -> (Got, Option<Connection>) {
    let (from, to) = match idle {
        Some(connection) => connection,
        None => match client.dial().await {
            Ok(channel) => {
                let (from, to) = tokio::io::split(channel);
                (Reader::new(from), to)
            }
            Err(error) => return (Got::Nothing(format!("dial: {error}")), None),
        },
    };
    if exchange.request.method == Method::Upgrade {
        return (tunnel(from, to, exchange).await, None);
    }
    ask(from, to, exchange).await
}

async fn ask(
    mut from: Reader<ReadHalf<Channel>>,
    mut to: WriteHalf<Channel>,
    exchange: &Exchange,
) -> (Got, Option<Connection>) {
    let (go, request) = (Notify::new(), &exchange.request);
    let leave = |from: Reader<ReadHalf<Channel>>, to, leave| {
        if leave == Leave::Reset {
            from.into_inner().unsplit(to).reset();
        }
        (Got::Left, None)
    };
    if let Some((Spot::Body(bytes), how)) = request.leaves {
        // A failed write shows that the connection is gone: the client leaves all the same.
        drop(send(&mut to, exchange, bytes, &go).await);
        return leave(from, to, how);
    }
    let (all, sent) = (request.body.bytes, Cell::new(false));
    // An answer may come before the request is sent, and instead of the rest of it.
    let read = tokio::select! {
        biased;
        read = receive(&mut from, exchange, &go) => Ok(read),
        how = async {
            sent.set(send(&mut to, exchange, all, &go).await.is_ok());
            match request.leaves {
                Some((Spot::Waiting(wait), how)) => {
                    tokio::time::sleep(wait).await;
                    how
                }
                _ => match pending::<Infallible>().await {},
            }
        } => Err(how),
    };
    match read {
        Ok(Ok((reply, ends))) => {
            let again = ends == Ends::Open && sent.get() && !from.has_more();
            (Got::Whole(reply), again.then_some((from, to)))
        }
        Ok(Err((Some(reply), _))) => (Got::Cut(reply), None),
        Ok(Err((None, error))) => (Got::Nothing(error.to_string()), None),
        Err(how) => leave(from, to, how),
    }
}

/// Sends a request up to so many bytes of its body. A 100 rings `go`.
async fn send(to: &mut WriteHalf<Channel>, exchange: &Exchange, until: usize, go: &Notify) -> io::Result<()> {
    let request = &exchange.request;
    let one_hop = match request.one_hop {
        OneHop::None => "",
        OneHop::Named => "Connection: x-one-hop\r\nX-One-Hop: 1\r\n",
        OneHop::Known => "Keep-Alive: timeout=5\r\n",
    };
    let (announced, expects) = match request.method {
        Method::Get | Method::Head => (String::new(), ""),
        Method::Post => (announce(&request.body), if request.expects { "Expect: 100-continue\r\n" } else { "" }),
        // What Go knows to be a thing of HTTP/1 also where HTTP/2 is spoken to the backend.
        Method::Upgrade => ("Connection: Upgrade\r\nUpgrade: websocket\r\n".to_owned(), ""),
    };
    let key = if request.idempotent { "Idempotency-Key: once\r\n" } else { "" };
    let (method, id) = (request.method.name(), exchange.id);
    let head = format!("{method} /exchange/{id} HTTP/1.1\r\nHost: weir\r\n{one_hop}{announced}{expects}{key}\r\n");
    to.write_all(head.as_bytes()).await?;
    to.flush().await?;
    if request.expects {
        // Without a 100 the body goes all the same, after a while.
        drop(tokio::time::timeout(EXPECTS_FOR, go.notified()).await);
    }
    let body = bytes_of(id, Whose::Request, request.body.bytes);
    let plan = BodyPlan { chunked: request.body.chunked && request.method == Method::Post, ..request.body };
    write_body(to, &plan, &body, until, "").await
}

/// Asks for a tunnel, and sends and reads until both directions have ended.
async fn tunnel(mut from: Reader<ReadHalf<Channel>>, mut to: WriteHalf<Channel>, exchange: &Exchange) -> Got {
    let (bytes, leaves) = match exchange.request.leaves {
        Some((Spot::Body(bytes), leave)) => (bytes, Some(leave)),
        Some((Spot::Waiting(_), _)) | None => (exchange.request.body.bytes, None),
    };
    // The bytes go at once, without waiting for the 101; the end waits, as a client that ends before it has an answer has left.
    let (switched, over) = (Notify::new(), Notify::new());
    let sending = async {
        // A write that fails shows in what is read.
        drop(send(&mut to, exchange, bytes, &Notify::new()).await);
        if leaves.is_none() {
            switched.notified().await;
            if exchange.reply.order == Order::Backend {
                over.notified().await;
            }
            drop(to.shutdown().await);
        }
    };
    if let Some(leave) = leaves {
        sending.await;
        if exchange.reply.order != Order::Any {
            // Out of a tunnel, and not out of the asking for one.
            drop(from.head().await);
        }
        if leave == Leave::Reset {
            from.into_inner().unsplit(to).reset();
        }
        return Got::Left;
    }
    let reading = async {
        let answered = async {
            loop {
                if let status @ (101 | 200..) = status(&from.head().await?)? {
                    break Ok(status);
                }
            }
        };
        let answered: Result<u16, Unread> = answered.await;
        switched.notify_one();
        let got = match answered {
            Ok(101) => Got::Tunnel(drain(&mut from).await),
            Ok(refused) => Got::Nothing(format!("no tunnel: {refused}")),
            Err(error) => Got::Nothing(error.to_string()),
        };
        over.notify_one();
        got
    };
    tokio::join!(sending, reading).1
}

/// What becomes of the connection behind a response.
#[derive(PartialEq, Eq)]
enum Ends {
    Open,
    Closes,
}

/// Reads a response; one that is cut comes with its error.
async fn receive(
    from: &mut Reader<ReadHalf<Channel>>,
    exchange: &Exchange,
    go: &Notify,
) -> Result<(Reply, Ends), (Option<Reply>, Unread)> {
    let (method, stuck) = (exchange.request.method, exchange.request.stuck);
    let mut hints = 0;
    let (head, status) = loop {
        let head = from.head().await.map_err(|error| (None, error))?;
        match status(&head).map_err(|error| (None, error))? {
            100 => go.notify_one(),
            103 => hints += 1,
            101..200 => {}
            status => break (head, status),
        }
    };
    let framing = if method == Method::Head || status == 204 {
        Framing::Exactly(0)
    } else {
        head.framing(Framing::UntilClose).map_err(|error| (None, error))?
    };
    let mut reply = Reply {
        status,
        hints,
        backend: head.get("x-backend").map(str::to_owned),
        answers: head.get("x-answers").and_then(|id| id.parse().ok()),
        echo: head.get("x-echo").and_then(|sum| sum.parse().ok()),
        trailer: None,
        body_bytes: 0,
        body: Checksum::EMPTY.0,
    };
    if stuck > Duration::ZERO {
        tokio::time::sleep(stuck).await;
    }
    let read = from
        .body(framing, |piece| {
            reply.body_bytes += piece.len();
            reply.body = Checksum(reply.body).with(piece).0;
        })
        .await;
    let closes = matches!(framing, Framing::UntilClose) || head.get("connection") == Some("close");
    match read {
        Ok(trailers) => {
            let sum = trailers.iter().find(|(name, _)| name == "x-sum");
            reply.trailer = sum.and_then(|(_, sum)| sum.parse().ok());
            Ok((reply, if closes { Ends::Closes } else { Ends::Open }))
        }
        Err(error) => Err((Some(reply), error)),
    }
}

fn status(head: &Head) -> Result<u16, Unread> {
    let status = head.first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| Unread::Nonsense(format!("status line {:?}", head.first)))
}
