use std::task::{Context, Poll};

use crate::wire::body::{Cut, Frame, Length};

/// The body of a message that comes off an HTTP/2 stream.
#[derive(Debug)]
pub struct Incoming {
    length: Length,
}

impl Incoming {
    /// How its end will be known.
    pub fn length(&self) -> Length {
        self.length
    }

    /// The next frame, none at the end.
    pub fn poll_frame(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(None)
    }
}
