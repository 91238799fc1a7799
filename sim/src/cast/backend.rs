//! A backend: reads requests strictly, writes down what it saw, answers as the exchange's plan says.

use std::{future::poll_fn, rc::Rc, time::Duration};

use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use weir::world::{Address, Stream, World};

use super::speech::{Framing, Head, Reader, Unread, announce, write_body};
use crate::{
    history::{BodyEnded, Checksum, Delivered, Event, History},
    traffic::{Exchange, Leave, Traffic, Whose, bytes_of},
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

        let (mut bytes, mut sum) = (0, Checksum::EMPTY);
        let read = from
            .body(head.framing(Framing::Exactly(0))?, |piece| {
                bytes += piece.len();
                sum = sum.with(piece);
            })
            .await;
        let ended = BodyEnded { id, backend: self.name.clone(), whole: read.is_ok(), bytes, body: sum.0 };
        (self.note)(Event::BodyEnded(ended));
        read?;

        let probe = Exchange::probe(id);
        let plan = &self.traffic.exchange(id).unwrap_or(&probe).reply;
        if plan.think > Duration::ZERO {
            tokio::time::sleep(plan.think).await;
        }
        if plan.hints {
            to.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n").await?;
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\n{}X-Backend: {}\r\nX-Answers: {id}\r\nX-Echo: {}\r\n\r\n",
            announce(&plan.body),
            self.name,
            sum.0
        );
        to.write_all(head.as_bytes()).await?;
        let body = bytes_of(id, Whose::Reply, plan.body.bytes);
        let until = plan.cut.map_or(body.len(), |(bytes, _)| bytes);
        write_body(to, &plan.body, &body, until).await?;
        Ok(plan.cut.map_or(Then::Next, |(_, leave)| Then::Leave(leave)))
    }
}

/// What a machine's actors use to write down what they see.
pub(crate) fn pen(history: &std::sync::Arc<History>) -> Rc<dyn Fn(Event)> {
    let history = std::sync::Arc::clone(history);
    Rc::new(move |event| history.add(event))
}
