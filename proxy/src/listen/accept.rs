use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};

use super::{Server, Stop};
use crate::{
    chain::Handler,
    config::limits::{ACCEPT_PAUSE_MAX, ACCEPT_PAUSE_MIN},
    world::{Listener, Stream},
};

/// The connections of a server that have not ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Rc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    open: Cell<usize>,
    waker: RefCell<Option<Waker>>,
}

/// A connection's place in the count; it is given back when the connection ends, however it ends.
struct Place(Rc<Counter>);

impl Connections {
    fn enter(&self) -> Place {
        self.0.open.set(self.0.open.get() + 1);
        Place(Rc::clone(&self.0))
    }

    pub(super) fn count(&self) -> usize {
        self.0.open.get()
    }

    /// Waits until fewer than `limit` are open.
    async fn below(&self, limit: usize) {
        poll_fn(|cx| {
            if self.count() < limit {
                return Poll::Ready(());
            }
            self.0.waker.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Waits until all have ended: false if that takes longer than `bound`.
    pub(super) async fn ended_within(&self, bound: Duration) -> bool {
        tokio::time::timeout(bound, self.below(1)).await.is_ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}

/// Accepts connections until told to stop, then takes what the kernel has accepted already: nothing that a client sees as connected is
/// lost.
///
/// Go: `net/http/server.go` `Server.Serve`.
pub(super) async fn accept_until_stopped<H: Handler + 'static>(
    server: &Rc<Server<H>>,
    mut listener: Listener,
    mut stop: Stop,
) -> Connections {
    let connections = Connections::default();
    let mut pause = Pause::default();
    loop {
        let next = async {
            connections.below(server.settings.connections_max).await;
            poll_fn(|cx| listener.poll_accept(cx)).await
        };
        let accepted = tokio::select! {
            biased;
            () = stop.wait() => break,
            accepted = next => accepted,
        };
        match accepted {
            Ok(stream) => {
                pause = Pause::default();
                start(server, stream, &connections, &stop);
            }
            Err(error) => pause.after(&error).await,
        }
    }
    // The runtime must not mistake a long queue for a task that ought to yield.
    tokio::task::unconstrained(async {
        while let Some(accepted) = listener.accept_arrived() {
            match accepted {
                Ok(stream) => start(server, stream, &connections, &stop),
                Err(error) if has_left(&error) => {}
                Err(_) => break,
            }
        }
    })
    .await;
    connections
}

/// Whether the client left before it was accepted.
fn has_left(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted)
}

fn start<H: Handler + 'static>(server: &Rc<Server<H>>, stream: Stream, connections: &Connections, stop: &Stop) {
    let place = connections.enter();
    let (server, stop) = (Rc::clone(server), stop.clone());
    tokio::task::spawn_local(async move {
        let _place = place;
        server.serve_stream(stream, stop).await;
    });
}

/// How long to wait before the next accept when one failed.
#[derive(Debug, Default)]
struct Pause(Duration);

impl Pause {
    async fn after(&mut self, error: &io::Error) {
        if has_left(error) {
            return;
        }
        self.0 = (self.0 * 2).clamp(ACCEPT_PAUSE_MIN, ACCEPT_PAUSE_MAX);
        tracing::warn!(%error, retry_in = ?self.0, "accept failed");
        tokio::time::sleep(self.0).await;
    }
}

#[cfg(test)]
mod tests;
