use std::task::{Context, Poll};

use bytes::Bytes;

use super::{super::fault::BadAnswer, Conversation};
use crate::wire::{
    Headers,
    http1::{Event, Remaining, Wrong},
};

/// What stands next in the answer's body.
#[derive(Debug)]
pub(in crate::upstream::http1) enum Part {
    Data(Bytes),
    Trailers(Headers),
    End,
}

/// The body of the answer, part by part.
impl Conversation {
    /// What stands next in the answer's body.
    ///
    /// # Errors
    /// The connection failed, or the body breaks the rules.
    pub(in crate::upstream::http1) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, BadAnswer>> {
        loop {
            if let Some(part) = self.part_at_hand().map_err(BadAnswer::Wrong)? {
                return Poll::Ready(Ok(part));
            }
            if let Some(error) = self.unread.take() {
                return Poll::Ready(Err(BadAnswer::Gone(error)));
            }
            if let Err(error) = std::task::ready!(self.connection.poll_fill(cx)) {
                match self.held_data() {
                    None => return Poll::Ready(Err(BadAnswer::Gone(error))),
                    Some(data) => {
                        self.unread = Some(error);
                        return Poll::Ready(Ok(Part::Data(data)));
                    }
                }
            }
        }
    }

    /// What has come of a chunk that waits for its rest.
    fn held_data(&mut self) -> Option<Bytes> {
        let connection = &mut self.connection;
        match connection.reader.next(&mut connection.input, true) {
            Ok(Event::Data(data)) => Some(data),
            Ok(Event::NeedMore | Event::Head(_) | Event::Trailers(_) | Event::Done) | Err(_) => None,
        }
    }

    /// What stands next in the answer's body, if it has come in already.
    ///
    /// # Errors
    /// The body breaks the rules.
    pub(in crate::upstream::http1) fn part_at_hand(&mut self) -> Result<Option<Part>, Wrong> {
        let connection = &mut self.connection;
        Ok(match connection.reader.next(&mut connection.input, connection.ended)? {
            Event::Data(data) => Some(Part::Data(data)),
            Event::Trailers(trailers) => Some(Part::Trailers(trailers)),
            Event::Done => Some(Part::End),
            // A head cannot stand within an answer: the reader ends the answer first.
            Event::NeedMore | Event::Head(_) => None,
        })
    }

    /// Whether an answer of known length has been taken whole; its end is taken with that.
    pub(in crate::upstream::http1) fn is_at_end(&mut self) -> bool {
        self.connection.reader.remaining() == Remaining::Nothing && matches!(self.part_at_hand(), Ok(Some(Part::End)))
    }
}
