use std::{
    pin::Pin,
    task::{Context, Poll},
};

use super::{http1::Http1Download, http2::Http2Download};
use crate::wire::{Cut, Frame, Frames, Length};

/// The body of a backend's answer. Pulling it also drives what is left of the request's own body.
///
/// Dropped before its end it closes the connection (HTTP/2: it resets the stream with CANCEL). At its end the connection goes back to the
/// pool, if the request was written to its end as well.
#[derive(Debug)]
pub struct Download(pub(super) Carried);

/// Which version of HTTP carries a body.
#[derive(Debug)]
pub(super) enum Carried {
    Http1(Http1Download),
    Http2(Http2Download),
}

impl Download {
    /// How the body's end will be known.
    pub fn length(&self) -> Length {
        match &self.0 {
            Carried::Http1(download) => download.length(),
            Carried::Http2(download) => download.length(),
        }
    }
}

impl Frames for Download {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        match &mut self.get_mut().0 {
            Carried::Http1(download) => download.poll_frame(cx),
            Carried::Http2(download) => download.poll_frame(cx),
        }
    }

    fn is_ending(&self) -> bool {
        matches!(&self.0, Carried::Http1(download) if download.is_ending())
    }

    fn go_on(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        match &mut self.get_mut().0 {
            Carried::Http1(download) => download.go_on(cx),
            Carried::Http2(download) => download.go_on(cx),
        }
    }
}
