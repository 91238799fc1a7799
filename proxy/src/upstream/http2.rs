//! HTTP/2 towards backends.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use crate::wire::{Cut, Frame, Length};

/// The body of an answer on an HTTP/2 stream.
#[derive(Debug)]
pub(super) struct Http2Download(Infallible);

impl Http2Download {
    /// How the body's end will be known.
    pub(super) fn length(&self) -> Length {
        match self.0 {}
    }

    /// Whether the request's own body was written to its end.
    pub(super) fn upload_done(&self) -> bool {
        match self.0 {}
    }

    /// The next frame, none at the end.
    pub(super) fn poll_frame(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        match self.0 {}
    }
}
