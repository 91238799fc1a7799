//! A backend: reads requests strictly, writes down what it saw, answers as the exchange's plan says.

use std::{future::poll_fn, io, rc::Rc, time::Duration};

use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use weir::world::{Address, Stream, World};

use super::speech::{Framing, Head, Reader, Unread, announce, drain, write_body};
use crate::{
    history::{BodyEnded, Checksum, Delivered, Event, History},
    traffic::{Behind, BodyPlan, Exchange, Leave, Method, Shape, Traffic, Whose, bytes_of},
};

/// The port that backends listen on.
pub(crate) const PORT: u16 = 8080;

/// Answers until the machine stops.
pub(crate) async fn serve(world: World, name: String, traffic: Rc<Traffic>, history: Rc<dyn Fn(Event)>) {
    let all = Address::Tcp(([0, 0, 0, 0], PORT).into());
    let mut listener = world.net.listen(&all, 1).expect("the machine has just started").remove(0);
    while let Ok(stream) = poll_fn(|cx| listener.poll_accept(cx)).await {
        let at = Backend { name: name.clone(), traffic: Rc::clone(&traffic), note: Rc::clone(&history) };
        tokio::task::spawn_local(async move { at.converse(stream).await });
    }
}

struct Backend {
    name: String,
    traffic: Rc<Traffic>,
    note: Rc<dyn Fn(Event)>,
}

/// What becomes of a connection behind an answer.
enum Then {
    Next,
    Leave(Leave),
}

impl Backend {
    async fn converse(&self, stream: Stream) {
        let (from, mut to) = tokio::io::split(stream);
        let mut from = Reader::new(from);
        while let Ok(head) = from.head().await {
            match self.one(&head, &mut from, &mut to).await {
                Ok(Then::Next) => {}
                Ok(Then::Leave(Leave::Close)) | Err(_) => return,
                Ok(Then::Leave(Leave::Reset)) => return from.into_inner().unsplit(to).reset(),
            }
        }
    }

    async fn one(
        &self,
        head: &Head,
        from: &mut Reader<ReadHalf<Stream>>,
        to: &mut WriteHalf<Stream>,
    ) -> Result<Then, Unread> {
        let id = head.first.split(' ').nth(1).and_then(|path| path.strip_prefix("/exchange/"));
        let id = id.and_then(|id| id.parse().ok());
        let id: u64 = id.ok_or_else(|| Unread::Nonsense(format!("target of {:?}", head.first)))?;
        let fields = head.fields.iter().map(|(name, _)| name.clone()).collect();
        (self.note)(Event::Delivered(Delivered { id, backend: self.name.clone(), fields }));

        let probe = Exchange::probe(id);
        let exchange = self.traffic.exchange(id).unwrap_or(&probe);
        let plan = &exchange.reply;
        if plan.hints {
            to.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n").await?;
        }
        if exchange.request.method == Method::Upgrade {
            return self.tunnel(exchange, from, to).await;
        }
        let mut echo = None;
        if plan.shape != Shape::Early {
            if head.get("expect").is_some() {
                to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            }
            echo = Some(self.read_body(id, head, from).await?);
        }
        if plan.think > Duration::ZERO {
            tokio::time::sleep(plan.think).await;
        }
        self.answer(exchange, echo, to).await?;
        if let Some((_, leave)) = plan.cut {
            return Ok(Then::Leave(leave));
        }
        if plan.shape == Shape::Early {
            // The rest of the request may never come: a client that waits for a 100 has no reason to send it.
            self.read_body(id, head, from).await?;
        }
        Ok(if plan.behind == Behind::Open { Then::Next } else { Then::Leave(Leave::Close) })
    }

    /// Reads a request's body and says what its checksum is.
    async fn read_body(&self, id: u64, head: &Head, from: &mut Reader<ReadHalf<Stream>>) -> Result<u64, Unread> {
        let (mut bytes, mut sum) = (0, Checksum::EMPTY);
        let read = from
            .body(head.framing(Framing::Exactly(0))?, |piece| {
                bytes += piece.len();
                sum = sum.with(piece);
            })
            .await;
        let ended = BodyEnded { id, backend: self.name.clone(), whole: read.is_ok(), bytes, body: sum.0 };
        (self.note)(Event::BodyEnded(ended));
        read.map(|_| sum.0)
    }

    /// Writes the answer, up to where it is cut.
    async fn answer(&self, exchange: &Exchange, echo: Option<u64>, to: &mut WriteHalf<Stream>) -> io::Result<()> {
        let (id, plan) = (exchange.id, &exchange.reply);
        let body = bytes_of(id, Whose::Reply, plan.body.bytes);
        let (first, announced, trailers) = match plan.shape {
            Shape::Empty => ("204 No Content", String::new(), String::new()),
            Shape::Trailer => {
                let announced = format!("Trailer: X-Sum\r\n{}", announce(&plan.body));
                ("200 OK", announced, format!("X-Sum: {}\r\n", Checksum::EMPTY.with(&body).0))
            }
            Shape::Plain | Shape::Early => ("200 OK", announce(&plan.body), String::new()),
        };
        let echo = echo.map_or(String::new(), |sum| format!("X-Echo: {sum}\r\n"));
        let close = if plan.behind == Behind::Announced { "Connection: close\r\n" } else { "" };
        let name = &self.name;
        let head = format!("HTTP/1.1 {first}\r\n{announced}{echo}{close}X-Backend: {name}\r\nX-Answers: {id}\r\n\r\n");
        to.write_all(head.as_bytes()).await?;
        if exchange.request.method == Method::Head || plan.shape == Shape::Empty {
            return Ok(());
        }
        let until = plan.cut.map_or(body.len(), |(bytes, _)| bytes);
        write_body(to, &plan.body, &body, until, &trailers).await
    }

    /// Switches, and sends and reads until both directions have ended.
    async fn tunnel(
        &self,
        exchange: &Exchange,
        from: &mut Reader<ReadHalf<Stream>>,
        to: &mut WriteHalf<Stream>,
    ) -> Result<Then, Unread> {
        let (id, plan) = (exchange.id, &exchange.reply);
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Backend: {}\r\nX-Answers: {id}\r\n\r\n",
            self.name
        );
        to.write_all(head.as_bytes()).await?;
        let body = bytes_of(id, Whose::Reply, plan.body.bytes);
        let sending = async {
            // A write that fails shows in what is read.
            let until = plan.cut.map_or(body.len(), |(bytes, _)| bytes);
            drop(write_body(to, &BodyPlan { chunked: false, ..plan.body }, &body, until, "").await);
            if plan.cut.is_none() {
                drop(to.shutdown().await);
            }
        };
        if let Some((_, leave)) = plan.cut {
            sending.await;
            return Ok(Then::Leave(leave));
        }
        let ((), ended) = tokio::join!(sending, drain(from));
        (self.note)(Event::TunnelEnded(id, ended));
        Ok(Then::Leave(Leave::Close))
    }
}

/// What a machine's actors use to write down what they see.
pub(crate) fn pen(history: &std::sync::Arc<History>) -> Rc<dyn Fn(Event)> {
    let history = std::sync::Arc::clone(history);
    Rc::new(move |event| history.add(event))
}
