//! A world in memory: time moves when nothing else can, and what is dialled is handed to whoever plays the backend.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    sync::mpsc,
    task::LocalSet,
};
use weir::world::{Address, Clock, Io, Listener, LocalBoxFuture, Net, Stream, Wall, World, real};

/// What a socket holds that nobody has read.
const SOCKET_BYTES: usize = 64 << 10;
/// Of pretended time: whatever is still going on then will go on for ever.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Plays a scene on a thread of its own time.
///
/// # Panics
/// It does not come to its end.
pub(crate) fn play<T>(scene: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let Ok(played) = tokio::time::timeout(PATIENCE, scene).await else { panic!("it goes on for ever") };
        played
    })
}

/// A world whose backends are played by whoever gets the other ends of the connections.
pub(crate) fn world() -> (World, mpsc::UnboundedReceiver<DuplexStream>) {
    let (dialled, accepted) = mpsc::unbounded_channel();
    let mut world = real::world([7; 32]);
    world.clock = Arc::new(StillClock);
    world.net = Arc::new(MemoryNet { dialled });
    (world, accepted)
}

/// Two ends of a connection: the peer's, and ours.
pub(crate) fn connection() -> (DuplexStream, Stream) {
    let (theirs, ours) = tokio::io::duplex(SOCKET_BYTES);
    (theirs, Stream::Simulated(Box::pin(Pipe(ours))))
}

#[derive(Debug)]
struct StillClock;

impl Clock for StillClock {
    fn wall(&self) -> Wall {
        Wall(Duration::from_secs(1_800_000_000))
    }

    fn now(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }
}

#[derive(Debug)]
struct MemoryNet {
    dialled: mpsc::UnboundedSender<DuplexStream>,
}

impl Net for MemoryNet {
    fn listen(&self, _at: &Address, _workers: usize) -> io::Result<Vec<Listener>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn resolve<'a>(&'a self, _host: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))]) })
    }

    fn dial<'a>(&'a self, _to: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>> {
        Box::pin(async {
            let (theirs, ours) = connection();
            self.dialled.send(theirs).map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(ours)
        })
    }
}

#[derive(Debug)]
struct Pipe(DuplexStream);

impl Io for Pipe {
    fn peer(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 1024))
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 2], 80))
    }

    fn reset(self: Pin<Box<Self>>) {}
}

impl AsyncRead for Pipe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
