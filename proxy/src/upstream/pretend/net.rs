use std::{
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

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf},
    sync::mpsc,
};

use crate::world::{Address, Io, Listener, LocalBoxFuture, Net, Stream};

/// What becomes of a dial.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) enum Dial {
    /// It succeeds after so long.
    After(Duration),
    /// It is refused.
    Refused,
    /// Nobody answers.
    Silence,
}

/// A network of one backend. Dials go as planned, and succeed at once when nothing is planned.
#[derive(Debug)]
pub(in crate::upstream) struct PretendNet {
    plan: Mutex<VecDeque<Dial>>,
    dialled: Mutex<Vec<String>>,
    accepted: mpsc::UnboundedSender<Peer>,
    socket_bytes: usize,
    pub(in crate::upstream) writes: Arc<AtomicUsize>,
    /// So many of the next writes fail.
    pub(in crate::upstream) failing_writes: Arc<AtomicUsize>,
    pub(in crate::upstream) resolved: Mutex<Vec<IpAddr>>,
}

/// The backend's end of a connection.
#[derive(Debug)]
pub(in crate::upstream) struct Peer {
    stream: DuplexStream,
    reset: Arc<AtomicBool>,
}

impl PretendNet {
    /// With sockets that hold so many bytes that nobody has read. `accepted` gets the other end of every connection.
    pub(super) fn new(socket_bytes: usize, accepted: mpsc::UnboundedSender<Peer>) -> Self {
        Self {
            plan: Mutex::default(),
            dialled: Mutex::default(),
            accepted,
            socket_bytes,
            writes: Arc::default(),
            failing_writes: Arc::default(),
            resolved: Mutex::new(vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))]),
        }
    }

    pub(in crate::upstream) fn plan(&self, dials: impl IntoIterator<Item = Dial>) {
        self.plan.lock().unwrap().extend(dials);
    }

    pub(in crate::upstream) fn dialled(&self) -> Vec<String> {
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
    pub(in crate::upstream) fn into_stream(self) -> DuplexStream {
        self.stream
    }

    /// The next head, its empty line included.
    pub(in crate::upstream) async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await
    }

    /// All bytes up to and with these.
    pub(in crate::upstream) async fn until(&mut self, end: &str) -> String {
        let mut seen = Vec::new();
        while !seen.ends_with(end.as_bytes()) {
            let byte = self.stream.read_u8().await;
            seen.push(byte.unwrap_or_else(|_| panic!("ended behind {:?}", String::from_utf8_lossy(&seen))));
        }
        String::from_utf8(seen).unwrap()
    }

    /// The next head; none if the other end leaves first.
    pub(in crate::upstream) async fn try_head(&mut self) -> Option<String> {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            seen.push(self.stream.read_u8().await.ok()?);
        }
        String::from_utf8(seen).ok()
    }

    /// So many bytes; none if the other end leaves first.
    pub(in crate::upstream) async fn try_bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut seen = vec![0; count];
        self.stream.read_exact(&mut seen).await.ok()?;
        Some(seen)
    }

    /// Sends to whoever is still there.
    pub(in crate::upstream) async fn say(&mut self, bytes: &str) {
        drop(self.stream.write_all(bytes.as_bytes()).await);
    }

    /// So many bytes.
    pub(in crate::upstream) async fn bytes(&mut self, count: usize) -> String {
        let mut seen = vec![0; count];
        self.stream.read_exact(&mut seen).await.unwrap();
        String::from_utf8(seen).unwrap()
    }

    /// All bytes up to the end.
    pub(in crate::upstream) async fn rest(&mut self) -> String {
        let mut seen = Vec::new();
        self.stream.read_to_end(&mut seen).await.unwrap();
        String::from_utf8(seen).unwrap()
    }

    /// Whether nothing comes, not even an end, for a while.
    pub(in crate::upstream) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(10), self.stream.read_u8()).await.is_err()
    }

    pub(in crate::upstream) async fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Answers with a body of known length.
    pub(in crate::upstream) async fn answer(&mut self, body: &str) {
        self.send(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Ends the writing side.
    pub(in crate::upstream) async fn end(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Ends the connection with a reset.
    pub(in crate::upstream) fn reset(self) {
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
