//! One connection of a script.

mod line;

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
};

use tokio::{io::AsyncWriteExt as _, sync::Notify, task::AbortHandle, time::timeout};
use tokio_rustls::TlsAcceptor;
use weir::{wire::Channel, world::Stream};

use self::line::{Line, STUCK};
use super::{
    certificates::Connect,
    framer::{self, Reader},
    inbox::{Inbox, Wanted},
    pulse::{PATIENCE, Pulse, QUIET},
};
use crate::{
    scenario::{Addresses, Await},
    trace::{Awaited, ConnectionTrace, End},
};

/// One connection of the client or the backend. It is read all the time, so that how the peer ended it is seen when it happens; awaits
/// take from what has come.
pub(super) struct Link {
    pulse: Rc<Pulse>,
    line: Line,
    state: RefCell<State>,
    changed: Notify,
    task: Cell<Option<AbortHandle>>,
}

struct State {
    ready: bool,
    inbox: Inbox,
    end: End,
    /// When something came last.
    last: u64,
    /// What is answered to frames goes out: our preface is out. Before it is kept.
    greeted: bool,
    greeting: Vec<u8>,
    awaited: Vec<Awaited>,
}

impl Link {
    /// A connection that the client opened.
    pub(super) fn connect(stream: Stream, handshake: Connect, pulse: &Rc<Pulse>) -> Rc<Self> {
        let link = Self::new(pulse);
        link.run({
            let link = Rc::clone(&link);
            async move {
                let channel = match handshake {
                    None => Ok(Channel::Plain(stream)),
                    Some((connector, name)) => {
                        within(connector.connect(name, stream)).await.map(|tls| Channel::Client(Box::new(tls)))
                    }
                };
                if let Some(channel) = link.begin(channel) {
                    let http2 = matches!(&channel, Channel::Client(tls) if speaks_h2(tls.get_ref().1.alpn_protocol()));
                    link.opened(channel, http2);
                    link.pump(http2.then(Reader::of_server)).await;
                }
            }
        });
        link
    }

    /// A connection that the subject opened.
    pub(super) fn accept(stream: Stream, handshake: Option<TlsAcceptor>, pulse: &Rc<Pulse>) -> Rc<Self> {
        let link = Self::new(pulse);
        link.run({
            let link = Rc::clone(&link);
            async move {
                let channel = match handshake {
                    None => Ok(Channel::Plain(stream)),
                    Some(acceptor) => within(acceptor.accept(stream)).await.map(|tls| Channel::Server(Box::new(tls))),
                };
                if let Some(channel) = link.begin(channel) {
                    let http2 = matches!(&channel, Channel::Server(tls) if speaks_h2(tls.get_ref().1.alpn_protocol()));
                    link.opened(channel, http2);
                    if http2 {
                        link.line.write(&framer::empty_settings()).await;
                        link.greet().await;
                    }
                    link.pump(http2.then(Reader::of_client)).await;
                }
            }
        });
        link
    }

    /// A connection that the subject opened, of which something has been read. It speaks HTTP/1.
    pub(super) fn resume(channel: Channel, came: &[u8], pulse: &Rc<Pulse>) -> Rc<Self> {
        let link = Self::new(pulse);
        link.opened(channel, false);
        link.state.borrow_mut().inbox.bytes.extend_from_slice(came);
        link.run({
            let link = Rc::clone(&link);
            async move { link.pump(None).await }
        });
        link
    }

    fn new(pulse: &Rc<Pulse>) -> Rc<Self> {
        let state = State {
            ready: false,
            inbox: Inbox::default(),
            end: End::Open,
            last: pulse.now(),
            greeted: false,
            greeting: Vec::new(),
            awaited: Vec::new(),
        };
        Rc::new(Self {
            pulse: Rc::clone(pulse),
            line: Line::default(),
            state: RefCell::new(state),
            changed: Notify::new(),
            task: Cell::new(None),
        })
    }

    fn run(&self, body: impl Future<Output = ()> + 'static) {
        self.task.set(Some(tokio::task::spawn_local(body).abort_handle()));
    }

    /// Notes a handshake that failed.
    fn begin(&self, channel: io::Result<Channel>) -> Option<Channel> {
        channel
            .map_err(|error| {
                self.state.borrow_mut().ready = true;
                self.ended(&error);
            })
            .ok()
    }

    fn opened(&self, channel: Channel, http2: bool) {
        self.line.open(channel);
        let mut state = self.state.borrow_mut();
        state.ready = true;
        state.inbox.http2 = http2;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until the TLS handshake is over.
    pub(super) async fn ready(&self) {
        while !self.state.borrow().ready {
            self.changed.notified().await;
        }
    }

    pub(super) fn speaks_http2(&self) -> bool {
        self.state.borrow().inbox.http2
    }

    /// Reads until the connection has ended.
    async fn pump(&self, mut frames: Option<Reader>) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = match self.line.receive(&mut buffer).await {
                Ok(0) => return self.ended(&io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) => return self.ended(&error),
            };
            let Some(reader) = &mut frames else {
                self.came(|state| state.inbox.bytes.extend_from_slice(&buffer[..count]));
                continue;
            };
            reader.push(&buffer[..count]);
            loop {
                match reader.next() {
                    Ok(Some(turn)) => {
                        self.came(|state| state.inbox.events.extend(turn.event));
                        self.answer(turn.answer).await;
                    }
                    Ok(None) => break,
                    Err(framer::Malformed) => return self.ended(&io::ErrorKind::InvalidData.into()),
                }
            }
        }
    }

    /// Notes something that has come, unless our own script closed the connection before.
    fn came(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.state.borrow_mut();
        if state.end != End::Closed {
            note(&mut state);
            state.last = self.pulse.now();
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Notes how the peer ended the connection.
    fn ended(&self, error: &io::Error) {
        let end = if error.kind() == io::ErrorKind::ConnectionReset { End::Rst } else { End::Fin };
        self.came(|state| state.end = end);
    }

    /// Sends what a well-behaved peer sends by itself, or keeps it until our preface is out.
    async fn answer(&self, frames: Vec<u8>) {
        if self.state.borrow().greeted {
            self.line.write(&frames).await;
        } else {
            self.state.borrow_mut().greeting.extend(frames);
        }
    }

    /// Says that our preface is out.
    pub(super) async fn greet(&self) {
        let held = {
            let mut state = self.state.borrow_mut();
            state.greeted = true;
            std::mem::take(&mut state.greeting)
        };
        self.line.write(&held).await;
    }

    /// Sends bytes. A peer that has gone is no fault of a script: what it did is seen by reading.
    pub(super) async fn write(&self, bytes: &[u8]) {
        self.line.write(bytes).await;
    }

    /// Ends the writing side: over TLS with close_notify before it.
    pub(super) async fn half_close(&self) {
        self.line.half_close().await;
    }

    /// Closes the connection: over TLS with close_notify before it.
    pub(super) async fn close(&self) {
        if let Some(mut channel) = self.closed()
            && channel.is_tls()
        {
            drop(timeout(STUCK, channel.shutdown()).await);
        }
    }

    /// Closes the connection with a reset, and no close_notify before it.
    pub(super) fn reset(&self) {
        if let Some(channel) = self.closed() {
            channel.reset();
        }
    }

    /// Notes that our own script closes the connection.
    fn closed(&self) -> Option<Channel> {
        self.came(|state| {
            state.end = End::Closed;
            state.inbox.clear();
        });
        self.line.take()
    }

    /// Ends the connection after the case is over.
    pub(super) fn tear_down(&self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        if let Some(channel) = self.line.take() {
            channel.reset();
        }
    }

    /// Plays an await and writes down what it took.
    pub(super) async fn read(&self, what: &Await, addresses: &Addresses) {
        let filled = match what {
            Await::Until(octets) => Await::Until(octets.filled(addresses).into()),
            other => other.clone(),
        };
        let start = self.pulse.now();
        let came = self
            .until(start, |state| match filled {
                Await::Quiet => self.is_quiet(state, start),
                Await::End => false,
                _ => state.inbox.measure(&filled).is_some(),
            })
            .await;
        let mut state = self.state.borrow_mut();
        let received = state.inbox.take(Wanted::This(&filled));
        state.awaited.push(Awaited { kind: what.kind(), received, gave_up: !came });
    }

    /// Waits until the connection has been quiet since a beat, or has ended.
    pub(super) async fn settle(&self, since: u64) {
        self.ready().await;
        self.until(self.pulse.now(), |state| self.is_quiet(state, since)).await;
    }

    /// Waits until `done` says so or the connection has ended; false when it lost patience.
    async fn until(&self, start: u64, done: impl Fn(&State) -> bool) -> bool {
        loop {
            let over = |state: &State| state.end != End::Open || done(state);
            if over(&self.state.borrow()) {
                return true;
            }
            if self.pulse.now() - start > PATIENCE {
                return false;
            }
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = self.pulse.beat() => {}
            }
        }
    }

    fn is_quiet(&self, state: &State, since: u64) -> bool {
        self.pulse.now().saturating_sub(state.last.max(since)) > QUIET
    }

    /// Writes the connection down as it stands now.
    pub(super) fn freeze(&self) -> ConnectionTrace {
        let mut state = self.state.borrow_mut();
        let rest = state.inbox.take(Wanted::Everything);
        ConnectionTrace { awaited: state.awaited.clone(), rest, end: state.end }
    }
}

fn speaks_h2(alpn: Option<&[u8]>) -> bool {
    alpn == Some(b"h2")
}

async fn within<T>(handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(STUCK, handshake).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
