use std::{
    future::poll_fn,
    io::{self, IoSlice},
    mem::MaybeUninit,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_util::io::poll_read_buf;

use super::{
    connection::{Connection, Over},
    handle::Shared,
};
use crate::wire::channel::Channel;

/// Moves bytes between a connection and its socket.
#[derive(Debug)]
pub struct Driver {
    channel: Channel,
    connection: Shared,
    /// That the channel may hold back what it was given (TLS does).
    unflushed: bool,
    heard: Instant,
    /// Runs while windows are too small to be used.
    small_windows: Option<Pin<Box<Sleep>>>,
    failed: Option<io::Error>,
}

impl Driver {
    /// A driver of a connection on which nothing was read yet.
    pub fn new(channel: Channel, connection: &Shared) -> Self {
        let connection = Rc::clone(connection);
        Self { channel, connection, unflushed: false, heard: Instant::now(), small_windows: None, failed: None }
    }

    /// When the peer was last heard.
    pub fn heard(&self) -> Instant {
        self.heard
    }

    /// Why the socket failed, if it did.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Reads and writes what can be. Ready when the connection is over, and what it still had to say is written as far as may be.
    ///
    /// `arrived` is called whenever something was read.
    pub fn poll(&mut self, cx: &mut Context<'_>, arrived: &mut dyn FnMut()) -> Poll<()> {
        self.connection.borrow_mut().attend(cx.waker());
        self.poll_small_windows(cx);
        loop {
            if let Poll::Ready(Err(error)) = self.poll_write(cx) {
                return self.end(Some(error));
            }
            let mut connection = self.connection.borrow_mut();
            if connection.over().is_some() {
                return if connection.has_output() || self.unflushed { Poll::Pending } else { Poll::Ready(()) };
            }
            if !connection.has_room() {
                return Poll::Pending;
            }
            if connection.is_behind() {
                connection.take_in(Instant::now());
                drop(connection);
                arrived();
                continue;
            }
            match ready!(poll_read(&mut self.channel, &mut connection, cx)) {
                Ok(0) => {
                    drop(connection);
                    return self.end(None);
                }
                Ok(_) => {
                    self.heard = Instant::now();
                    connection.take_in(self.heard);
                }
                Err(error) => {
                    drop(connection);
                    return self.end(Some(error));
                }
            }
            drop(connection);
            arrived();
        }
    }

    /// Uses windows that stay small.
    fn poll_small_windows(&mut self, cx: &mut Context<'_>) {
        let mut connection = self.connection.borrow_mut();
        if !connection.is_held_back() {
            self.small_windows = None;
            return;
        }
        let timer = self.small_windows.get_or_insert_with(|| Box::pin(sleep(SMALL_WINDOW_PATIENCE)));
        if timer.as_mut().poll(cx).is_ready() {
            self.small_windows = None;
            connection.let_go();
        }
    }

    fn end(&mut self, error: Option<io::Error>) -> Poll<()> {
        self.failed = error;
        self.connection.borrow_mut().end(Over::Gone);
        Poll::Ready(())
    }

    /// Writes what waits.
    ///
    /// # Errors
    /// The socket failed.
    pub fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut connection = self.connection.borrow_mut();
        while connection.has_output() {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let count = connection.slices(&mut slices);
            let channel = Pin::new(&mut self.channel);
            let written = match &slices[..count] {
                [one] => ready!(channel.poll_write(cx, one)),
                several => ready!(channel.poll_write_vectored(cx, several)),
            };
            match written? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => connection.written(bytes),
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.channel).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Ends the writing side, then reads and forgets until the peer ends too, or for at most `bound`.
    ///
    /// A socket that is closed with unread bytes sends a reset, and the peer may lose what it has not read yet.
    pub async fn linger(mut self, bound: Duration) {
        let rest = async {
            poll_fn(|cx| Pin::new(&mut self.channel).poll_shutdown(cx)).await?;
            self.read_to_end().await
        };
        // The connection is over, however this ends.
        let _ = timeout(bound, rest).await;
    }

    /// Reads and forgets for so long, or until the peer ends: it was told that the connection is over, and may end it itself.
    pub async fn overhear(&mut self, bound: Duration) {
        // The connection is over, however this ends.
        let _ = timeout(bound, self.read_to_end()).await;
    }

    async fn read_to_end(&mut self) -> io::Result<()> {
        let mut forgotten = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut forgotten);
            poll_fn(|cx| Pin::new(&mut self.channel).poll_read(cx, &mut buffer)).await?;
            if buffer.filled().is_empty() {
                return Ok(());
            }
        }
    }
}

/// Reads bodies where they stay. Heads are few bytes: a connection that waits for one holds no memory for it.
fn poll_read(channel: &mut Channel, connection: &mut Connection, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    if connection.is_within_data() {
        let input = connection.input();
        input.reserve(READ_BYTES_DATA);
        return poll_read_buf(Pin::new(channel), cx, input);
    }
    let mut space = [MaybeUninit::uninit(); READ_BYTES];
    let mut buffer = ReadBuf::uninit(&mut space);
    ready!(Pin::new(channel).poll_read(cx, &mut buffer))?;
    connection.input().extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

const SLICES_MAX: usize = 16;
/// What a reader has is read and given back by then. TCP: 100 ms to a second (RFC 1122 section 4.2.3.4).
const SMALL_WINDOW_PATIENCE: Duration = Duration::from_millis(100);
/// One read takes in what several heads usually need.
const READ_BYTES: usize = 4 << 10;
/// Bodies are read in larger pieces: half the reads for twice the bytes, until the copy costs more than the call.
const READ_BYTES_DATA: usize = 32 << 10;
