//! The operating system's answers. With the simulator's, the only place that may ask it.
#![expect(clippy::disallowed_methods, reason = "this is the world that the bans point to")]

mod disk;
mod unix;

use std::{
    ffi::OsString,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpStream, UnixStream},
    runtime::LocalOptions,
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
};

pub use self::unix::SocketFile;
use super::{
    Address, Clock, Dice, Listener, LocalBoxFuture, LocalTask, Net, Planted, Process, Running, Signal, Signals, Stream,
    Wall, World,
};

/// The world as it is, with dice that fall as `seed` says.
pub fn world(seed: [u8; 32]) -> World {
    World {
        clock: Arc::new(RealClock),
        dice: Dice::new(seed),
        net: Arc::new(RealNet),
        disk: Arc::new(disk::RealDisk),
        process: Arc::new(RealProcess),
        planted: Planted::none(),
    }
}

/// A seed that nobody can guess.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut seed).map_err(|_| io::Error::other("the operating system gives no randomness"))?;
    Ok(seed)
}

#[derive(Debug)]
struct RealClock;

impl Clock for RealClock {
    fn wall(&self) -> Wall {
        // A clock set before 1970 reads as 1970: dates are wrong then, but nothing else is.
        Wall(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO))
    }

    fn now(&self) -> tokio::time::Instant {
        tokio::time::Instant::now()
    }
}

#[derive(Debug)]
struct RealNet;

impl Net for RealNet {
    fn listen(&self, at: &Address, workers: usize) -> io::Result<Vec<Listener>> {
        match at {
            Address::Tcp(address) => listen_tcp(*address, workers),
            Address::Unix(path) => unix::listen(path, workers),
        }
    }

    fn resolve<'a>(&'a self, host: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found {
                if !addresses.contains(&address.ip()) {
                    addresses.push(address.ip());
                }
            }
            Ok(addresses)
        })
    }

    fn dial<'a>(&'a self, to: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move {
            match to {
                Address::Tcp(address) => {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    SockRef::from(&stream).set_tcp_keepalive(&probed_after(TCP_KEEPALIVE_DIALLED))?;
                    Ok(Stream::Tcp(stream))
                }
                Address::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
            }
        })
    }
}

/// A group of sockets that share the port, after a plain bind has proved that nobody else has it: SO_REUSEPORT alone would join a
/// stranger's group.
fn listen_tcp(address: SocketAddr, workers: usize) -> io::Result<Vec<Listener>> {
    let proof = match bound(address, Sharing::Alone) {
        // Every address is asked for, and this machine has those of IPv4 only.
        Err(error) if error.raw_os_error() == Some(libc::EAFNOSUPPORT) && address.ip() == Ipv6Addr::UNSPECIFIED => {
            bound(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())), Sharing::Alone)?
        }
        bound => bound?,
    };
    let address =
        proof.local_addr()?.as_socket().ok_or_else(|| io::Error::other("a TCP socket without an IP address"))?;
    drop(proof);
    (0..workers.max(1))
        .map(|_| {
            let socket = bound(address, Sharing::Group)?;
            // Connections have it from their listener.
            socket.set_tcp_keepalive(&probed_after(TCP_KEEPALIVE_ACCEPTED))?;
            socket.listen(ACCEPT_BACKLOG)?;
            socket.set_nonblocking(true)?;
            Ok(Listener::BoundTcp(socket.into()))
        })
        .collect()
}

/// Probes of a connection on which nothing came for so long: the other machine may be gone.
fn probed_after(idle: Duration) -> TcpKeepalive {
    TcpKeepalive::new().with_time(idle).with_interval(TCP_KEEPALIVE_INTERVAL).with_retries(TCP_KEEPALIVE_PROBES)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    Group,
}

fn bound(address: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(sharing == Sharing::Group)?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(false)?; // every address is one of IPv4 too, whatever the machine's default is
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// What Go asks for where the kernel allows it (`net.core.somaxconn` since Linux 5.4).
const ACCEPT_BACKLOG: i32 = 4096;
/// A connection of a client on which nothing came for so long is probed: tunnels and watches may idle for hours, and a machine that is gone
/// never says so. Go: `net.ListenConfig`.
const TCP_KEEPALIVE_ACCEPTED: Duration = Duration::from_secs(15);
/// The same of a connection to a backend. Go: `net/http/transport.go` `DefaultTransport`.
const TCP_KEEPALIVE_DIALLED: Duration = Duration::from_secs(30);
/// Between two probes. Go: `net.KeepAliveConfig`.
const TCP_KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// After so many probes without an answer the connection is dead. Go: `net.KeepAliveConfig`.
const TCP_KEEPALIVE_PROBES: u32 = 9;

#[derive(Debug)]
struct RealProcess;

impl Process for RealProcess {
    fn workers(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    fn start(&self, name: &str, body: LocalTask) -> Running {
        let (tell, told) = oneshot::channel();
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let clean = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                // Its tasks stand in the runtime's own queue: a `LocalSet` would be a second scheduler inside of one task of the first.
                match tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
                    Ok(runtime) => {
                        runtime.block_on(body());
                        // The resolver may still ask a name server that does not answer, for minutes.
                        runtime.shutdown_background();
                        true
                    }
                    Err(error) => {
                        tracing::error!(%error, "a worker's runtime cannot be built");
                        false
                    }
                }
            }));
            let _nobody_waits = tell.send(clean.unwrap_or(false));
        });
        Running::new(Box::pin(async move {
            match started {
                Ok(_) => told.await.unwrap_or(false),
                Err(error) => {
                    tracing::error!(%error, "a worker's thread cannot be started");
                    false
                }
            }
        }))
    }

    fn signals(&self) -> io::Result<Signals> {
        // Here, not in the task: whoever has been told that the server is ready may signal at once.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let (tell, told) = mpsc::channel(4);
        tokio::task::spawn_local(async move {
            loop {
                let signal = tokio::select! {
                    biased;
                    _ = terminate.recv() => Signal::Stop,
                    _ = interrupt.recv() => Signal::Stop,
                    _ = hangup.recv() => Signal::Reload,
                };
                if tell.send(signal).await.is_err() {
                    return;
                }
            }
        });
        Ok(Signals::new(told))
    }

    fn env(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_one_of_ipv4_too() {
        let every = |port| Address::Tcp(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)));
        let listeners = RealNet.listen(&every(0), 2).unwrap();
        let port = listeners[0].local().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert_eq!(RealNet.listen(&every(port), 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn a_thread_that_ends_does_not_wait_for_a_name_server() {
        // A server that was told to stop, with nothing left to do, stayed as long as the resolver did.
        let (_answer, asked) = std::sync::mpsc::channel::<()>();
        let running = RealProcess.start(
            "asking",
            Box::new(move || {
                Box::pin(async move {
                    let (tell, told) = oneshot::channel();
                    drop(tokio::task::spawn_blocking(move || {
                        let _ = tell.send(());
                        let _ = asked.recv();
                    }));
                    told.await.unwrap();
                })
            }),
        );
        let ended = tokio::time::timeout(Duration::from_secs(20), running.ended()).await;
        assert!(ended.expect("it ends while the resolver waits"));
    }

    #[tokio::test]
    async fn connections_of_both_sides_are_probed_while_they_idle() {
        let at = Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut listener = RealNet.listen(&at, 1).unwrap().remove(0);
        let Stream::Tcp(dialled) = RealNet.dial(&Address::Tcp(listener.local().unwrap())).await.unwrap() else {
            panic!()
        };
        let Stream::Tcp(accepted) = std::future::poll_fn(|cx| listener.poll_accept(cx)).await.unwrap() else {
            panic!()
        };
        for (stream, idle) in [(accepted, 15), (dialled, 30)] {
            let socket = SockRef::from(&stream);
            assert!(socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(idle));
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(15));
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), 9);
        }
    }
}
