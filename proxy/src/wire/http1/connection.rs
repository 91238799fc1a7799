use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::Instant,
};
use tokio_util::io::poll_read_buf;

use super::{
    Event, HeadLimits, Output, Remaining, Request, RequestReader, Wrong,
    deadlines::{Deadlines, Took},
};
use crate::wire::{body::Length, channel::Channel};

/// A client's HTTP/1 connection: its bytes, the reader that understands them, and what is to be written.
///
/// The connection's loop and the body of the request that is being served share it, on one worker.
#[derive(Debug)]
pub struct Connection {
    channel: Channel,
    reader: RequestReader,
    input: BytesMut,
    /// How large the memory of the input may be; it does not tell by itself, once something was cut off.
    input_bytes_max: usize,
    /// What is to be written; the loop empties it.
    pub out: Output,
    ended: bool,
    failed: bool,
    continue_owed: bool,
    /// Counts requests, so that the body of an earlier one, or one that was closed, can be told from the body of this one.
    request: u64,
    body: BodyState,
    /// That the client may be watched by reading: until bytes have come behind the request being served.
    watching: bool,
    deadlines: Deadlines,
}

/// How far the body of the request being served has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyState {
    /// There is more, or it is not known.
    Open,
    /// To its end, clean.
    Done,
    /// The client ended its side within a body of declared length: it broke off, and nothing follows it on the connection.
    EndedEarly,
    /// Nobody waits for the rest of it, which may still come.
    GivenUp,
    /// It broke off, or broke the rules: what follows it on the connection has no meaning.
    Broken,
}

impl Connection {
    /// A connection on which nothing was read yet.
    pub fn new(channel: Channel, limits: HeadLimits) -> Self {
        Self {
            channel,
            reader: RequestReader::new(limits),
            input: BytesMut::new(),
            input_bytes_max: 0,
            out: Output::default(),
            ended: false,
            failed: false,
            continue_owed: false,
            request: 0,
            body: BodyState::Done,
            watching: true,
            deadlines: Deadlines::default(),
        }
    }

    /// Bounds reading and writing from now on: behind these moments they fail. None: no bound.
    ///
    /// Go: `net.Conn` `SetReadDeadline`, `SetWriteDeadline`.
    pub fn bound(&mut self, read: Option<Instant>, write: Option<Instant>) {
        self.deadlines.set(read, write);
    }

    /// Bounds how long the client may take nothing of what waits for it: behind that writing fails.
    #[must_use]
    pub fn with_send_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.deadlines = Deadlines::with_patience(timeout);
        self
    }

    /// Whether the client took nothing for too long: what waits for it is worth nothing any more.
    pub fn has_stalled(&self) -> bool {
        self.deadlines.has_stalled()
    }

    /// The next request's head, if the bytes that came hold it whole.
    ///
    /// # Errors
    /// What came is no request; the connection has no meaning from here on.
    pub fn next_request(&mut self) -> Result<Option<Request>, Wrong> {
        match self.reader.next(&mut self.input, self.ended)? {
            Event::Head(request) => {
                self.request += 1;
                self.continue_owed = false;
                self.body = BodyState::Open;
                self.watching = true;
                if request.length == Length::Empty {
                    self.next_of_body()?; // its end, so that the client is watched from now on
                }
                Ok(Some(request))
            }
            _ => Ok(None),
        }
    }

    /// The number of the request being served; another one once its body is closed.
    pub fn request(&self) -> u64 {
        self.request
    }

    /// How far the body of the request being served has been read.
    pub fn body_state(&self) -> BodyState {
        self.body
    }

    /// What is left of the body of the request being served.
    pub fn remaining(&self) -> Remaining {
        self.reader.remaining()
    }

    /// The next event of the body of the request being served.
    ///
    /// # Errors
    /// The body breaks the rules, or broke off.
    pub fn next_of_body(&mut self) -> Result<Event<Request>, Wrong> {
        let remaining = self.reader.remaining();
        let event = self.reader.next(&mut self.input, self.ended);
        match &event {
            Ok(Event::Done) => self.body = BodyState::Done,
            Ok(_) => {}
            Err(Wrong::EndedEarly) if matches!(remaining, Remaining::Exactly(_)) => self.body = BodyState::EndedEarly,
            Err(_) => self.body = BodyState::Broken,
        }
        event
    }

    /// Closes the body of the request being served for whoever holds it: the connection's loop alone reads on. What it reads is lost to the
    /// holder, who must not take the end that follows for the end of what it got.
    pub fn close_body(&mut self) {
        self.request += 1;
    }

    /// The body of the request being served is not read any further, and nothing behind it has a meaning.
    pub fn break_body(&mut self) {
        self.body = BodyState::Broken;
    }

    /// The rest of the body of the request being served is not waited for, unless it has come already.
    pub fn give_up_body(&mut self) {
        if self.body == BodyState::Open {
            self.body = BodyState::GivenUp;
        }
    }

    /// 100 Continue is owed: it is sent when the body is first read.
    pub fn owe_continue(&mut self) {
        self.continue_owed = true;
    }

    /// No 100 Continue of our own: somebody sent a 1xx 100 already, or the final head goes out.
    pub fn forget_continue(&mut self) {
        self.continue_owed = false;
    }

    /// Puts 100 Continue into the output, if it is owed.
    pub(super) fn pay_continue(&mut self) {
        if std::mem::take(&mut self.continue_owed) {
            self.out.buffer().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    /// Whether bytes have come that nobody has read: of a body, or of the next request.
    pub fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// How many bytes have come that nobody has read.
    pub fn input_bytes(&self) -> usize {
        self.input.len()
    }

    /// Whether the operating system holds bytes of the peer's that nobody has read.
    pub fn has_arrived(&self) -> bool {
        self.channel.stream().has_arrived()
    }

    /// Reads ahead to notice that the client leaves: ready when it has left. No further once bytes have come: they are the next request.
    ///
    /// Go: `net/http/server.go` `connReader.backgroundRead`.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.watching || self.input.len() > READ_AHEAD_BYTES {
            return Poll::Pending;
        }
        self.deadlines.request_is_read();
        match ready!(self.poll_fill(cx)) {
            Ok(true) => {
                self.watching = false;
                Poll::Pending
            }
            Ok(false) | Err(_) => Poll::Ready(()),
        }
    }

    /// No more bytes are waited for: what came is all there is. A read that timed out is a kind of end, as in Go.
    pub fn give_up_reading(&mut self) {
        self.ended = true;
    }

    /// Takes bytes in, at most one read. Ready with false when the peer has ended its side.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.ended {
            return Poll::Ready(Ok(false));
        }
        if self.deadlines.no_more_reading(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let read = match self.reader.remaining() {
            Remaining::Nothing => self.poll_read_head(cx),
            Remaining::Exactly(left) => self.poll_read_body(cx, usize::try_from(left).unwrap_or(usize::MAX)),
            Remaining::Unknown => self.poll_read_body(cx, READ_BYTES_BODY),
        };
        match ready!(read) {
            Ok(0) => {
                self.ended = true;
                Poll::Ready(Ok(false))
            }
            Ok(_) => Poll::Ready(Ok(true)),
            Err(error) => {
                self.failed = true;
                Poll::Ready(Err(error))
            }
        }
    }

    /// Reads between requests, or within a head. Nothing is allocated before something comes: most connections wait here most of the time.
    fn poll_read_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES_HEAD];
        let mut bytes = ReadBuf::uninit(&mut bytes);
        ready!(Pin::new(&mut self.channel).poll_read(cx, &mut bytes))?;
        self.input.extend_from_slice(bytes.filled());
        self.input_bytes_max = self.input_bytes_max.max(self.input.len());
        Poll::Ready(Ok(bytes.filled().len()))
    }

    /// Reads within a body of which so much is left.
    fn poll_read_body(&mut self, cx: &mut Context<'_>, left: usize) -> Poll<io::Result<usize>> {
        let room = left.clamp(READ_BYTES_HEAD, READ_BYTES_BODY);
        self.input.reserve(room);
        self.input_bytes_max = self.input_bytes_max.max(room);
        poll_read_buf(Pin::new(&mut self.channel), cx, &mut self.input)
    }

    /// Writes all that waits to be written.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush_down_to(0, cx)
    }

    /// Writes what waits to be written but the last bytes, of which so many wait for more.
    ///
    /// # Errors
    /// The connection failed.
    pub fn poll_flush_down_to(&mut self, waiting: usize, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_output() && self.deadlines.no_more_writing(cx) {
            self.failed = true;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = self.out.written();
        let Poll::Ready(written) = self.out.poll_write_down_to(waiting, &mut self.channel, cx) else {
            let took = if self.out.written() == before { Took::Nothing } else { Took::Something };
            if !self.deadlines.no_more_waiting(took, cx) {
                return Poll::Pending;
            }
            self.failed = true;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        };
        self.deadlines.all_is_taken();
        self.failed |= written.is_err();
        Poll::Ready(written)
    }

    /// Whether something waits to be written or to be flushed.
    pub fn has_output(&self) -> bool {
        !self.out.is_empty() || self.out.is_unflushed()
    }

    /// Ends the writing side.
    pub fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.channel).poll_shutdown(cx)
    }

    /// Whether reading or writing failed.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Large buffers are given back while the connection idles.
    pub fn release_buffers(&mut self) {
        if self.input.is_empty() && self.input_bytes_max > INPUT_BYTES_KEPT {
            self.input = BytesMut::new();
            self.input_bytes_max = 0;
        }
        self.out.shrink(0);
        self.deadlines.rest();
    }

    /// The bare connection, and what came on it that nobody has read.
    pub fn into_parts(self) -> (Channel, Bytes) {
        (self.channel, self.input.freeze())
    }
}

/// Bytes of further requests that may wait while one is served; the rest waits in the socket.
const READ_AHEAD_BYTES: usize = 16 * 1024;
/// One read takes in what a whole head usually needs, and a small body.
const READ_BYTES_HEAD: usize = 4 * 1024;
/// A buffer that a usual head fits in is kept: to make it anew for each request takes longer than to fill it.
const INPUT_BYTES_KEPT: usize = 1024;
/// Bodies are read in larger pieces: half the reads for twice the bytes, until the copy costs more than the call.
const READ_BYTES_BODY: usize = 32 * 1024;
