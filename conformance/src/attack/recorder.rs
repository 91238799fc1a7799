//! The backend: it keeps every byte that the proxy sends, and answers as the probe says.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::AbortHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use weir::{wire::Channel, world::Listener};

use super::{Probe, Sender, frames};
use crate::{
    replay::{
        event::What,
        framer::{Reader, empty_settings},
    },
    strict::{self, Read},
};

/// A backend that keeps every byte.
pub struct Recorder {
    shared: Rc<Shared>,
    accepting: AbortHandle,
}

#[derive(Default)]
struct Shared {
    connections: RefCell<Vec<Rc<Connection>>>,
    manner: RefCell<Manner>,
}

/// How requests are answered that are not asked [`AFTER`] a probe.
#[derive(Clone, Default)]
struct Manner {
    bytes: Option<Vec<u8>>,
    /// As soon as the head is there.
    early: bool,
    closes: bool,
    /// Only the first: the backend attacks once.
    once: bool,
}

/// A connection that the proxy opened.
#[derive(Default)]
struct Connection {
    bytes: RefCell<Vec<u8>>,
    /// Where what belongs to the probe begins.
    mark: Cell<usize>,
    /// Where bytes begin that follow a 101.
    tunnel: Cell<Option<usize>>,
    ended: Cell<bool>,
}

/// What came on a connection while a probe was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// As requests.
    pub bytes: Vec<u8>,
    /// Behind a 101.
    pub tunnel: Vec<u8>,
    /// The proxy has ended it.
    pub ended: bool,
}

impl Recorder {
    /// Begins to accept. With an acceptor it speaks TLS, and HTTP/2 where ALPN chooses it.
    pub fn start(mut listener: Listener, tls: Option<TlsAcceptor>) -> Self {
        let shared = Rc::<Shared>::default();
        let accepting = tokio::task::spawn_local({
            let shared = Rc::clone(&shared);
            async move {
                while let Ok(stream) = std::future::poll_fn(|cx| listener.poll_accept(cx)).await {
                    let (shared, tls) = (Rc::clone(&shared), tls.clone());
                    tokio::task::spawn_local(async move {
                        match tls {
                            None => shared.attend(Channel::Plain(stream)).await,
                            Some(tls) => match tls.accept(stream).await {
                                Ok(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => {
                                    shared.attend_http2(Channel::Server(Box::new(tls))).await;
                                }
                                Ok(tls) => shared.attend(Channel::Server(Box::new(tls))).await,
                                Err(_) => {} // the proxy does not like it: nothing was said
                            },
                        }
                    });
                }
            }
        });
        Self { shared, accepting: accepting.abort_handle() }
    }

    /// Forgets what came, and answers as this probe wants it from now on.
    pub fn expect(&self, probe: &Probe) {
        self.shared.connections.borrow_mut().retain(|connection| !connection.ended.get());
        for connection in self.shared.connections.borrow().iter() {
            connection.mark.set(connection.bytes.borrow().len());
        }
        self.shared.manner.replace(Manner {
            bytes: probe.backend_bytes(),
            early: probe.answers_early(),
            closes: probe.backend_closes(),
            once: probe.from() == Sender::Backend,
        });
    }

    /// What came since; connections on which nothing came are left out.
    pub fn seen(&self) -> Vec<Seen> {
        let connections = self.shared.connections.borrow();
        let seen = connections.iter().map(|connection| {
            let bytes = connection.bytes.borrow();
            let mark = connection.mark.get().min(bytes.len());
            let tunnel = connection.tunnel.get().unwrap_or(bytes.len()).max(mark);
            Seen {
                bytes: bytes[mark..tunnel].to_vec(),
                tunnel: bytes[tunnel..].to_vec(),
                ended: connection.ended.get(),
            }
        });
        seen.filter(|seen| !seen.bytes.is_empty() || !seen.tunnel.is_empty()).collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What is done next on a connection.
enum Next {
    /// Read.
    More,
    /// Answer the request that ends there; none when its end has not come.
    Answer { end: Option<usize>, target: Vec<u8>, method: Vec<u8> },
}

impl Shared {
    fn connection(&self) -> Rc<Connection> {
        let connection = Rc::<Connection>::default();
        self.connections.borrow_mut().push(Rc::clone(&connection));
        connection
    }

    /// Speaks HTTP/1 until the proxy ends the connection.
    async fn attend(&self, mut channel: Channel) {
        let connection = self.connection();
        let (mut at, mut answered) = (0, false);
        loop {
            let next = self.next(&connection.bytes.borrow()[at..], answered);
            match next {
                Next::More => {}
                Next::Answer { end, target, method } => {
                    let (words, closes) = self.words(&target, &method);
                    if words.starts_with(b"HTTP/1.1 101") {
                        // What comes before the 101 is no part of the tunnel.
                        let _silence = timeout(BEFORE_A_101, connection.read_to_end(&mut channel)).await;
                        connection.tunnel.set(Some(connection.bytes.borrow().len()));
                    }
                    if !answered {
                        let _the_proxy_left = channel.write_all(&words).await;
                        let _the_proxy_left = channel.flush().await;
                    }
                    if closes {
                        let _the_proxy_left = channel.shutdown().await;
                    }
                    if closes || connection.tunnel.get().is_some() {
                        return connection.read_to_end(&mut channel).await;
                    }
                    answered = end.is_none();
                    if let Some(end) = end {
                        at += end;
                        continue;
                    }
                }
            }
            if !connection.read(&mut channel).await {
                return;
            }
        }
    }

    fn next(&self, bytes: &[u8], answered: bool) -> Next {
        let early = self.manner.borrow().early && !answered;
        match strict::request(bytes) {
            Ok(Read::Whole { message, length }) => {
                Next::Answer { end: Some(length), target: message.target, method: message.method }
            }
            Ok(Read::Cut(Some(message))) if early => {
                Next::Answer { end: None, target: message.target, method: message.method }
            }
            Ok(Read::Cut(_)) | Err(_) => Next::More,
        }
    }

    /// The answer to a target, and whether the connection is closed behind it.
    fn words(&self, target: &[u8], method: &[u8]) -> (Vec<u8>, bool) {
        let mut manner = self.manner.borrow_mut();
        if !target.starts_with(AFTER.as_bytes())
            && let Some(bytes) = manner.bytes.clone()
        {
            if manner.once {
                manner.bytes = None;
            }
            return (bytes, manner.closes);
        }
        let body = if method == b"HEAD" { b"" } else { target };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", target.len());
        ([head.as_bytes(), body].concat(), false)
    }

    /// Speaks HTTP/2 until the proxy ends the connection.
    async fn attend_http2(&self, mut channel: Channel) {
        let connection = self.connection();
        let mut reader = Reader::of_client();
        let _the_proxy_left = channel.write_all(&empty_settings()).await;
        let mut at = 0;
        loop {
            let _the_proxy_left = channel.flush().await;
            if !connection.read(&mut channel).await {
                return;
            }
            reader.push(&connection.bytes.borrow()[at..]);
            at = connection.bytes.borrow().len();
            while let Ok(Some(turn)) = reader.next() {
                let mut out = turn.answer;
                if let Some(event) = turn.event
                    && let What::Headers(fields) = event.what
                {
                    out.extend(self.words_http2(event.stream, &fields));
                }
                let _the_proxy_left = channel.write_all(&out).await;
            }
        }
    }

    fn words_http2(&self, stream: u32, fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let path = fields.iter().find(|(name, _)| name == b":path").map_or(&b""[..], |(_, path)| path);
        let mut manner = self.manner.borrow_mut();
        if !path.starts_with(AFTER.as_bytes())
            && let Some(bytes) = manner.bytes.take()
        {
            return bytes;
        }
        let length = path.len().to_string();
        let mut out = frames::headers(stream, &[(":status", "200"), ("content-length", &length)], false);
        out.extend(frames::data(stream, path));
        out
    }
}

impl Connection {
    /// Reads some bytes; false when the proxy has ended the connection.
    async fn read(&self, channel: &mut Channel) -> bool {
        let mut buffer = [0; 16 << 10];
        match channel.read(&mut buffer).await {
            Ok(0) | Err(_) => {
                self.ended.set(true);
                false
            }
            Ok(count) => {
                self.bytes.borrow_mut().extend_from_slice(&buffer[..count]);
                true
            }
        }
    }

    async fn read_to_end(&self, channel: &mut Channel) {
        while self.read(channel).await {}
    }
}

/// Targets that begin so are asked after a probe, and answered in order.
pub(super) const AFTER: &str = "/after";

/// How long a backend waits before it switches, to see what comes too early.
const BEFORE_A_101: Duration = Duration::from_millis(50);
