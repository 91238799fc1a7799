use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::SendStream;

/// The stream takes no more bytes: it was reset, or its connection is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream is over")]
pub struct Over;

/// Ready when the peer's window and the buffer have room for a byte. What is wanted must be reserved before.
///
/// # Errors
/// There will be no room.
pub fn poll_room(stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Result<(), Over>> {
    while stream.capacity() == 0 {
        match ready!(stream.poll_capacity(cx)) {
            Some(Ok(_)) => {}
            None | Some(Err(_)) => return Poll::Ready(Err(Over)),
        }
    }
    Poll::Ready(Ok(()))
}
