//! What a message costs: counted, not measured.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::*;
use crate::world::{Io, Stream};

/// What happened at one end of a tunnel.
#[derive(Debug, Default)]
struct Seen {
    coming: VecDeque<Vec<u8>>,
    reader: Option<Waker>,
    reads: usize,
    writes: usize,
    flushes: usize,
    /// Where the last message was read to, and where the last one was written from.
    read_to: usize,
    written_from: usize,
    /// How much is taken at a time.
    takes: usize,
    taken: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Meter(Arc<Mutex<Seen>>);

impl Meter {
    fn new(takes: usize) -> Self {
        Self(Arc::new(Mutex::new(Seen { takes, ..Seen::default() })))
    }

    fn channel(&self) -> Channel {
        Channel::Plain(Stream::Simulated(Box::pin(self.clone())))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    fn say(&self, message: &[u8]) {
        let mut seen = self.seen();
        seen.coming.push_back(message.to_vec());
        seen.reader.take().unwrap().wake();
    }
}

impl AsyncRead for Meter {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut seen = self.seen();
        seen.reads += 1;
        let Some(message) = seen.coming.pop_front() else {
            seen.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        buffer.put_slice(&message);
        seen.read_to = buffer.filled().as_ptr() as usize;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Meter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut seen = self.seen();
        seen.writes += 1;
        let takes = seen.takes.min(bytes.len());
        if takes == 0 {
            seen.takes = usize::MAX;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if seen.takes < usize::MAX {
            seen.takes -= takes;
        }
        seen.written_from = bytes.as_ptr() as usize;
        seen.taken.extend_from_slice(&bytes[..takes]);
        Poll::Ready(Ok(takes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.seen().flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Io for Meter {
    fn peer(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 1))
    }

    fn local(&self) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 2))
    }

    fn reset(self: Pin<Box<Self>>) {}
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn a_message_costs_one_wakeup_one_write_and_no_copy() {
    let (client, backend) = (Meter::new(usize::MAX), Meter::new(usize::MAX));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let mut running = pin!(run(client.channel(), Bytes::new(), tunnel(backend.channel(), b""), Planted::none()));
    assert!(running.as_mut().poll(&mut cx).is_pending());
    for number in 1..=100 {
        for (from, to) in [(&client, &backend), (&backend, &client)] {
            from.say(b"a message");
            assert!(running.as_mut().poll(&mut cx).is_pending());
            // Where it was read to is where it was written from.
            assert_eq!(from.seen().read_to, to.seen().written_from);
            let to = to.seen();
            assert_eq!((to.writes, to.flushes, to.taken.len()), (number, number, number * 9));
        }
    }
    assert_eq!(wakes.0.load(Relaxed), 200);
    // Each message is one read, and one that finds nothing; whoever is asked for the other direction is asked once more.
    assert_eq!(client.seen().reads, 1 + 3 * 100);
}

#[test]
fn what_is_not_taken_at_once_is_copied_once_and_comes_in_order() {
    let (client, backend) = (Meter::new(usize::MAX), Meter::new(4));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let mut running =
        pin!(run(client.channel(), Bytes::from_static(b"ab"), tunnel(backend.channel(), b""), Planted::none()));
    assert!(running.as_mut().poll(&mut cx).is_pending());
    client.say(b"cdefgh");
    client.seen().coming.push_back(b"ij".to_vec());
    assert!(running.as_mut().poll(&mut cx).is_pending());
    assert_eq!((&backend.seen().taken[..], client.seen().coming.len()), (&b"abcd"[..], 1));
    assert!(running.as_mut().poll(&mut cx).is_pending());
    assert_eq!(&backend.seen().taken[..], b"abcdefghij");
    // The early bytes, what was taken, what was not, that again, the last message.
    assert_eq!(backend.seen().writes, 5);
}
