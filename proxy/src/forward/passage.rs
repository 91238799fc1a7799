//! One request's way to a backend and its answer's way back, whoever decides what goes out: the core of every proxy here.

use std::{cell::Cell, future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use http::StatusCode;
use tokio::time::{Instant, sleep_until};

use super::{
    FlushInterval,
    bodyless::Bodyless,
    first_read::EndOfBody,
    flush::flush_interval,
    gunzip,
    planted::{self, Passed},
    relay::Relay,
    switch::{self, BadSwitch},
};
use crate::{
    upstream::{self, Download, Incoming, Origin, Outgoing, Reply, SendCause, Transport},
    wire::{Answer, Body, Exchange, Gone, Length, Name, ResponseHead, Tunnel},
    world::Bug,
};

/// The way of one request to its backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage<'a> {
    /// How backends are reached.
    pub(crate) transport: &'a Transport,
    /// The backend.
    pub(crate) origin: &'a Origin,
    /// How long bytes of an answer of known length may wait.
    pub(crate) flush: FlushInterval,
    /// When the answer, its body included, is given up. None: never.
    pub(crate) until: Option<Instant>,
}

/// Why a request got no answer from its backend.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It could not be sent, or nothing that is HTTP came back.
    #[error(transparent)]
    Send(SendCause),
    /// The client left meanwhile. Go: `context.Canceled`.
    #[error("context canceled")]
    ClientLeft,
    /// The time was over before the answer's head came. Go: `context.DeadlineExceeded`.
    #[error("context deadline exceeded")]
    TooLate,
    /// An upgrade got a head of 1xx that is no switch.
    #[error("early answer with status code {}", .0.as_u16())]
    Early(StatusCode),
}

impl Passage<'_> {
    /// Sends a request, and what comes of it before the answer's head goes to the client at once.
    ///
    /// # Errors
    /// No answer came.
    pub(crate) fn ask(
        &self,
        exchange: &mut Exchange,
        outgoing: Outgoing,
    ) -> impl Future<Output = Result<Reply, Failure>> {
        let planted = self.transport.planted();
        let gone = if planted.has(Bug::AsksForNobody) { Gone::default() } else { exchange.gone.clone() };
        let outgoing = planted::sent(outgoing, planted);
        let mut until = self.until.map(|moment| Box::pin(sleep_until(moment)));
        // Polled by hand: each arm of a `select!` would move what is sent once more.
        async move {
            let mut informed = |head: &ResponseHead| {
                if !planted.has(Bug::SwallowsInformational) {
                    exchange.inform(head);
                }
            };
            let mut sent = pin!(self.transport.send(self.origin, outgoing, &mut informed));
            poll_fn(|cx| {
                if gone.poll(cx).is_ready() {
                    return Poll::Ready(Err(Failure::ClientLeft));
                }
                if until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready()) {
                    return Poll::Ready(Err(Failure::TooLate));
                }
                sent.as_mut().poll(cx).map_err(|error| Failure::Send(error.cause))
            })
            .await
        }
    }

    /// Sends a request for another protocol. The first head is the answer, whatever its status, as Go takes it.
    ///
    /// # Errors
    /// No answer came, or a head of 1xx that is no switch.
    pub(crate) async fn ask_for_upgrade(&self, exchange: &Exchange, outgoing: Outgoing) -> Result<Reply, Failure> {
        let gone = exchange.gone.clone();
        let early = Cell::new(None);
        let mut informed = |head: &ResponseHead| early.set(early.get().or(Some(head.status)));
        let mut sending = pin!(self.transport.send(self.origin, outgoing, &mut informed));
        let sent = poll_fn(|cx| {
            let turn = sending.as_mut().poll(cx);
            match early.get() {
                Some(status) => Poll::Ready(Err(Failure::Early(status))),
                None => turn.map_err(|error| Failure::Send(error.cause)),
            }
        });
        tokio::select! {
            biased;
            () = gone.wait() => Err(Failure::ClientLeft),
            () = at(self.until) => Err(Failure::TooLate),
            sent = sent => sent,
        }
    }

    /// The answer for the client: without hop-by-hop fields, unpacked where the packing was our own idea.
    pub(crate) fn answer(&self, incoming: Incoming, gone: Gone) -> Answer {
        let (mut head, body, gunzip) = unpacking(incoming);
        strip_hop_by_hop(&mut head);
        let interval = flush_interval(&head, body.length(), gunzip, self.flush);
        let length = if gunzip { Length::Unknown } else { body.length() };
        let end = EndOfBody::of(head.version, body.length());
        let body = Bodyless::new(Passed::new(body, self.transport.planted()), &head);
        let relay =
            Relay::new(body, end, interval, gunzip, gone).until(self.until).announces(!head.announced.is_empty());
        Answer::Reply(head, Body::made(length, relay))
    }

    /// The answer as the backend wrote it, hop-by-hop fields and all; the client's connection ends behind it.
    pub(crate) fn last_answer(&self, incoming: Incoming, gone: Gone) -> Answer {
        let Incoming { head, body, .. } = incoming;
        let length = body.length();
        let relay = Relay::new(body, EndOfBody::Any, FlushInterval::Always, false, gone).until(self.until);
        Answer::Last(head, Body::made(length, relay))
    }

    /// The tunnel for the client, if the backend switched to what it was asked for.
    ///
    /// # Errors
    /// It switched to something else.
    pub(crate) fn switched(
        head: Box<ResponseHead>,
        tunnel: Tunnel,
        asked: Option<&Bytes>,
    ) -> Result<Answer, BadSwitch> {
        switch::check(&head, asked).map(|()| Answer::Switch(head, tunnel))
    }
}

/// An answer's head and body, and whether the body is to be unpacked because the packing was our own idea; the head then says nothing of
/// it.
pub(super) fn unpacking(incoming: Incoming) -> (Box<ResponseHead>, Download, bool) {
    let Incoming { mut head, body, gzip_was_ours } = incoming;
    let gunzip = gzip_was_ours && gunzip::applies(&head, body.length());
    if gunzip {
        gunzip::strip(&mut head);
    }
    (head, body, gunzip)
}

/// Takes out of an answer what concerns the backend's connection alone.
pub(super) fn strip_hop_by_hop(head: &mut ResponseHead) {
    if head.headers.has_token(&Name::CONNECTION, b"content-length") {
        head.content_length = None; // named, so removed: the server counts for itself
    }
    head.close = false;
    upstream::strip_hop_by_hop(&mut head.headers);
}

/// Waits for a moment that may never come.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
