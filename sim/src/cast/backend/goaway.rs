//! A backend's connection of HTTP/2 that can say GOAWAY below streams that run, and that ends without taking back what it has said: the
//! `h2` crate says GOAWAY above all that have come, and drops a connection as soon as its own side is closed.

use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};
use weir::wire::Channel;

/// A channel whose written frames are counted, so that one can be put between two of them.
pub(super) struct Between {
    channel: Channel,
    goaway: Goaway,
    /// What is being put in.
    saying: Bytes,
    /// The head of the frame that is being written, as far as it has come.
    head: Vec<u8>,
    /// What is to come of that frame behind its head.
    left: usize,
    /// How long the other side is still read, once this one is closed.
    lingers: Option<Pin<Box<Sleep>>>,
}

/// Says GOAWAY on a channel.
#[derive(Clone, Default)]
pub(super) struct Goaway(Rc<RefCell<Option<u32>>>);

impl Goaway {
    /// Nothing behind this stream was seen, nor will be.
    pub(super) fn say(&self, last: u32) {
        self.0.replace(Some(last));
    }
}

impl Between {
    pub(super) fn new(channel: Channel, goaway: Goaway) -> Self {
        Self { channel, goaway, saying: Bytes::new(), head: Vec::new(), left: 0, lingers: None }
    }

    /// Writes what is to be put in, if a frame has just ended.
    fn poll_say(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.head.is_empty()
            && self.left == 0
            && let Some(last) = self.goaway.0.take()
        {
            // Eight bytes of payload, GOAWAY, no flags, stream 0; NO_ERROR.
            let head = [0, 0, 8, 7, 0, 0, 0, 0, 0];
            self.saying = [&head[..], &last.to_be_bytes(), &[0; 4]].concat().into();
        }
        while !self.saying.is_empty() {
            let written = ready!(Pin::new(&mut self.channel).poll_write(cx, &self.saying))?;
            self.saying.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads away what still comes: bytes that nobody reads would reset the connection, and what the other side has not read yet were lost.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let over = self.lingers.get_or_insert_with(|| Box::pin(sleep(LINGERS_FOR)));
        if over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let mut unread = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut unread);
            let read = ready!(Pin::new(&mut self.channel).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }

    /// How many of these bytes belong to the frame that is being written.
    fn of_this_frame(&self, bytes: usize) -> usize {
        if self.left > 0 { bytes.min(self.left) } else { bytes.min(HEAD_BYTES - self.head.len()) }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        if self.left > 0 {
            self.left -= bytes.len();
            return;
        }
        self.head.extend_from_slice(bytes);
        if self.head.len() == HEAD_BYTES {
            self.left = usize::from(self.head[0]) << 16 | usize::from(self.head[1]) << 8 | usize::from(self.head[2]);
            self.head.clear();
        }
    }
}

impl AsyncRead for Between {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().channel).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Between {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_say(cx))?;
        let bytes = &bytes[..this.of_this_frame(bytes.len())];
        let written = ready!(Pin::new(&mut this.channel).poll_write(cx, bytes))?;
        this.wrote(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_say(cx))?;
        Pin::new(&mut this.channel).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingers.is_none() {
            ready!(Pin::new(&mut this.channel).poll_shutdown(cx))?;
        }
        this.poll_linger(cx).map(Ok)
    }
}

const HEAD_BYTES: usize = 9;
/// Go: `http2goAwayTimeout`.
const LINGERS_FOR: Duration = Duration::from_secs(1);
