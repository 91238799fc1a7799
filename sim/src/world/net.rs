//! Sockets and names between simulated machines.

use std::{
    collections::VecDeque,
    fmt,
    future::{pending, poll_fn},
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{Arc, Mutex, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};
use turmoil::net::{TcpListener, TcpStream};
use weir::world::{Accept, Address, Listener, LocalBoxFuture, Net, Stream};

use super::{
    Machine,
    frames::{Frame, Wire},
    kernel::os_error,
    stream::SimStream,
};
use crate::history::Did;

impl Net for Machine {
    fn listen(&self, at: &Address, workers: usize) -> io::Result<Vec<Listener>> {
        let wanted = tcp(at)?;
        if !wanted.ip().is_unspecified() && !wanted.ip().is_loopback() && wanted.ip() != self.address {
            return Err(os_error(ErrorKind::AddrNotAvailable));
        }
        // turmoil binds to all addresses or to loopback; a machine has no third one, and none of IPv6.
        let bound = SocketAddr::new(if wanted.ip().is_loopback() { wanted.ip() } else { UNSPECIFIED }, wanted.port());
        let listener = at_once(TcpListener::bind(bound)).map_err(|error| os_error(error.kind()))?;
        let local = SocketAddr::new(wanted.ip(), listener.local_addr()?.port());

        let queue = Arc::new(Mutex::new(Queue { ready: VecDeque::new(), waiting: VecDeque::new(), kernel: None }));
        let kernel: Kernel =
            Arc::new(Mutex::new(Some(Box::pin(take_connections(listener, Arc::downgrade(&queue), self.me())))));
        lock(&queue).kernel = Some(Arc::clone(&kernel));
        tokio::task::spawn_local(poll_fn(move |cx| match &mut *lock(&kernel) {
            Some(work) => work.as_mut().poll(cx),
            None => Poll::Ready(()),
        }));
        Ok((0..workers.max(1))
            .map(|handle| Listener::Simulated(Box::new(Handle { queue: Arc::clone(&queue), handle, local })))
            .collect())
    }

    fn resolve<'a>(&'a self, host: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let found = match host.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => self
                .cluster
                .addresses_of(host)
                .ok_or_else(|| io::Error::other("failed to lookup address information: Name or service not known")),
        };
        Box::pin(std::future::ready(found))
    }

    fn dial<'a>(&'a self, to: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move {
            let to = tcp(to)?;
            if !to.ip().is_loopback() && !self.cluster.has_address(to.ip()) {
                return Err(os_error(ErrorKind::HostUnreachable));
            }
            // In a task of its own: turmoil keeps the socket of an attempt that is given up for ever, so a late success is closed instead.
            let (tell, told) = oneshot::channel();
            let machine = self.me();
            #[expect(clippy::disallowed_methods, reason = "a dial may start outside of any local task")]
            tokio::spawn(async move { drop(tell.send(connect(to, machine).await)) });
            told.await.map_err(|_| os_error(ErrorKind::ConnectionRefused))?
        })
    }
}

/// Connects; what asks a machine without power is lost, and is asked again after 1, 2, 4, ... seconds, as Linux does.
async fn connect(to: SocketAddr, machine: Arc<Machine>) -> io::Result<Stream> {
    let is_lost = || machine.cluster.is_dark(to.ip());
    for retry in 0..=SYN_RETRIES {
        let mut attempt = pin!(attempt(to, Arc::clone(&machine)));
        loop {
            let asked = async { if is_lost() { pending().await } else { attempt.as_mut().await } };
            match timeout(SYN_RETRY * (1 << retry), asked).await {
                Ok(connected) if connected.is_ok() || !is_lost() => return connected,
                // Still on its way: the link is slow, or holds it. Or the power is back, and it is asked for the first time.
                Err(_) if !is_lost() => {}
                _ => break,
            }
        }
    }
    Err(os_error(ErrorKind::TimedOut))
}

async fn attempt(to: SocketAddr, machine: Arc<Machine>) -> io::Result<Stream> {
    let tcp = TcpStream::connect(to).await.map_err(|error| os_error(error.kind()))?;
    let mut wire = Wire::new(tcp);
    match poll_fn(|cx| wire.poll_next(cx)).await {
        Ok(Frame::Hello) => stream(wire, machine, Did::Dialled),
        _ => Err(os_error(ErrorKind::ConnectionRefused)),
    }
}

/// What the listening machine's kernel does: takes connections before anybody asks for them.
async fn take_connections(listener: TcpListener, queue: Weak<Mutex<Queue>>, machine: Arc<Machine>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let mut wire = Wire::new(tcp);
        // A dialler that is gone already is seen by whoever reads.
        drop(wire.send(&Frame::Hello));
        let Some(queue) = queue.upgrade() else { return };
        let Ok(stream) = stream(wire, Arc::clone(&machine), Did::Accepted) else { return };
        let mut queue = lock(&queue);
        queue.ready.push_back(stream);
        queue.wake_next();
    }
}

fn stream(wire: Wire, machine: Arc<Machine>, did: Did) -> io::Result<Stream> {
    Ok(Stream::Simulated(Box::pin(SimStream::new(wire, machine, did)?)))
}

type Kernel = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;

/// The connections that wait to be accepted, shared by the workers of one listener.
struct Queue {
    ready: VecDeque<Stream>,
    /// Workers that wait, the one that has waited longest first.
    waiting: VecDeque<(usize, Waker)>,
    kernel: Option<Kernel>,
}

impl Queue {
    fn wake_next(&mut self) {
        if let Some((_, waker)) = self.waiting.pop_front() {
            waker.wake();
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // The port is free at once.
        if let Some(kernel) = self.kernel.take() {
            let work = lock(&kernel).take();
            drop(work);
        }
        for stream in self.ready.drain(..) {
            stream.reset();
        }
    }
}

/// A worker's handle on a listener.
struct Handle {
    queue: Arc<Mutex<Queue>>,
    handle: usize,
    local: SocketAddr,
}

impl Accept for Handle {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let mut queue = lock(&self.queue);
        queue.waiting.retain(|(handle, _)| *handle != self.handle);
        match queue.ready.pop_front() {
            Some(stream) => Poll::Ready(Ok(stream)),
            None => {
                queue.waiting.push_back((self.handle, cx.waker().clone()));
                Poll::Pending
            }
        }
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        queue.waiting.retain(|(handle, _)| *handle != self.handle);
        if !queue.ready.is_empty() {
            queue.wake_next();
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({}, {})", self.local, self.handle)
    }
}

fn tcp(address: &Address) -> io::Result<SocketAddr> {
    match address {
        Address::Tcp(address) => Ok(*address),
        Address::Unix(_) => Err(io::Error::new(ErrorKind::Unsupported, "the simulator has no unix sockets")),
    }
}

/// The result of a future that never waits.
fn at_once<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while it holds a socket's lock")
}

/// Linux's tcp_syn_retries.
const SYN_RETRIES: u32 = 6;
const SYN_RETRY: Duration = Duration::from_secs(1);
const UNSPECIFIED: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
