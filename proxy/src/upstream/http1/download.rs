use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::time::{Sleep, sleep};

use super::{Conversation, conversation::Part, fault::BadAnswer, upload::BadUpload};
use crate::{
    config::limits,
    wire::{
        Cut, Frame, Length,
        http1::{Response, Wrong},
    },
};

/// The body of an answer on an HTTP/1 connection.
#[derive(Debug)]
pub(in crate::upstream) struct Http1Download {
    state: State,
    length: Length,
    answer_closes: bool,
    /// Nothing of it was asked for yet.
    is_fresh: bool,
}

#[derive(Debug)]
enum State {
    Open(Box<Conversation>),
    /// The request's own body broke off, and nobody was told yet.
    CutShort(Cut),
    /// The answer has ended; the rest of the request has a little time left.
    Ending(Box<Conversation>, Option<Pin<Box<Sleep>>>),
    Ended,
    /// It broke off, and the connection is closed.
    Broken,
}

impl Http1Download {
    /// The body behind the head of an answer. The connection of an answer without a body is given back here, as Go does: before the head
    /// is told.
    pub(in crate::upstream) fn new(mut conversation: Box<Conversation>, response: &Response) -> Self {
        let mut download =
            Self { length: response.length, answer_closes: response.close, is_fresh: true, state: State::Ended };
        let has_ended = response.length == Length::Empty && matches!(conversation.part_at_hand(), Ok(Some(Part::End)));
        if has_ended {
            download.end(conversation);
        } else {
            download.state = State::Open(conversation);
        }
        download
    }

    /// How the body's end will be known.
    pub(in crate::upstream) fn length(&self) -> Length {
        self.length
    }

    /// Whether the answer has ended, and the rest of the request is waited for.
    pub(in crate::upstream) fn is_ending(&self) -> bool {
        matches!(self.state, State::Ending(..))
    }

    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The backend left or broke the rules, or the request's own body broke off.
    pub(in crate::upstream) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        // What has come with the head is told before the request's body is asked for more, as in Go: it may be all of the
        // answer, and stands even if that body breaks off.
        let is_first = std::mem::take(&mut self.is_fresh);
        if !is_first {
            self.go_on(cx);
        }
        let State::Open(conversation) = &mut self.state else {
            return match std::mem::replace(&mut self.state, State::Broken) {
                State::CutShort(cut) => Poll::Ready(Some(Err(cut))),
                State::Broken => Poll::Ready(Some(Err(Cut::Malformed("read behind a break")))),
                ending @ (State::Open(_) | State::Ending(..) | State::Ended) => {
                    self.state = ending;
                    self.poll_ending(cx).map(|()| None)
                }
            };
        };
        let part = conversation.poll_part(cx);
        if is_first && part.is_pending() {
            return self.poll_frame(cx);
        }
        match ready!(part) {
            Ok(Part::Data(data)) => {
                self.end_behind_last_byte();
                Poll::Ready(Some(Ok(Frame::Data(data))))
            }
            Ok(Part::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::Trailers(trailers)))),
            Ok(Part::End) => {
                if let State::Open(conversation) = std::mem::replace(&mut self.state, State::Ended) {
                    self.end(conversation);
                }
                self.poll_ending(cx).map(|()| None)
            }
            Err(BadAnswer::Gone(error)) => self.broken(Cut::BackendGone(error)),
            Err(BadAnswer::Wrong(Wrong::Ended | Wrong::EndedEarly)) => {
                self.broken(Cut::BackendGone(io::ErrorKind::UnexpectedEof.into()))
            }
            Err(BadAnswer::Wrong(wrong)) => self.broken(wrong.into_cut()),
        }
    }

    /// Sends what is left of the request's own body.
    pub(in crate::upstream) fn go_on(&mut self, cx: &mut Context<'_>) {
        let State::Open(conversation) = &mut self.state else { return };
        if let Poll::Ready(Err(bad)) = conversation.poll_upload(cx) {
            self.state = State::CutShort(match bad {
                BadUpload::Cut(cut) => cut,
                BadUpload::Length { .. } => Cut::Malformed("http: ContentLength differs from Body length"),
            });
        }
    }

    /// Waits until the connection's fate is decided, once the answer has ended.
    ///
    /// Go: `net/http/transport.go` `persistConn.wroteRequest`.
    pub(in crate::upstream) fn poll_ending(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Ending(conversation, grace) = &mut self.state else { return Poll::Ready(()) };
        if conversation.poll_upload(cx).is_pending() {
            let grace = grace.get_or_insert_with(|| Box::pin(sleep(limits::UPLOAD_GRACE)));
            ready!(grace.as_mut().poll(cx));
        }
        if let State::Ending(conversation, _) = std::mem::replace(&mut self.state, State::Ended) {
            conversation.finish(self.answer_closes);
        }
        Poll::Ready(())
    }

    /// A body of known length ends with its last byte: whoever has it need not ask for more.
    fn end_behind_last_byte(&mut self) {
        if !matches!(self.length, Length::Exactly(_)) {
            return;
        }
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Open(mut conversation) => match conversation.is_at_end() {
                true => self.end(conversation),
                false => self.state = State::Open(conversation),
            },
            other => self.state = other,
        }
    }

    /// The answer has ended: the connection is given back, unless it waits for the rest of the request.
    fn end(&mut self, conversation: Box<Conversation>) {
        if conversation.is_uploading() {
            self.state = State::Ending(conversation, None);
        } else {
            conversation.finish(self.answer_closes);
            self.state = State::Ended;
        }
    }

    fn broken(&mut self, cut: Cut) -> Poll<Option<Result<Frame, Cut>>> {
        self.state = State::Broken;
        Poll::Ready(Some(Err(cut)))
    }
}
