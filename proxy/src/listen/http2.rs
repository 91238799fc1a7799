//! A client's HTTP/2 connection, from its preface to its end. Frames are the `h2` crate's; every stream is a task of its own on the worker.
//!
//! Go: `net/http/h2_bundle.go` `serverConn`.

mod limits;
mod reply;
mod responder;
mod stream;
#[cfg(test)]
mod tests;

use std::{future::poll_fn, rc::Rc, task::Poll};

use bytes::Bytes;
use h2::{Reason, RecvStream, server::SendResponse};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

pub use self::limits::Http2Limits;
use super::Stop;
use crate::{
    chain::Handler,
    wire::{Channel, Peer, SharedChannel},
    world::World,
};

/// What the streams of a connection share.
struct Context<H> {
    handler: Rc<H>,
    peer: Peer,
    limits: Http2Limits,
    world: World,
    /// A handler wants the connection to end.
    hang_up: Notify,
}

/// Serves a connection's requests, side by side, until it ends and they have ended.
///
/// Told to stop it drains: GOAWAY twice, so that no request on its way is lost, and the end when the last stream has ended.
pub async fn serve<H: Handler + 'static>(
    channel: Channel,
    peer: Peer,
    handler: Rc<H>,
    limits: &Http2Limits,
    world: &World,
    stop: Stop,
) {
    let channel = SharedChannel::new(channel);
    let handshake = limits.builder().handshake(channel.clone());
    let connection = match timeout(limits.preface_timeout, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return tracing::debug!(%error, peer = ?peer.address, "HTTP/2 preface failed"),
        Err(_) => return tracing::debug!(peer = ?peer.address, "HTTP/2 preface ran out of time"),
    };
    let (limits, world) = (limits.clone(), world.clone());
    let context = Rc::new(Context { handler, peer, limits, world, hang_up: Notify::new() });
    let mut streams = JoinSet::new();
    if let Err(error) = drive(connection, &context, &mut streams, stop).await {
        tracing::debug!(%error, peer = ?context.peer.address, "HTTP/2 connection ended");
    }
    // The streams know that the client left, and end within `gone_grace`.
    while streams.join_next().await.is_some() {}
    channel.linger(context.limits.linger).await;
}

type Connection = h2::server::Connection<SharedChannel, Bytes>;

/// What a connection does next.
enum Event {
    Request(Box<http::Request<RecvStream>>, SendResponse<Bytes>),
    End(Result<(), h2::Error>),
}

/// Drives the frames of all streams, and starts the streams.
async fn drive<H: Handler + 'static>(
    mut connection: Connection,
    context: &Rc<Context<H>>,
    streams: &mut JoinSet<()>,
    mut stop: Stop,
) -> Result<(), h2::Error> {
    let limits = &context.limits;
    let mut phase = Phase::Serving;
    let mut idle_since = Instant::now();
    loop {
        // A client may reset what it asked for, and ask again: a stream counts here until its task is over, whatever the client says.
        let full = streams.len() >= limits.streams_max as usize;
        let idle = streams.is_empty();
        let patience = match phase {
            Phase::Serving => limits.idle_timeout,
            Phase::Leaving | Phase::Closing => Some(limits.goaway_grace),
        };
        let patience_ends = idle_since + patience.unwrap_or_default();
        let leave = tokio::select! {
            biased;
            () = stop.wait(), if phase == Phase::Serving => true,
            () = context.hang_up.notified(), if phase == Phase::Serving => true,
            event = next(&mut connection, full) => match event {
                Event::Request(request, respond) => {
                    streams.spawn_local(stream::serve(Rc::clone(context), *request, respond));
                    false
                }
                Event::End(result) => return result,
            },
            Some(_) = streams.join_next(), if !idle => {
                idle_since = Instant::now();
                false
            }
            () = sleep_until(patience_ends), if idle && patience.is_some() => true,
        };
        if leave {
            idle_since = Instant::now();
            phase = match phase {
                Phase::Serving => {
                    connection.graceful_shutdown();
                    Phase::Leaving
                }
                Phase::Leaving => {
                    connection.abrupt_shutdown(Reason::NO_ERROR);
                    Phase::Closing
                }
                // Not even GOAWAY can be written.
                Phase::Closing => return Ok(()),
            };
        }
    }
}

/// How far a connection is on its way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Requests are served.
    Serving,
    /// The client was told to send no further request; those on their way are served.
    Leaving,
    /// No stream is left, and the client was told so.
    Closing,
}

/// The connection's next event; no request while `full`.
async fn next(connection: &mut Connection, full: bool) -> Event {
    poll_fn(|cx| {
        if full {
            return connection.poll_closed(cx).map(Event::End);
        }
        match connection.poll_accept(cx) {
            Poll::Ready(Some(Ok((request, respond)))) => Poll::Ready(Event::Request(Box::new(request), respond)),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Event::End(Err(error))),
            Poll::Ready(None) => Poll::Ready(Event::End(Ok(()))),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
