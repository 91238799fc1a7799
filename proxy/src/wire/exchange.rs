//! A request on its way, and what is answered.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt,
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    body::{Body, Cut},
    channel::Channel,
    message::{RequestHead, ResponseHead, Version},
};

/// A request on its way through the process.
#[derive(Debug)]
pub struct Exchange {
    /// Its head. Steps may rewrite it.
    pub head: Box<RequestHead>,
    /// Its body. Whoever needs it takes it out.
    pub body: Body,
    /// Who sent it.
    pub peer: Peer,
    /// What the steps found out about it.
    pub facts: Facts,
    /// Tells that the client left.
    pub gone: Gone,
    /// When the answer is owed at the latest.
    pub deadline: Option<Instant>,
    early: Rc<dyn Early>,
}

/// Writes what goes before the final head; a version of HTTP each.
pub trait Early {
    /// Queues a 1xx head for a client that speaks this version; the connection writes it at its next turn.
    fn inform(&self, client: Version, head: &ResponseHead);
}

/// Nobody hears of them: the exchange was not asked for by a client.
impl Early for () {
    fn inform(&self, _: Version, _: &ResponseHead) {}
}

impl Exchange {
    /// A request that just came in.
    pub fn new(head: impl Into<Box<RequestHead>>, body: Body, peer: Peer, gone: Gone, early: Rc<dyn Early>) -> Self {
        Self { head: head.into(), body, peer, facts: Facts::default(), gone, deadline: None, early }
    }

    /// Sends a 1xx head to the client, ahead of the answer.
    pub fn inform(&self, head: &ResponseHead) {
        self.early.inform(self.head.version, head);
    }

    /// Takes the body out and leaves an empty one.
    pub fn take_body(&mut self) -> Body {
        std::mem::replace(&mut self.body, Body::empty())
    }
}

impl fmt::Debug for dyn Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Early")
    }
}

/// The other end of the client's connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address; none on a unix socket.
    pub address: Option<SocketAddr>,
    /// What TLS told of it; none on a plain connection.
    pub tls: Option<Rc<PeerTls>>,
    /// The IP address as text: each request is told it, and each connection has one.
    ip: Option<Bytes>,
}

impl Peer {
    /// The other end of a connection.
    pub fn new(address: Option<SocketAddr>, tls: Option<Rc<PeerTls>>) -> Self {
        let ip = address.map(|address| address.ip().to_canonical().to_string().into());
        Self { address, tls, ip }
    }

    /// Its IP address as text; none on a unix socket.
    pub fn ip(&self) -> Option<&Bytes> {
        self.ip.as_ref()
    }
}

/// What TLS told of a client.
#[derive(Debug)]
pub struct PeerTls {
    /// The certificates that the client showed, its own first. They are not verified here.
    pub certificates: Vec<rustls_pki_types::CertificateDer<'static>>,
}

/// What the steps of a request found out about it: at most one value of each type.
#[derive(Default)]
pub struct Facts(Vec<Box<dyn Any>>);

impl Facts {
    /// Puts a value in, in the place of one of the same type.
    pub fn put<T: 'static>(&mut self, fact: T) {
        match self.0.iter_mut().find_map(|slot| slot.downcast_mut::<T>()) {
            Some(slot) => *slot = fact,
            None => self.0.push(Box::new(fact)),
        }
    }

    /// Takes the value of a type out.
    pub fn take<T: 'static>(&mut self) -> Option<T> {
        let at = self.0.iter().position(|slot| slot.is::<T>())?;
        self.0.swap_remove(at).downcast().ok().map(|slot| *slot)
    }

    /// The value of a type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|slot| slot.downcast_ref())
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({})", self.0.len())
    }
}

/// Tells that the client left: the soft signal. A handler stops its backend and may still answer, as Go does after a half close.
#[derive(Clone, Debug, Default)]
pub struct Gone(Rc<GoneState>);

#[derive(Debug, Default)]
struct GoneState {
    set: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Gone {
    /// The client left.
    pub fn set(&self) {
        self.0.set.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    /// Whether the client left.
    pub fn is_set(&self) -> bool {
        self.0.set.get()
    }

    /// Ready when the client has left. One task at a time may wait.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_set() {
            return Poll::Ready(());
        }
        let mut waker = self.0.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Waits until the client has left.
    pub async fn wait(&self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }
}

/// What a request gets.
#[derive(Debug)]
pub enum Answer {
    /// A response.
    Reply(Box<ResponseHead>, Body),
    /// The last response of an HTTP/1 connection, written as the backend wrote it: no filter and no server adds to it, and the connection
    /// ends behind it.
    ///
    /// Go: what is written to a connection that a handler has hijacked.
    Last(Box<ResponseHead>, Body),
    /// 101, and from then on bytes both ways.
    Switch(Box<ResponseHead>, Tunnel),
    /// Nothing: the connection (on HTTP/2 the stream) is cut.
    Cut(Cut),
}

/// The backend's side of a switched connection.
#[derive(Debug)]
pub struct Tunnel {
    /// The backend's connection.
    pub backend: Channel,
    /// The bytes that came behind the backend's 101.
    pub early: Bytes,
}
