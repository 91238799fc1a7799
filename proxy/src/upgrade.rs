//! Tunnels: bytes both ways behind a 101.
//!
//! Go: `net/http/httputil/reverseproxy.go` `handleUpgradeResponse`, `switchProtocolCopier`.

mod pump;

use std::{
    future::{pending, poll_fn},
    task::Poll,
};

use bytes::Bytes;

use self::pump::{End, Pump};
use crate::{
    wire::{Channel, Tunnel},
    world::{Bug, Planted},
};

/// Carries bytes both ways until both sides have ended or one has failed, then closes both connections.
///
/// What came early is delivered first: the client's bytes behind its request, and the backend's behind its 101. The end of one side is
/// passed on as the end of that direction alone.
pub async fn run(mut client: Channel, client_early: Bytes, tunnel: Tunnel, planted: Planted) {
    let Tunnel { mut backend, early } = tunnel;
    let mut up = Pump::new(client_early);
    let mut down = Pump::new(if planted.has(Bug::LosesEarlyBytes) { Bytes::new() } else { early });
    let end = poll_fn(|cx| {
        // Both directions move in every turn: neither waits for the other.
        let up = up.poll(cx, &mut client, &mut backend);
        let down = down.poll(cx, &mut backend, &mut client);
        match (up, down) {
            (Poll::Ready(End::Failed), _) | (_, Poll::Ready(End::Failed)) => Poll::Ready(End::Failed),
            (Poll::Ready(End::Clean), Poll::Ready(End::Clean)) => Poll::Ready(End::Clean),
            _ => Poll::Pending,
        }
    })
    .await;
    if end == End::Failed && planted.has(Bug::KeepsHalfTunnels) {
        pending::<()>().await;
    }
    tracing::debug!(?end, bytes_up = up.bytes(), bytes_down = down.bytes(), "tunnel ended");
}

#[cfg(test)]
mod tests;
