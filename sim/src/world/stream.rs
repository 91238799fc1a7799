//! A simulated connection: what Linux sockets do, over frames on turmoil's TCP.

use std::{
    fmt,
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use weir::world::Io;

use super::{
    Machine,
    chop::{Chop, Side},
    ends::Ends,
    frames::{Frame, Over, Wire},
    kernel::{os_error, outlive},
    mishap::{self, Mishap},
};
use crate::history::{Checksum, Did, Event};

/// One end of a connection between two machines.
///
/// A write is taken only while fewer than `window` bytes are on their way or unread, so backpressure is real. What was sent before a reset
/// arrives before it. Dropping an end closes it: with unread bytes it resets, as Linux does; otherwise the peer reads an end, and a reset
/// if it still writes.
pub(super) struct SimStream {
    /// None once reset.
    wire: Option<Wire>,
    local: SocketAddr,
    peer: SocketAddr,
    machine: Arc<Machine>,
    chop: Option<Chop>,
    /// Arrived and not yet read.
    unread: BytesMut,
    /// Bytes read and written so far.
    offsets: [u64; 2],
    /// Where the last extra turn was asked for, in each direction.
    yielded: [Option<u64>; 2],
    window: usize,
    /// How many bytes the peer still has room for.
    room: usize,
    /// Bytes read here whose room was not yet given back to the peer.
    owed: usize,
    ended_here: bool,
    ended_there: bool,
    /// The link has nothing more for us.
    over: bool,
    /// The connection was reset.
    void: bool,
    /// When a writer that waits for room asks again whether the other end is still there.
    asks_again: Option<Pin<Box<Sleep>>>,
    /// The reset, until the first read or write has told it.
    untold: Option<ErrorKind>,
    /// What is still to befall this end.
    mishap: Option<Mishap>,
    /// While this end does not read.
    stalled: Option<Pin<Box<Sleep>>>,
    ends: Arc<Ends>,
}

impl SimStream {
    pub(super) fn new(wire: Wire, machine: Arc<Machine>, did: Did) -> io::Result<Self> {
        let (local, peer) = (wire.tcp().local_addr()?, wire.tcp().peer_addr()?);
        let cluster = &machine.cluster;
        let window = cluster.knobs.window;
        let ends = Arc::new(Ends::default());
        cluster.live().insert((local, peer), Arc::downgrade(&ends));
        let stream = Self {
            wire: Some(wire),
            local,
            peer,
            chop: cluster.knobs.chop.then(|| Chop::new(cluster.seed, local, peer)),
            unread: BytesMut::new(),
            offsets: [0; 2],
            yielded: [None; 2],
            window,
            room: window,
            owed: 0,
            ended_here: false,
            ended_there: false,
            over: false,
            void: false,
            untold: None,
            asks_again: None,
            mishap: Mishap::draw(machine.process.mishaps, machine.cluster.seed, local, peer),
            stalled: None,
            machine,
            ends,
        };
        stream.note(did);
        Ok(stream)
    }

    fn note(&self, did: Did) {
        if let Some(history) = &self.machine.cluster.history {
            let ends = format!("{}>{}", self.local, self.peer);
            history.add(Event::Socket { machine: self.machine.name.clone(), ends, did });
        }
    }

    /// Whether the caller must come again before this side goes on.
    fn yields(&mut self, side: Side, cx: &Context<'_>) -> bool {
        let offset = self.offsets[side.index()];
        let again = self.chop.is_some_and(|chop| chop.yields(side, offset));
        if !again || self.yielded[side.index()] == Some(offset) {
            return false;
        }
        self.yielded[side.index()] = Some(offset);
        cx.waker().wake_by_ref();
        true
    }

    /// The most bytes that pass this side at once.
    fn most(&self, side: Side) -> usize {
        let offset = self.offsets[side.index()];
        let chopped = self.chop.map_or(usize::MAX, |chop| chop.most(side, offset));
        let until = self.mishap.and_then(|mishap| mishap.is_in(side, offset));
        until.map_or(chopped, |until| chopped.min(until.max(1)))
    }

    /// Lets happen what is to befall this side at this byte.
    fn befall(&mut self, side: Side) {
        let offset = self.offsets[side.index()];
        let Some(due) = self.mishap.take_if(|mishap| mishap.is_in(side, offset) == Some(0)) else { return };
        if turmoil::sim_elapsed().is_none_or(|now| now > mishap::WITHIN) {
            return;
        }
        match due.what {
            mishap::What::Reset => self.machine.cluster.tear_connection(self.local, self.peer),
            mishap::What::End => self.end(),
            mishap::What::Stall(lasts) => {
                self.note(Did::Stalled);
                self.stalled = Some(Box::pin(sleep(lasts)));
            }
        }
    }

    fn end(&mut self) {
        if !self.ended_here {
            self.send(&Frame::End);
            self.ended_here = true;
            self.note(Did::Ended);
        }
    }

    /// Takes in all that has arrived.
    fn take_in(&mut self, waker: &Waker) {
        if self.ends.is_torn() && !self.void {
            self.send(&Frame::Reset);
            self.become_void();
        }
        let mut cx = Context::from_waker(waker);
        while let (Some(wire), false) = (&mut self.wire, self.over) {
            match wire.poll_next(&mut cx) {
                Poll::Pending => return,
                Poll::Ready(Ok(Frame::Hello)) => {}
                Poll::Ready(Ok(Frame::Data(bytes))) => self.unread.extend_from_slice(&bytes),
                Poll::Ready(Ok(Frame::Room(bytes))) => self.room += bytes,
                Poll::Ready(Ok(Frame::End)) => self.ended_there = true,
                Poll::Ready(Err(Over::Closed)) => {
                    self.over = true;
                    self.ended_there = true;
                    // A blocked writer goes on, and learns from the answer that nobody is there.
                    self.room = self.room.max(self.window);
                }
                Poll::Ready(Ok(Frame::Reset) | Err(Over::Void)) => self.become_void(),
            }
        }
    }

    fn become_void(&mut self) {
        let finished = self.ended_here && self.ended_there;
        if !self.void && !finished {
            self.untold = Some(if self.ended_there { ErrorKind::BrokenPipe } else { ErrorKind::ConnectionReset });
        }
        self.over = true;
        self.void = true;
    }

    fn send(&mut self, frame: &Frame) {
        if let (Frame::Data(_) | Frame::End, Some(now)) = (frame, turmoil::sim_elapsed()) {
            self.ends.set_sent_at(now);
        }
        if let (Some(wire), false) = (&mut self.wire, self.void)
            && wire.send(frame).is_err()
        {
            self.become_void();
        }
    }

    /// Waits for room, or for the news that there will be none: a machine that crashed gives no room, and answers with
    /// a reset what comes late.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.room == 0 && !self.void {
            if !self.over {
                return Poll::Pending;
            }
            self.send(&Frame::Room(0));
            ready!(self.asks_again.get_or_insert_with(|| Box::pin(sleep(ASKS_AGAIN))).as_mut().poll(cx));
            self.asks_again = None;
        }
        Poll::Ready(())
    }

    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let count = self.most(Side::Read).min(buf.remaining()).min(self.unread.len());
        buf.put_slice(&self.unread[..count]);
        self.note(Did::Read(count, Checksum::EMPTY.with(&self.unread[..count]).0));
        self.unread.advance(count);
        self.offsets[Side::Read.index()] += count as u64;
        self.owed += count;
        if self.owed >= self.window.div_ceil(4) && !self.ended_there {
            self.send(&Frame::Room(self.owed));
            self.owed = 0;
        }
    }
}

impl AsyncRead for SimStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        this.befall(Side::Read);
        if let Some(stalled) = &mut this.stalled {
            ready!(stalled.as_mut().poll(cx));
            this.stalled = None;
        }
        let waker = this.ends.waker(Side::Read, cx);
        this.take_in(&waker);
        let something = !this.unread.is_empty() || this.ended_there || this.over;
        if !something || this.yields(Side::Read, cx) {
            return Poll::Pending;
        }
        if !this.unread.is_empty() {
            this.give(buf);
        } else if let (false, Some(kind)) = (this.ended_there, this.untold.take()) {
            this.note(Did::Failed);
            return Poll::Ready(Err(os_error(kind)));
        } else {
            this.note(Did::ReadEnd);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.befall(Side::Write);
        let waker = this.ends.waker(Side::Write, cx);
        this.take_in(&waker);
        if !this.void && !this.ended_here {
            if buf.is_empty() {
                return Poll::Ready(Ok(0));
            }
            ready!(this.poll_room(cx));
            if this.yields(Side::Write, cx) {
                return Poll::Pending;
            }
            let count = this.most(Side::Write).min(buf.len()).min(this.room);
            this.send(&Frame::Data(Bytes::copy_from_slice(&buf[..count])));
            if !this.void {
                this.room -= count;
                this.offsets[Side::Write.index()] += count as u64;
                this.note(Did::Wrote(count, Checksum::EMPTY.with(&buf[..count]).0));
                return Poll::Ready(Ok(count));
            }
        }
        this.note(Did::Failed);
        Poll::Ready(Err(os_error(this.untold.take().unwrap_or(ErrorKind::BrokenPipe))))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().end();
        Poll::Ready(Ok(()))
    }
}

impl Io for SimStream {
    fn peer(&self) -> SocketAddr {
        self.peer
    }

    fn local(&self) -> SocketAddr {
        self.local
    }

    fn reset(mut self: Pin<Box<Self>>) {
        if turmoil::sim_elapsed().is_some() {
            if !(self.ended_here && self.ended_there) {
                self.send(&Frame::Reset);
            }
            self.note(Did::Reset);
            self.wire = None;
        }
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.machine.cluster.live().remove(&(self.local, self.peer));
        // The simulation itself is being taken down: there is nobody to tell.
        if turmoil::sim_elapsed().is_none() {
            return;
        }
        if self.wire.is_some() {
            self.note(Did::Dropped);
        }
        self.take_in(Waker::noop());
        if self.over {
            return;
        }
        if !self.unread.is_empty() {
            return self.send(&Frame::Reset);
        }
        if !self.ended_here {
            self.send(&Frame::End);
        }
        let Some(wire) = self.wire.take() else { return };
        // Without a runtime the machine has crashed, and nothing outlives it.
        if tokio::runtime::Handle::try_current().is_ok() {
            #[expect(clippy::disallowed_methods, reason = "a drop may happen outside of any local task")]
            tokio::spawn(outlive(wire, self.ended_there));
        }
    }
}

impl fmt::Debug for SimStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimStream({} -> {})", self.local, self.peer)
    }
}

/// About a round trip.
const ASKS_AGAIN: Duration = Duration::from_millis(10);
