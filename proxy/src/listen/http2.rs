//! A client's HTTP/2 connection, from its preface to its end. Every stream is a task of its own on the worker.
//!
//! Go: `net/http/h2_bundle.go` `serverConn`.

mod limits;
mod patience;
mod reply;
mod stream;
#[cfg(test)]
mod tests;
mod websocket;

use std::{cell::RefCell, future::poll_fn, rc::Rc, task::Poll};

pub use self::limits::Http2Limits;
use self::patience::Patience;
use super::Stop;
use crate::{
    chain::Handler,
    wire::{
        Channel, Peer,
        http2::{Connection, Driver, Handle, Over, Role, Shared},
    },
    world::{Dice, World},
};

/// What the streams of a connection share.
struct Context<H> {
    handler: Rc<H>,
    peer: Peer,
    limits: Http2Limits,
    world: World,
    connection: Shared,
    /// Where the keys of WebSockets are drawn from.
    dice: RefCell<Dice>,
}

/// Ends a connection for its streams when nobody drives it any more.
struct EndOnDrop(Shared);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.borrow_mut().end(Over::Gone);
    }
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
    mut stop: Stop,
) {
    let connection = Rc::new(RefCell::new(Connection::new(Role::Server, limits.bounds())));
    let _end = EndOnDrop(Rc::clone(&connection));
    let mut driver = Driver::new(channel, &connection);
    let (limits, world) = (limits.clone(), world.clone());
    let dice = RefCell::new(world.dice.split("listen/http2/websocket"));
    let context = Rc::new(Context { handler, peer, limits, world, connection: Rc::clone(&connection), dice });
    let mut patience = Patience::new(&context.limits);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            () = stop.wait(), if !stopping => {
                stopping = true;
                connection.borrow_mut().leave();
            }
            () = poll_fn(|cx| drive(&mut driver, &mut patience, &context, cx)) => break,
        }
    }
    let is_at_fault = matches!(connection.borrow().over(), Some(Over::Fault(..)));
    if is_at_fault {
        // What it was told may still be on its way, and so may what it has sent.
        driver.overhear(context.limits.goaway_grace).await;
    }
    if let Some(over) = connection.borrow().over() {
        tracing::debug!(?over, error = ?driver.failure(), peer = ?context.peer.address, "HTTP/2 connection ended");
    }
    let said_nothing = !connection.borrow().is_begun() && connection.borrow().over().is_none();
    connection.borrow_mut().end(Over::Gone);
    if said_nothing {
        return;
    }
    let lingering = driver.linger(context.limits.linger);
    // The streams know that the client left, and end within `gone_grace`.
    tokio::join!(lingering, poll_fn(|cx| poll_idle(&connection, cx)));
}

/// Moves bytes, starts streams, and looks at the clock. Ready when the connection has come to its end.
fn drive<H: Handler + 'static>(
    driver: &mut Driver,
    patience: &mut Patience,
    context: &Rc<Context<H>>,
    cx: &mut std::task::Context<'_>,
) -> Poll<()> {
    loop {
        if driver.poll(cx, &mut || start_streams(context)).is_ready() {
            return Poll::Ready(());
        }
        // Handlers that have ended may have let others begin.
        start_streams(context);
        match patience.poll(&context.connection, cx) {
            Poll::Ready(patience::Next::End) => return Poll::Ready(()),
            Poll::Ready(patience::Next::Write) => {}
            Poll::Pending => return Poll::Pending,
        }
    }
}

fn start_streams<H: Handler + 'static>(context: &Rc<Context<H>>) {
    while let Some((handle, asked)) = Handle::accept(&context.connection) {
        tokio::task::spawn_local(stream::serve(Rc::clone(context), handle, asked));
    }
}

fn poll_idle(connection: &Shared, cx: &std::task::Context<'_>) -> Poll<()> {
    let mut connection = connection.borrow_mut();
    connection.attend(cx.waker());
    if connection.is_idle() { Poll::Ready(()) } else { Poll::Pending }
}
