use std::{future::poll_fn, panic::AssertUnwindSafe, task::Poll};

use bytes::Bytes;
use tokio::time::timeout;

use super::{Shared, watched, write_early};
use crate::{
    config::limits,
    listen::Stop,
    wire::{
        Body, Cut, Frame, Gone, Headers, Name, ResponseHead, Tunnel,
        http1::{
            self, Asked, BodyState, Event, Expect, LastResponse, Next, Remaining, Request, ResponseWriter, Settled,
        },
    },
    world::World,
};

/// What becomes of a connection behind an answer.
pub(super) enum After {
    /// The next request may come.
    KeepAlive,
    /// It is closed.
    Close,
    /// Its writing side is ended, and it is closed a little later.
    Linger,
    /// It is reset: a clean end would call a cut body complete.
    Reset,
    /// It is a tunnel now.
    Switch(Tunnel),
}

/// The answer to one request.
pub(super) struct Reply<'a> {
    shared: &'a Shared,
    asked: Asked,
    expects_continue: bool,
    closes: bool,
    world: &'a World,
    stop: &'a Stop,
    upgrade_refused: bool,
    head_is_out: bool,
}

impl<'a> Reply<'a> {
    pub(super) fn new(shared: &'a Shared, request: &Request, world: &'a World, stop: &'a Stop) -> Self {
        Self {
            shared,
            asked: Asked::from(request),
            expects_continue: request.expect == Expect::Continue,
            closes: request.close,
            world,
            stop,
            upgrade_refused: false,
            head_is_out: false,
        }
    }

    /// The request asked for another protocol and does not get it: bytes that came with it are not the next request.
    pub(super) fn refuse_upgrade(&mut self) {
        self.upgrade_refused = true;
    }

    /// Sends an answer without a body.
    pub(super) async fn send_head(self, head: ResponseHead) -> After {
        self.send(Box::new(head), Body::empty(), &Gone::default()).await
    }

    /// Sends an answer. Whatever goes wrong ends in a close, never in a clean end.
    ///
    /// Not an `async fn`: such a one keeps its arguments twice, and these are large.
    pub(super) fn send(mut self, head: Box<ResponseHead>, mut body: Body, gone: &Gone) -> impl Future<Output = After> {
        let date = head.lacks(&Name::DATE).then(|| self.world.clock.wall().http_date());
        let mut writer = ResponseWriter::new(self.asked, head, date);
        async move {
            loop {
                let step = match self.pull(&mut body, gone).await {
                    Some(Ok(Frame::Data(bytes))) => self.data(&mut writer, bytes, &mut body).await,
                    Some(Ok(Frame::Flush)) => self.flush(&mut writer, &mut body).await,
                    Some(Ok(Frame::Trailers(trailers))) => self.trailers(&mut writer, trailers).await,
                    Some(Err(cut)) => {
                        tracing::debug!(error = %cut, "answer was cut");
                        return self.abort(writer).await;
                    }
                    None => break,
                };
                if step.is_err() {
                    return self.failed(writer.ends_with_connection());
                }
            }
            drop(body);
            self.settle(&mut writer, Next::End).await;
            let ends_with_connection = writer.ends_with_connection();
            let after = writer.finish(self.shared.borrow_mut().out.buffer());
            self.end(after, ends_with_connection).await
        }
    }

    /// Sends the last answer of the connection as its maker framed it, within a bounded time.
    pub(super) async fn send_last(self, head: &ResponseHead, body: Body, gone: &Gone) -> After {
        // Out of time something of it may be written: a clean end would call that all of it.
        timeout(limits::LAST_ANSWER_TIMEOUT, self.write_last(head, body, gone)).await.unwrap_or(After::Reset)
    }

    async fn write_last(mut self, head: &ResponseHead, mut body: Body, gone: &Gone) -> After {
        self.head_is_out = true; // nothing may stand before it any more
        let mut writer = {
            let mut connection = self.shared.borrow_mut();
            connection.forget_continue();
            LastResponse::begin(connection.out.buffer(), head, body.length())
        };
        loop {
            if self.write().await.is_err() {
                return self.failed(writer.ends_with_connection());
            }
            match self.pull(&mut body, gone).await {
                Some(Ok(Frame::Data(bytes))) => writer.data(self.shared.borrow_mut().out.buffer(), &bytes),
                Some(Ok(Frame::Trailers(trailers))) => writer.trailers(trailers),
                Some(Ok(Frame::Flush)) => {}
                Some(Err(cut)) => {
                    tracing::debug!(error = %cut, "last answer was cut");
                    // The connection ends either way.
                    let _ = self.write().await;
                    return if writer.ends_with_connection() { After::Reset } else { After::Close };
                }
                None => break,
            }
        }
        drop(body);
        let ends_with_connection = writer.ends_with_connection();
        writer.finish(self.shared.borrow_mut().out.buffer());
        match self.write().await {
            Ok(()) => self.close_request().await,
            Err(Failed) => self.failed(ends_with_connection),
        }
    }

    /// Sends a 101 and makes the connection a tunnel.
    pub(super) async fn switch(self, head: &ResponseHead, tunnel: Tunnel) -> After {
        http1::write_switch(self.shared.borrow_mut().out.buffer(), head);
        match self.write().await {
            Ok(()) => After::Switch(tunnel),
            Err(Failed) => After::Close,
        }
    }

    /// The next frame of the answer. A panic in a body is a cut.
    async fn pull(&self, body: &mut Body, gone: &Gone) -> Option<Result<Frame, Cut>> {
        poll_fn(|cx| {
            let turn = watched(self.shared, gone, cx, |cx| {
                let turn = std::panic::catch_unwind(AssertUnwindSafe(|| body.poll_frame(cx)));
                if !self.head_is_out {
                    write_early(self.shared, gone, cx);
                }
                turn.map_or_else(|panic| Poll::Ready(Err(panic)), |turn| turn.map(Ok))
            });
            turn.map(|turn| {
                turn.unwrap_or_else(|_| {
                    tracing::error!("a body panicked");
                    Some(Err(Cut::Malformed("the body's maker panicked")))
                })
            })
        })
        .await
    }

    async fn data(&mut self, writer: &mut ResponseWriter, bytes: Bytes, body: &mut Body) -> Result<(), Failed> {
        self.shared.borrow_mut().forget_continue(); // nothing asks a client to go on that is being answered
        self.settle(writer, Next::Data(bytes.len())).await;
        let (waits, may_wait) = {
            let mut connection = self.shared.borrow_mut();
            // Bytes beyond the declared length are dropped, and the connection ends behind the answer, as in Go.
            let piece = writer.data(bytes, connection.out.buffer()).unwrap_or_default();
            // Nothing can be put behind a piece: it is written now.
            let may_wait = if piece.is_some() { 0 } else { writer.may_wait() };
            piece.into_iter().for_each(|piece| connection.out.put_piece(piece));
            (connection.out.len(), may_wait)
        };
        if waits > may_wait { self.write_beside(body, may_wait).await } else { Ok(()) }
    }

    async fn flush(&mut self, writer: &mut ResponseWriter, body: &mut Body) -> Result<(), Failed> {
        self.settle(writer, Next::Flush).await;
        writer.flush(self.shared.borrow_mut().out.buffer());
        self.write_beside(body, 0).await
    }

    async fn trailers(&mut self, writer: &mut ResponseWriter, trailers: Headers) -> Result<(), Failed> {
        self.settle(writer, Next::Trailers).await;
        writer.trailers(trailers);
        Ok(())
    }

    /// Writes what is left of the answer.
    async fn end(&self, after: http1::After, ends_with_connection: bool) -> After {
        if self.write().await.is_err() {
            return self.failed(ends_with_connection);
        }
        let request_is_done = self.shared.borrow().body_state() == BodyState::Done;
        match after {
            http1::After::KeepAlive if request_is_done => After::KeepAlive,
            http1::After::KeepAlive | http1::After::Close => self.close_request().await,
        }
    }

    /// The client did not take all of the answer. A clean end must not call it complete; and who takes nothing would hold what waits for it
    /// in the kernel.
    fn failed(&self, ends_with_connection: bool) -> After {
        if ends_with_connection || self.shared.borrow().has_stalled() { After::Reset } else { After::Close }
    }

    fn abort(&self, writer: ResponseWriter) -> impl Future<Output = After> {
        let end = if writer.ends_with_connection() { After::Reset } else { After::Close };
        drop(writer);
        async {
            // The connection is closed either way.
            let _ = self.write().await;
            end
        }
    }

    /// Reads the rest of a small request before the head goes out, or decides to close: what was not read has no meaning as a next request.
    ///
    /// Go: `net/http/server.go` `chunkWriter.writeHeader`.
    async fn settle(&mut self, writer: &mut ResponseWriter, next: Next) {
        if self.head_is_out || !writer.will_write_head(next) {
            return;
        }
        self.head_is_out = true;
        let read_on = !writer.closes(next) && !self.stop.is_set();
        let settled = if read_on { self.settle_request().await } else { Settled::KeepAlive };
        // As late as can be: the stop, or the bytes, may have come while the answer was made.
        let settled = if self.stop.is_set() || self.has_early_bytes() { Settled::Close } else { settled };
        self.shared.borrow_mut().forget_continue();
        writer.settle(settled);
    }

    async fn settle_request(&mut self) -> Settled {
        let (state, remaining) = {
            let connection = self.shared.borrow();
            (connection.body_state(), connection.remaining())
        };
        match (state, remaining) {
            (BodyState::Done, _) => Settled::KeepAlive,
            (BodyState::Broken | BodyState::GivenUp, _) => Settled::Close,
            _ if self.expects_continue => Settled::Close,
            (BodyState::EndedEarly, _) => Settled::KeepAlive, // Go takes it for read; nothing follows it anyway
            (BodyState::Open, Remaining::Exactly(bytes)) if bytes >= limits::HTTP1_UNREAD_BYTES_MAX => Settled::Close,
            (BodyState::Open, _) => match Box::pin(self.drain(limits::HTTP1_UNREAD_BYTES_MAX + 1)).await {
                Drained::End => Settled::KeepAlive,
                Drained::More | Drained::Broken => Settled::Close,
            },
        }
    }

    /// Whether bytes have come with a request that does not get the protocol it asked for.
    fn has_early_bytes(&self) -> bool {
        self.upgrade_refused && self.shared.borrow().has_input()
    }

    /// Closes the request behind its answer, and reads a little of what is left: a client that sends before it reads gets the answer.
    ///
    /// Go: `net/http/transfer.go` `body.Close`, `net/http/server.go` `response.finishRequest`.
    async fn close_request(&self) -> After {
        let (state, remaining) = {
            let connection = self.shared.borrow();
            (connection.body_state(), connection.remaining())
        };
        match remaining {
            _ if state == BodyState::GivenUp => After::Linger,
            _ if state != BodyState::Open || self.upgrade_refused => After::Close,
            Remaining::Exactly(_) if self.closes => After::Close,
            Remaining::Exactly(bytes) if bytes > limits::HTTP1_UNREAD_BYTES_MAX => After::Linger,
            _ => match Box::pin(self.drain(limits::HTTP1_UNREAD_BYTES_MAX)).await {
                Drained::More => After::Linger,
                Drained::End | Drained::Broken => After::Close,
            },
        }
    }

    /// Reads and forgets at most about `bytes_max` of the request's body, and does not wait for it without end. Go does.
    async fn drain(&self, bytes_max: u64) -> Drained {
        let read = timeout(limits::UNREAD_BODY_TIMEOUT, self.read_on(bytes_max));
        read.await.unwrap_or_else(|_| {
            self.shared.borrow_mut().break_body();
            Drained::Broken
        })
    }

    async fn read_on(&self, bytes_max: u64) -> Drained {
        self.shared.borrow_mut().close_body();
        let mut left = bytes_max;
        loop {
            let event = self.shared.borrow_mut().next_of_body();
            match event {
                Ok(Event::Data(bytes)) => {
                    left = left.saturating_sub(bytes.len() as u64);
                    if left == 0 {
                        return Drained::More;
                    }
                }
                Ok(Event::Done) => return Drained::End,
                Ok(Event::Trailers(_)) => {}
                Ok(Event::NeedMore | Event::Head(_)) => {
                    let filled = poll_fn(|cx| self.shared.borrow_mut().poll_fill(cx)).await;
                    if filled.is_err() {
                        self.shared.borrow_mut().break_body();
                        return Drained::Broken;
                    }
                }
                Err(_) => return Drained::Broken,
            }
        }
    }

    async fn write(&self) -> Result<(), Failed> {
        poll_fn(|cx| self.shared.borrow_mut().poll_flush(cx)).await.map_err(|_| Failed)
    }

    /// Writes all but so many bytes. While the client does not take them, its own body goes on to the backend, as in Go.
    async fn write_beside(&self, body: &mut Body, waiting: usize) -> Result<(), Failed> {
        let written = poll_fn(|cx| {
            let written = self.shared.borrow_mut().poll_flush_down_to(waiting, cx);
            if written.is_pending() {
                body.go_on(cx);
            }
            written
        });
        written.await.map_err(|_| Failed)
    }
}

/// The client's connection failed: nothing more can be said.
struct Failed;

enum Drained {
    End,
    More,
    Broken,
}
