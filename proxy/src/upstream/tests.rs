//! Questions to the transport as a whole, over a network in memory and in paused time.

mod early;
mod expect;
mod failures;
mod late_bodies;
mod retry;
mod reuse;
mod self_signed;
mod swarm;
mod tls;
mod uploads;
mod waiting;

use super::pretend::{Peer, Stage};

/// Serves one request on a connection, and gives its head.
async fn serve(peer: &mut Peer) -> String {
    let head = peer.head().await;
    peer.answer("ok").await;
    head
}

/// Serves one request on a new connection.
async fn accept(stage: &Stage) -> Peer {
    let mut peer = stage.accept().await;
    serve(&mut peer).await;
    peer
}
