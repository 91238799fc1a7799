//! How scripted clients and backends send a body on a stream of HTTP/2.

use std::{future::poll_fn, time::Duration};

use bytes::Bytes;
use h2::SendStream;

use crate::traffic::BodyPlan;

/// What follows a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its end is said.
    Said,
    /// Something else, or nothing.
    Open,
}

/// Sends a body in the pieces of its plan, as there is room for it.
pub(crate) async fn send(
    to: &mut SendStream<Bytes>,
    plan: &BodyPlan,
    mut body: Bytes,
    end: End,
) -> Result<(), h2::Error> {
    while !body.is_empty() {
        let mut piece = body.split_to(plan.piece.min(body.len()));
        while !piece.is_empty() {
            to.reserve_capacity(piece.len());
            let Some(room) = poll_fn(|cx| to.poll_capacity(cx)).await else { return Err(gone()) };
            let part = piece.split_to(room?.min(piece.len()));
            to.send_data(part, false)?;
        }
        if plan.pause > Duration::ZERO {
            tokio::select! {
                biased;
                () = tokio::time::sleep(plan.pause) => {}
                _ = poll_fn(|cx| to.poll_reset(cx)) => return Err(gone()),
            }
        }
    }
    if end == End::Said {
        to.send_data(Bytes::new(), true)?;
    }
    Ok(())
}

/// The stream takes nothing any more.
pub(crate) fn gone() -> h2::Error {
    h2::Reason::CANCEL.into()
}
