//! A network of one backend, in memory, for the tests of this room.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Method;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf},
    sync::mpsc,
};

use super::{
    Alpn, Download, Incoming, Origin, OutHead, Outgoing, Reply, SendError, StrippedHeaders, Transport, TransportConfig,
    tls::{Trust, client_config},
};
use crate::{
    wire::{Body, Cut, Frame, Frames, Headers, Length, Name, ResponseHead, message::Announced},
    world::{Address, Io, Listener, LocalBoxFuture, Net, Stream, real},
};

/// What becomes of a dial.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dial {
    /// It succeeds after so long.
    After(Duration),
    /// It is refused.
    Refused,
    /// Nobody answers.
    Silence,
}

/// A network of one backend. Dials go as planned, and succeed at once when nothing is planned.
#[derive(Debug)]
pub(super) struct PretendNet {
    plan: Mutex<VecDeque<Dial>>,
    dialled: Mutex<Vec<String>>,
    accepted: mpsc::UnboundedSender<Peer>,
    socket_bytes: usize,
    pub(super) writes: Arc<AtomicUsize>,
    /// So many of the next writes fail.
    pub(super) failing_writes: Arc<AtomicUsize>,
    pub(super) resolved: Mutex<Vec<IpAddr>>,
}

/// The backend's end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    stream: DuplexStream,
    reset: Arc<AtomicBool>,
}

/// A transport, and the backend it sends to.
pub(super) struct Stage {
    pub(super) transport: Transport,
    pub(super) net: Arc<PretendNet>,
    pub(super) origin: Origin,
    accepted: RefCell<mpsc::UnboundedReceiver<Peer>>,
}

impl Stage {
    pub(super) fn new(configure: impl FnOnce(&mut TransportConfig)) -> Self {
        Self::with_sockets(64 << 10, configure)
    }

    /// With sockets that hold so many bytes that nobody has read.
    pub(super) fn with_sockets(socket_bytes: usize, configure: impl FnOnce(&mut TransportConfig)) -> Self {
        let (tell, accepted) = mpsc::unbounded_channel();
        let net = Arc::new(PretendNet {
            plan: Mutex::default(),
            dialled: Mutex::default(),
            accepted: tell,
            socket_bytes,
            writes: Arc::default(),
            failing_writes: Arc::default(),
            resolved: Mutex::new(vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))]),
        });
        let mut world = real::world([7; 32]);
        world.net = Arc::<PretendNet>::clone(&net);
        let tls = client_config(&world, Trust::Anyone, None).unwrap();
        let mut config = TransportConfig::new(Arc::new(tls));
        configure(&mut config);
        let origin = Origin { tls: false, host: "backend.test".to_owned(), port: 80, address: None, alpn: Alpn::Http1 };
        Self { transport: Transport::new(world, config), net, origin, accepted: RefCell::new(accepted) }
    }

    /// The backend's end of the next connection.
    pub(super) async fn accept(&self) -> Peer {
        std::future::poll_fn(|cx| self.accepted.borrow_mut().poll_recv(cx)).await.unwrap()
    }

    /// Whether a connection was made that nobody has accepted yet.
    pub(super) fn has_new_connection(&self) -> bool {
        !self.accepted.borrow().is_empty()
    }

    pub(super) async fn send(&self, request: Outgoing) -> Result<Reply, SendError> {
        self.transport.send(&self.origin, request, &mut |_| {}).await
    }

    /// Sends a request to be answered by a response.
    pub(super) async fn respond(&self, request: Outgoing) -> Result<Incoming, SendError> {
        match self.send(request).await? {
            Reply::Response(incoming) => Ok(incoming),
            Reply::Switched(..) => panic!("the backend switched"),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn ask(&self, request: Outgoing) -> Result<(ResponseHead, String), SendError> {
        let Incoming { head, body, .. } = self.respond(request).await?;
        Ok((head, read(body).await.unwrap()))
    }
}

impl PretendNet {
    pub(super) fn plan(&self, dials: impl IntoIterator<Item = Dial>) {
        self.plan.lock().unwrap().extend(dials);
    }

    pub(super) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().clone()
    }

    fn connect(&self) -> Stream {
        let (ours, theirs) = tokio::io::duplex(self.socket_bytes);
        let reset = Arc::<AtomicBool>::default();
        let end = End {
            stream: ours,
            reset: Arc::clone(&reset),
            writes: Arc::clone(&self.writes),
            failing_writes: Arc::clone(&self.failing_writes),
        };
        // Nobody may be there to accept it: then the connection ends at once.
        drop(self.accepted.send(Peer { stream: theirs, reset }));
        Stream::Simulated(Box::pin(end))
    }
}

impl Net for PretendNet {
    fn listen(&self, _at: &Address, _workers: usize) -> io::Result<Vec<Listener>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn resolve<'a>(&'a self, _host: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(self.resolved.lock().unwrap().clone()) })
    }

    fn dial<'a>(&'a self, to: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move {
            self.dialled.lock().unwrap().push(to.to_string());
            let planned = self.plan.lock().unwrap().pop_front();
            match planned {
                None => {}
                Some(Dial::After(delay)) => tokio::time::sleep(delay).await,
                Some(Dial::Refused) => return Err(io::ErrorKind::ConnectionRefused.into()),
                Some(Dial::Silence) => std::future::pending().await,
            }
            Ok(self.connect())
        })
    }
}

impl Peer {
    /// The bare pipe.
    pub(super) fn into_stream(self) -> DuplexStream {
        self.stream
    }

    /// The next head, its empty line included.
    pub(super) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// All bytes up to and with these.
    pub(super) async fn until(&mut self, end: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(end.as_bytes()) {
            let byte = self.stream.read_u8().await;
            seen.push(byte.unwrap_or_else(|_| panic!("ended behind {:?}", String::from_utf8_lossy(&seen))));
        }
        String::from_utf8(seen).unwrap()
    }

    /// The next head; none if the other end leaves first.
    pub(super) async fn try_head(&mut self) -> Option<String> {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            seen.push(self.stream.read_u8().await.ok()?);
        }
        String::from_utf8(seen).ok()
    }

    /// So many bytes; none if the other end leaves first.
    pub(super) async fn try_bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut seen = vec![0; count];
        self.stream.read_exact(&mut seen).await.ok()?;
        Some(seen)
    }

    /// Sends to whoever is still there.
    pub(super) async fn say(&mut self, bytes: &str) {
        drop(self.stream.write_all(bytes.as_bytes()).await);
    }

    /// So many bytes.
    pub(super) async fn bytes(&mut self, count: usize) -> String {
        let mut seen = vec![0; count];
        self.stream.read_exact(&mut seen).await.unwrap();
        String::from_utf8(seen).unwrap()
    }

    /// All bytes up to the end.
    pub(super) async fn rest(&mut self) -> String {
        let mut seen = Vec::new();
        self.stream.read_to_end(&mut seen).await.unwrap();
        String::from_utf8(seen).unwrap()
    }

    /// Whether nothing comes, not even an end, for a while.
    pub(super) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(10), self.stream.read_u8()).await.is_err()
    }

    pub(super) async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Answers with a body of known length.
    pub(super) async fn answer(&mut self, body: &str) {
        self.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Ends the writing side.
    pub(super) async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Ends the connection with a reset.
    pub(super) fn reset(self) {
        self.reset.store(true, Ordering::Relaxed);
    }
}

/// Our end of a connection.
struct End {
    stream: DuplexStream,
    reset: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
    failing_writes: Arc<AtomicUsize>,
}

impl End {
    fn count_write(&self) -> io::Result<()> {
        self.check()?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        let fails = self.failing_writes.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if fails.is_ok() { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    fn check(&self) -> io::Result<()> {
        if self.reset.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.check()?;
        read
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.count_write()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.count_write()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Io for End {
    fn peer(&self) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], 80))
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 9], 1024))
    }

    fn reset(self: Pin<Box<Self>>) {}
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("End")
    }
}

/// A request without a body.
pub(super) fn get(target: &'static str) -> Outgoing {
    request("GET", target, &[], Body::empty())
}

/// A request with a body.
pub(super) fn post(target: &'static str, body: Body) -> Outgoing {
    request("POST", target, &[], body)
}

pub(super) fn request(method: &str, target: &'static str, fields: &[(Name, &'static str)], body: Body) -> Outgoing {
    let headers: Headers =
        fields.iter().map(|(name, value)| (name.clone(), Bytes::from_static(value.as_bytes()))).collect();
    Outgoing {
        head: OutHead {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            target: Bytes::from_static(target.as_bytes()),
            host: Bytes::from_static(b"h.test"),
            headers: StrippedHeaders::ours(headers),
            announced: Announced::new(),
            close: false,
        },
        body,
    }
}

/// A body that the test feeds; it ends when the sender is dropped.
pub(super) fn fed(length: Length) -> (mpsc::UnboundedSender<Result<Frame, Cut>>, Body) {
    let (feed, frames) = mpsc::unbounded_channel();
    (feed, Body::made(length, Fed(frames)))
}

struct Fed(mpsc::UnboundedReceiver<Result<Frame, Cut>>);

impl Frames for Fed {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        self.0.poll_recv(cx)
    }
}

pub(super) fn data(bytes: &'static str) -> Result<Frame, Cut> {
    Ok(Frame::Data(Bytes::from_static(bytes.as_bytes())))
}

/// The next frame of a download.
pub(super) async fn frame(download: &mut Download) -> Option<Result<Frame, Cut>> {
    std::future::poll_fn(|cx| Pin::new(&mut *download).poll_frame(cx)).await
}

/// All data of a download.
pub(super) async fn read(mut download: Download) -> Result<String, Cut> {
    let mut seen = Vec::new();
    while let Some(frame) = frame(&mut download).await {
        if let Frame::Data(data) = frame? {
            seen.extend_from_slice(&data);
        }
    }
    Ok(String::from_utf8(seen).unwrap())
}

/// Runs a test where tasks of one worker may be started.
pub(super) async fn on_a_worker(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}
