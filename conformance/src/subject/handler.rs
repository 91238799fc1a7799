//! The scripted handler, as `fixtures/README.md` describes it.

use std::{
    cell::RefCell,
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::StatusCode;
use weir::{
    chain::Handler,
    refusal::Refusal,
    wire::{Answer, Body, Cut, Exchange, Frame, Frames, Headers, Length, Name, NameSet, ResponseHead},
};

use super::seen::{SeenRequests, Slot};
use crate::scenario::{Addresses, HandlerStep};

/// Answers each request with the same steps, as a handler of Go's would.
#[derive(Debug)]
pub(super) struct ScriptedHandler {
    steps: Rc<[HandlerStep]>,
    addresses: Rc<Addresses>,
    seen: SeenRequests,
}

impl ScriptedHandler {
    pub(super) fn new(steps: Rc<[HandlerStep]>, addresses: Addresses, seen: SeenRequests) -> Self {
        Self { steps, addresses: Rc::new(addresses), seen }
    }
}

impl Handler for ScriptedHandler {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let body = exchange.take_body();
        let writer = Writer {
            steps: Rc::clone(&self.steps),
            addresses: Rc::clone(&self.addresses),
            seen: self.seen.add(&exchange.head, body.length()),
            body,
            left_over: Bytes::new(),
            limit: usize::MAX,
            headers: Headers::new(),
            withheld: NameSet::default(),
            unannounced: Headers::new(),
            announced: None,
            desk: Rc::default(),
        };
        let desk = Rc::clone(&writer.desk);
        let mut script = Script { desk: Rc::clone(&desk), work: Some(Box::pin(writer.play())) };
        let ended = poll_fn(|cx| {
            let turn = script.poll_work(cx);
            let informed: Vec<ResponseHead> = desk.borrow_mut().informed.drain(..).collect();
            informed.iter().for_each(|head| exchange.inform(head));
            match turn {
                Poll::Pending if desk.borrow().head.is_some() => Poll::Ready(Ok(())),
                turn => turn,
            }
        })
        .await;
        let head = desk.borrow_mut().head.take();
        Ok(match (ended, head) {
            (Err(cut), None) => Answer::Cut(cut),
            (Err(cut), Some(head)) => {
                desk.borrow_mut().cut = Some(cut);
                Answer::Reply(Box::new(head), Body::made(Length::Unknown, script))
            }
            (Ok(()), Some(head)) if script.work.is_none() && desk.borrow().frames.is_empty() => {
                Answer::Reply(Box::new(head), Body::empty())
            }
            (Ok(()), head) => Answer::Reply(Box::new(head.unwrap_or_else(ok)), Body::made(Length::Unknown, script)),
        })
    }
}

fn ok() -> ResponseHead {
    ResponseHead::new(StatusCode::OK)
}

/// What the running steps have laid out for the connection.
#[derive(Default)]
struct Desk {
    informed: Vec<ResponseHead>,
    head: Option<ResponseHead>,
    frames: VecDeque<Frame>,
    cut: Option<Cut>,
}

type Work = Pin<Box<dyn Future<Output = Result<(), Cut>>>>;

/// Steps that run while their answer is pulled.
struct Script {
    desk: Rc<RefCell<Desk>>,
    /// None when the last step has run.
    work: Option<Work>,
}

impl Script {
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        let Some(work) = &mut self.work else { return Poll::Ready(Ok(())) };
        let turn = work.as_mut().poll(cx);
        if turn.is_ready() {
            self.work = None;
        }
        turn
    }
}

impl Frames for Script {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        loop {
            let waiting = self.desk.borrow_mut().frames.pop_front();
            if let Some(frame) = waiting {
                return Poll::Ready(Some(Ok(frame)));
            }
            let cut = self.desk.borrow_mut().cut.take();
            if let Some(cut) = cut {
                return Poll::Ready(Some(Err(cut)));
            }
            if self.work.is_none() {
                return Poll::Ready(None);
            }
            match self.poll_work(cx) {
                Poll::Ready(Err(cut)) => self.desk.borrow_mut().cut = Some(cut),
                Poll::Ready(Ok(())) => {}
                Poll::Pending if self.desk.borrow().frames.is_empty() => return Poll::Pending,
                Poll::Pending => {}
            }
        }
    }
}

/// Go's ResponseWriter, as far as steps can see it.
struct Writer {
    steps: Rc<[HandlerStep]>,
    addresses: Rc<Addresses>,
    seen: Slot,
    body: Body,
    /// Came with what was read, and was not asked for yet.
    left_over: Bytes,
    /// How many bytes of the body may still be read.
    limit: usize,
    headers: Headers,
    /// There but nil.
    withheld: NameSet,
    /// Set under http.TrailerPrefix.
    unannounced: Headers,
    /// The names of trailers that the head announced; none before the head.
    announced: Option<Vec<Name>>,
    desk: Rc<RefCell<Desk>>,
}

impl Writer {
    async fn play(mut self) -> Result<(), Cut> {
        for step in Rc::clone(&self.steps).iter() {
            self.step(step).await?;
        }
        self.write_head(StatusCode::OK);
        let mut trailers = self.unannounced;
        for name in self.announced.unwrap_or_default() {
            for value in self.headers.all(&name) {
                trailers.append(name.clone(), Bytes::copy_from_slice(value));
            }
        }
        if !trailers.is_empty() {
            self.desk.borrow_mut().frames.push_back(Frame::Trailers(trailers));
        }
        Ok(())
    }

    async fn step(&mut self, step: &HandlerStep) -> Result<(), Cut> {
        let filled = |octets: &crate::scenario::Octets| Bytes::from(octets.filled(&self.addresses));
        match step {
            HandlerStep::Add(name, value) => self.headers.append(name_of(name), filled(value)),
            HandlerStep::Set(name, Some(value)) => self.headers.set(name_of(name), filled(value)),
            HandlerStep::Set(name, None) => {
                self.headers.remove(&name_of(name));
                self.withheld.insert(&name_of(name));
            }
            HandlerStep::Trailer(name, value) => self.unannounced.set(name_of(name), filled(value)),
            HandlerStep::Status(status) => match StatusCode::from_u16(*status) {
                Ok(status) if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS => {
                    self.inform(status.as_u16());
                }
                Ok(status) => self.write_head(status),
                // Go's WriteHeader panics.
                Err(_) => return Err(Cut::Malformed("invalid WriteHeader code")),
            },
            HandlerStep::Inform(status) => {
                self.inform(*status);
                tokio::task::yield_now().await; // so that it goes out before the next step reads, which may ask for a 100
            }
            HandlerStep::Write(bytes) => {
                let bytes = filled(bytes);
                self.write_head(StatusCode::OK);
                if !bytes.is_empty() {
                    self.desk.borrow_mut().frames.push_back(Frame::Data(bytes));
                }
                tokio::task::yield_now().await; // as above: the connection has it before the next step reads
            }
            HandlerStep::Flush => {
                self.write_head(StatusCode::OK);
                self.desk.borrow_mut().frames.push_back(Frame::Flush);
                tokio::task::yield_now().await;
            }
            HandlerStep::ReadAll => self.read(usize::MAX).await,
            HandlerStep::Read(count) => self.read(*count).await,
            HandlerStep::Pause(time) => tokio::time::sleep(*time).await,
            HandlerStep::Limit(count) => self.limit = *count,
            HandlerStep::Abort => return Err(Cut::Malformed("net/http: abort Handler")),
        }
        Ok(())
    }

    fn inform(&mut self, status: u16) {
        if self.announced.is_some() {
            return; // behind the head it is ignored
        }
        let mut head = ResponseHead::new(StatusCode::from_u16(status).expect("a scenario informs with 1xx"));
        head.headers = self.headers.clone();
        self.desk.borrow_mut().informed.push(head);
    }

    /// WriteHeader; a second one is ignored.
    fn write_head(&mut self, status: StatusCode) {
        if self.announced.is_some() {
            return;
        }
        let mut head = ResponseHead::new(status);
        head.headers = self.headers.clone();
        head.content_length = head.headers.get(&Name::CONTENT_LENGTH).and_then(number);
        head.withheld = self.withheld;
        if !self.unannounced.is_empty() {
            head.withheld.insert(&Name::CONTENT_LENGTH); // no length is computed where trailers are known to come
        }
        head.announced = head.headers.names_in(&Name::TRAILER).collect();
        head.trailer_lines = head.headers.all(&Name::TRAILER).map(names_in).collect();
        for framing in [Name::CONTENT_LENGTH, Name::TRANSFER_ENCODING, Name::TRAILER] {
            head.headers.remove(&framing);
        }
        self.announced = Some(head.announced.to_vec());
        self.desk.borrow_mut().head = Some(head);
    }

    /// Reads at most so many bytes of the body, and notes them when they are all there: Go's handler does so behind io.ReadAll.
    async fn read(&mut self, count: usize) {
        let mut read = Vec::new();
        let mut failed = false;
        while read.len() < count && !failed {
            if self.left_over.is_empty() {
                match self.body.frame().await {
                    Some(Ok(Frame::Data(bytes))) => self.left_over = bytes,
                    Some(Ok(Frame::Flush)) => {}
                    Some(Ok(Frame::Trailers(trailers))) => self.seen.trailers(&trailers),
                    Some(Err(_)) => failed = true,
                    None => break,
                }
            }
            let taken = self.left_over.len().min(count - read.len());
            if taken > self.limit {
                failed = true;
                self.headers.set(Name::CONNECTION, "close"); // http.MaxBytesReader tells the server that nobody wants the rest
            }
            let taken = taken.min(self.limit);
            self.limit -= taken;
            read.extend_from_slice(&self.left_over.split_to(taken));
        }
        self.seen.read(&read, failed);
    }
}

/// How many names a `Trailer` line has.
fn names_in(line: &[u8]) -> usize {
    line.split(|byte| *byte == b',').filter(|name| !name.trim_ascii().is_empty()).count()
}

fn name_of(name: &str) -> Name {
    Name::from_slice(name.as_bytes())
}

/// As Go's strconv.ParseInt reads a length, and takes it if it is not negative.
fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
