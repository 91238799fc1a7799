use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

use super::LocalBoxFuture;

/// Sockets and names.
pub trait Net: fmt::Debug + Send + Sync {
    /// One listener per worker, all of them at `at`.
    ///
    /// Real: a group of sockets that share the port, bound only after a plain bind has proved the port free. Port 0 takes a free one, the
    /// same for all.
    fn listen(&self, at: &Address, workers: usize) -> io::Result<Vec<Listener>>;

    /// The addresses of a host name, in the resolver's order; an address in text form is its own answer.
    fn resolve<'a>(&'a self, host: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>>;

    /// Connects; dropping the future gives the attempt up.
    fn dial<'a>(&'a self, to: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>>;
}

/// Where a socket listens or is dialled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// An IP address and port.
    Tcp(SocketAddr),
    /// A unix socket's path.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A stream of bytes that the world carries. Real sockets keep a static path.
#[derive(Debug)]
pub enum Stream {
    /// A TCP connection of the operating system.
    Tcp(TcpStream),
    /// A unix socket of the operating system.
    Unix(UnixStream),
    /// The simulator's.
    Simulated(Pin<Box<dyn Io>>),
}

/// A simulated connection.
pub trait Io: AsyncRead + AsyncWrite + fmt::Debug + Send {
    /// The other end.
    fn peer(&self) -> SocketAddr;

    /// This end.
    fn local(&self) -> SocketAddr;

    /// Ends the connection so that the peer sees a reset, not an end.
    fn reset(self: Pin<Box<Self>>);
}

impl Stream {
    /// The other end; none for a unix socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr().ok(),
            Self::Unix(_) => None,
            Self::Simulated(io) => Some(io.peer()),
        }
    }

    /// This end; none for a unix socket.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.local_addr().ok(),
            Self::Unix(_) => None,
            Self::Simulated(io) => Some(io.local()),
        }
    }

    /// Ends the connection so that the peer sees a reset (TCP), not an end.
    pub fn reset(self) {
        match self {
            // Nothing is owed to the peer if this fails: the stream is dropped either way.
            Self::Tcp(stream) => drop(stream.set_zero_linger()),
            Self::Unix(stream) => drop(stream),
            Self::Simulated(io) => io.reset(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Simulated(io) => io.as_mut().poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Simulated(io) => io.as_mut().poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Simulated(io) => io.as_mut().poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
            Self::Simulated(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Simulated(io) => io.as_mut().poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Simulated(io) => io.as_mut().poll_shutdown(cx),
        }
    }
}

/// A worker's handle on a listening socket.
#[derive(Debug)]
pub enum Listener {
    /// A TCP socket that listens, on its way to its worker: it joins the runtime of whoever accepts from it first.
    BoundTcp(std::net::TcpListener),
    /// The same for a unix socket.
    BoundUnix(std::os::unix::net::UnixListener),
    /// A TCP listener on its worker.
    Tcp(TcpListener),
    /// A unix socket on its worker.
    Unix(UnixListener),
    /// The simulator's.
    Simulated(Box<dyn Accept>),
}

/// A simulated listener.
pub trait Accept: fmt::Debug + Send {
    /// The next connection.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>>;

    /// Where it listens.
    fn local(&self) -> SocketAddr;
}

impl Listener {
    /// The next connection. Small writes go out at once (TCP_NODELAY).
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        self.join_runtime()?;
        match self {
            Self::BoundTcp(_) | Self::BoundUnix(_) => Poll::Pending, // they have just joined
            Self::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| {
                // A peer that is already gone makes this fail; the first read says so.
                drop(stream.set_nodelay(true));
                Stream::Tcp(stream)
            }),
            Self::Unix(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| Stream::Unix(stream)),
            Self::Simulated(accept) => accept.poll_accept(cx),
        }
    }

    fn join_runtime(&mut self) -> io::Result<()> {
        *self = match self {
            Self::BoundTcp(bound) => Self::Tcp(TcpListener::from_std(bound.try_clone()?)?),
            Self::BoundUnix(bound) => Self::Unix(UnixListener::from_std(bound.try_clone()?)?),
            Self::Tcp(_) | Self::Unix(_) | Self::Simulated(_) => return Ok(()),
        };
        Ok(())
    }

    /// Where it listens; none for a unix socket.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::BoundTcp(bound) => bound.local_addr().ok(),
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::BoundUnix(_) | Self::Unix(_) => None,
            Self::Simulated(accept) => Some(accept.local()),
        }
    }
}
