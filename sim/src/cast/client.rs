//! A client: asks as its plan says, and writes down what it got.

use std::{cell::Cell, convert::Infallible, future::pending, io, net::SocketAddr, rc::Rc, time::Duration};

use tokio::{
    io::{AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::Notify,
};
use weir::world::{Address, Stream, World};

use super::speech::{Framing, Head, Reader, Unread, announce, drain, write_body};
use crate::{
    history::{Answered, Asked, Checksum, Event, Got, Reply},
    traffic::{BodyPlan, ClientPlan, Exchange, Leave, Method, OneHop, Whose, bytes_of},
};

/// A client of the proxy at `proxy`.
pub(crate) struct Client {
    pub(crate) world: World,
    pub(crate) proxy: SocketAddr,
    pub(crate) note: Rc<dyn Fn(Event)>,
}

/// A connection between two exchanges.
type Connection = (Reader<ReadHalf<Stream>>, WriteHalf<Stream>);

impl Client {
    /// Asks all that is planned, over one connection as long as that lasts.
    pub(crate) async fn play(&self, plan: &ClientPlan) {
        tokio::time::sleep(plan.starts).await;
        let mut connection = None;
        for exchange in &plan.exchanges {
            tokio::time::sleep(exchange.request.think).await;
            self.ask(exchange, &mut connection).await;
        }
    }

    /// Asks small things over fresh connections until one is answered in full, at most three times.
    pub(crate) async fn probe(&self, ids: [u64; 3]) {
        for id in ids {
            if self.ask(&Exchange::probe(id), &mut None).await.is_success() {
                return;
            }
        }
    }

    async fn ask(&self, exchange: &Exchange, connection: &mut Option<Connection>) -> Got {
        let request = &exchange.request;
        (self.note)(Event::Asked(Asked {
            id: exchange.id,
            method: request.method.name().to_owned(),
            body_bytes: request.body.bytes,
            leaves_after: request.leaves.map(|(bytes, _)| bytes),
        }));
        let got = match tokio::time::timeout(PATIENCE, self.exchange(exchange, connection)).await {
            Ok(got) => got,
            Err(_) => {
                *connection = None;
                Got::Nothing("no patience left".to_owned())
            }
        };
        (self.note)(Event::Answered(Answered { id: exchange.id, got: got.clone() }));
        got
    }

    async fn exchange(&self, exchange: &Exchange, connection: &mut Option<Connection>) -> Got {
        let (mut from, mut to) = match connection.take() {
            Some(connection) => connection,
            None => match self.world.net.dial(&Address::Tcp(self.proxy)).await {
                Ok(stream) => {
                    let (from, to) = tokio::io::split(stream);
                    (Reader::new(from), to)
                }
                Err(error) => return Got::Nothing(format!("dial: {error}")),
            },
        };
        if exchange.request.method == Method::Upgrade {
            return tunnel(from, to, exchange).await;
        }
        let go = Notify::new();
        if let Some((bytes, leave)) = exchange.request.leaves {
            // A failed write shows that the connection is gone: the client leaves all the same.
            drop(send(&mut to, exchange, bytes, &go).await);
            if leave == Leave::Reset {
                from.into_inner().unsplit(to).reset();
            }
            return Got::Left;
        }
        let (all, sent) = (exchange.request.body.bytes, Cell::new(false));
        // An answer may come before the request is sent, and instead of the rest of it.
        let read = tokio::select! {
            biased;
            read = receive(&mut from, exchange.request.method, &go) => read,
            never = async {
                sent.set(send(&mut to, exchange, all, &go).await.is_ok());
                pending::<Infallible>().await
            } => match never {},
        };
        match read {
            Ok((reply, ends)) => {
                if ends == Ends::Open && sent.get() && !from.has_more() {
                    *connection = Some((from, to));
                }
                Got::Whole(reply)
            }
            Err((Some(reply), _)) => Got::Cut(reply),
            Err((None, error)) => Got::Nothing(error.to_string()),
        }
    }
}

/// Sends a request up to so many bytes of its body. A 100 rings `go`.
async fn send(to: &mut WriteHalf<Stream>, exchange: &Exchange, until: usize, go: &Notify) -> io::Result<()> {
    let request = &exchange.request;
    let one_hop = match request.one_hop {
        OneHop::None => "",
        OneHop::Named => "Connection: x-one-hop\r\nX-One-Hop: 1\r\n",
        OneHop::Known => "Keep-Alive: timeout=5\r\n",
    };
    let (announced, expects) = match request.method {
        Method::Get | Method::Head => (String::new(), ""),
        Method::Post => (announce(&request.body), if request.expects { "Expect: 100-continue\r\n" } else { "" }),
        Method::Upgrade => ("Connection: Upgrade\r\nUpgrade: echo\r\n".to_owned(), ""),
    };
    let (method, id) = (request.method.name(), exchange.id);
    let head = format!("{method} /exchange/{id} HTTP/1.1\r\nHost: weir\r\n{one_hop}{announced}{expects}\r\n");
    to.write_all(head.as_bytes()).await?;
    if request.expects {
        // Without a 100 the body goes all the same, after a while.
        drop(tokio::time::timeout(EXPECTS_FOR, go.notified()).await);
    }
    let body = bytes_of(id, Whose::Request, request.body.bytes);
    let plan = BodyPlan { chunked: request.body.chunked && request.method == Method::Post, ..request.body };
    write_body(to, &plan, &body, until, "").await
}

/// Asks for a tunnel, and sends and reads until both directions have ended.
async fn tunnel(mut from: Reader<ReadHalf<Stream>>, mut to: WriteHalf<Stream>, exchange: &Exchange) -> Got {
    let (bytes, leaves) = match exchange.request.leaves {
        Some((bytes, leave)) => (bytes, Some(leave)),
        None => (exchange.request.body.bytes, None),
    };
    // The bytes go at once, without waiting for the 101; the end waits, as a client that ends before it has an answer has left.
    let switched = Notify::new();
    let sending = async {
        // A write that fails shows in what is read.
        drop(send(&mut to, exchange, bytes, &Notify::new()).await);
        if leaves.is_none() {
            switched.notified().await;
            drop(to.shutdown().await);
        }
    };
    if let Some(leave) = leaves {
        sending.await;
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
        match answered {
            Ok(101) => Got::Tunnel(drain(&mut from).await),
            Ok(refused) => Got::Nothing(format!("no tunnel: {refused}")),
            Err(error) => Got::Nothing(error.to_string()),
        }
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
    from: &mut Reader<ReadHalf<Stream>>,
    method: Method,
    go: &Notify,
) -> Result<(Reply, Ends), (Option<Reply>, Unread)> {
    let (head, status) = loop {
        let head = from.head().await.map_err(|error| (None, error))?;
        match status(&head).map_err(|error| (None, error))? {
            100 => go.notify_one(),
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
        backend: head.get("x-backend").map(str::to_owned),
        answers: head.get("x-answers").and_then(|id| id.parse().ok()),
        echo: head.get("x-echo").and_then(|sum| sum.parse().ok()),
        trailer: None,
        body_bytes: 0,
        body: Checksum::EMPTY.0,
    };
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

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client waits for a 100.
const EXPECTS_FOR: Duration = Duration::from_millis(300);
