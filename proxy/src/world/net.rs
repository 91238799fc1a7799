use std::{
    fmt, io,
    mem::MaybeUninit,
    net::{IpAddr, SocketAddr},
    os::fd::AsFd,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
};

use super::{LocalBoxFuture, real::SocketFile};

/// Sockets and names.
pub trait Net: fmt::Debug + Send + Sync {
    /// One listener per worker, all of them at `at`.
    ///
    /// Real: a group of sockets that share the port, bound only after a plain bind has proved the port free. Port 0 takes a free one, the
    /// same for all. A unix socket's file is removed when the last of its listeners is dropped; one that a killed process has left is
    /// replaced.
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

    /// Whether the operating system holds bytes that nobody has read. A read may not find them yet, but wakes for them: the runtime learns
    /// of them in its next turn.
    pub fn has_arrived(&self) -> bool {
        let socket = match self {
            Self::Tcp(stream) => SockRef::from(stream),
            Self::Unix(stream) => SockRef::from(stream),
            Self::Simulated(_) => return false, // a read finds all there is
        };
        matches!(socket.peek(&mut [MaybeUninit::uninit()]), Ok(1..))
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
    /// The same for a unix socket, whose file goes before it.
    BoundUnix(Arc<SocketFile>, std::os::unix::net::UnixListener),
    /// A TCP listener on its worker.
    Tcp(TcpListener),
    /// A unix socket on its worker.
    Unix(Arc<SocketFile>, UnixListener),
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
            Self::BoundTcp(_) | Self::BoundUnix(..) => Poll::Pending, // they have just joined
            Self::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| {
                // A peer that is already gone makes this fail; the first read says so.
                drop(stream.set_nodelay(true));
                Stream::Tcp(stream)
            }),
            Self::Unix(_, listener) => listener.poll_accept(cx).map_ok(|(stream, _)| Stream::Unix(stream)),
            Self::Simulated(accept) => accept.poll_accept(cx),
        }
    }

    /// The next of the connections that the operating system has already; it is asked itself, so none is missed that the runtime has not
    /// heard of yet.
    pub fn accept_arrived(&mut self) -> Option<io::Result<Stream>> {
        let accepted = match self {
            Self::BoundTcp(bound) => tcp_arrived(bound),
            Self::Tcp(listener) => tcp_arrived(listener),
            Self::BoundUnix(_, bound) => unix_arrived(bound),
            Self::Unix(_, listener) => unix_arrived(listener),
            Self::Simulated(accept) => {
                return match accept.poll_accept(&mut Context::from_waker(Waker::noop())) {
                    Poll::Ready(accepted) => Some(accepted),
                    Poll::Pending => None,
                };
            }
        };
        match accepted {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            accepted => Some(accepted),
        }
    }

    fn join_runtime(&mut self) -> io::Result<()> {
        *self = match self {
            Self::BoundTcp(bound) => Self::Tcp(TcpListener::from_std(bound.try_clone()?)?),
            Self::BoundUnix(file, bound) => Self::Unix(Arc::clone(file), UnixListener::from_std(bound.try_clone()?)?),
            Self::Tcp(_) | Self::Unix(..) | Self::Simulated(_) => return Ok(()),
        };
        Ok(())
    }

    /// Where it listens; none for a unix socket.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::BoundTcp(bound) => bound.local_addr().ok(),
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::BoundUnix(..) | Self::Unix(..) => None,
            Self::Simulated(accept) => Some(accept.local()),
        }
    }
}

fn tcp_arrived(listener: &impl AsFd) -> io::Result<Stream> {
    let (socket, _) = SockRef::from(listener).accept()?;
    socket.set_nonblocking(true)?;
    // As above: a peer that is already gone makes this fail.
    drop(socket.set_tcp_nodelay(true));
    Ok(Stream::Tcp(TcpStream::from_std(socket.into())?))
}

fn unix_arrived(listener: &impl AsFd) -> io::Result<Stream> {
    let (socket, _) = SockRef::from(listener).accept()?;
    socket.set_nonblocking(true)?;
    Ok(Stream::Unix(UnixStream::from_std(socket.into())?))
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};
    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::world::real;

    #[tokio::test]
    async fn what_the_system_holds_is_seen_before_the_runtime_tells_of_it() {
        let (mut one, other) = UnixStream::pair().unwrap();
        let other = Stream::Unix(other);
        assert!(!other.has_arrived());
        one.write_all(b"a").await.unwrap();
        assert!(other.has_arrived());
    }

    #[tokio::test]
    async fn a_connection_is_accepted_before_the_runtime_tells_of_it() {
        let at = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let mut listener = real::world([0; 32]).net.listen(&at, 1).unwrap().remove(0);
        let address = listener.local().unwrap();
        for _ in 0..2 {
            assert!(listener.accept_arrived().is_none());
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.connect(&address.into()).unwrap();
            let accepted = listener.accept_arrived().unwrap().unwrap();
            assert_eq!(accepted.peer(), client.local_addr().unwrap().as_socket());
            listener.join_runtime().unwrap();
        }
    }
}
