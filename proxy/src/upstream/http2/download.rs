use std::task::{Context, Poll};

use super::{connection::Place, upload::Upload};
use crate::wire::{
    Cut, Frame, Length,
    http2::{Code, Incoming},
};

/// The body of an answer on an HTTP/2 stream. Dropped before its end, or before the request's own, it resets the stream with CANCEL.
#[derive(Debug)]
pub(in crate::upstream) struct Http2Download(Box<Halves>);

/// Both ways of a stream.
#[derive(Debug)]
struct Halves {
    incoming: Incoming,
    upload: Upload,
    /// How the request's own body broke off, until that is told.
    broken: Option<Cut>,
    /// Last, so that the stream's end is on its way before the connection counts it as gone.
    place: Option<Place>,
}

impl Http2Download {
    pub(super) fn new(length: Length, upload: Upload, place: Place) -> Self {
        Self(Box::new(Halves { incoming: upload.answer(length), upload, broken: None, place: Some(place) }))
    }

    /// How the body's end will be known.
    pub(in crate::upstream) fn length(&self) -> Length {
        self.0.incoming.length()
    }

    /// Sends what is left of the request's own body.
    pub(in crate::upstream) fn go_on(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(cut)) = self.0.upload.poll(cx) {
            self.0.broken = Some(cut);
        }
    }

    /// The next frame, none at the end. Also sends what is left of the request's own body.
    ///
    /// # Errors
    /// One of the bodies broke off.
    pub(in crate::upstream) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        self.go_on(cx);
        let halves = &mut *self.0;
        if let Some(cut) = halves.broken.take() {
            return Poll::Ready(Some(Err(cut)));
        }
        let frame = halves.incoming.poll_frame(cx);
        if let (Poll::Ready(Some(Err(Cut::Reset(code)))), Some(place)) = (&frame, &halves.place)
            && Code(*code) == Code::PROTOCOL_ERROR
        {
            place.retire();
        }
        let ended = matches!(frame, Poll::Ready(None | Some(Ok(Frame::Trailers(_)) | Err(_))));
        if ended {
            halves.upload.answered();
        }
        if ended && halves.upload.is_done() {
            halves.place = None;
        }
        frame
    }
}
