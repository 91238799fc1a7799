use std::{
    cell::RefCell,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::StatusCode;

use super::{
    Asked, Code, Framing, Incoming, Request, Sendable,
    connection::{AnswerBody, Connection, HeadKind, StreamError},
    response::{write_informational, write_response},
};
use crate::wire::{body::Length, headers::Headers, message::ResponseHead};

/// A connection as its driver and the holders of its streams share it, on one worker.
pub type Shared = Rc<RefCell<Connection>>;

/// The stream of a request, as whoever serves it or has sent it holds it. Dropped before its end, it resets the stream.
#[derive(Debug)]
pub struct Handle {
    connection: Shared,
    stream: u32,
}

/// Whether something follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Something does.
    More,
    /// It is the end of our side.
    Nothing,
}

impl Handle {
    /// The next request that came, if there is one.
    pub fn accept(connection: &Shared) -> Option<(Self, Asked)> {
        let (stream, asked) = connection.borrow_mut().next_request()?;
        Some((Self { connection: Rc::clone(connection), stream }, asked))
    }

    /// Sends the head of a request. None if the connection takes no further one.
    pub fn open(connection: &Shared, request: &Sendable<'_>, follows: Follows, answer: AnswerBody) -> Option<Self> {
        let stream = connection.borrow_mut().ask_for(kind(follows), answer, |block| request.write(block))?;
        Some(Self { connection: Rc::clone(connection), stream })
    }

    /// The number of the stream.
    pub fn number(&self) -> u32 {
        self.stream
    }

    /// The body of the request that came.
    pub fn request_body(&self, request: &Request) -> Incoming {
        Incoming::request(Rc::clone(&self.connection), self.stream, request.length, request.waits_for_continue)
    }

    /// The body of the answer that came.
    pub fn response_body(&self, length: Length) -> Incoming {
        Incoming::response(Rc::clone(&self.connection), self.stream, length)
    }

    /// The next head of the answer: any number of 1xx heads, then the final one.
    ///
    /// # Errors
    /// The stream broke off.
    pub fn poll_head(&mut self, cx: &Context<'_>) -> Poll<Result<(ResponseHead, Length), StreamError>> {
        self.connection.borrow_mut().poll_head(self.stream, cx)
    }

    /// Sends the final head of an answer.
    ///
    /// # Errors
    /// The stream broke off.
    pub fn respond(&self, head: &ResponseHead, framing: Framing, follows: Follows) -> Result<(), StreamError> {
        let mut connection = self.connection.borrow_mut();
        connection.send_head(self.stream, kind(follows), |block| write_response(head, framing, block))
    }

    /// Hands bytes of a body over. `poll_room` is to be asked before.
    ///
    /// # Errors
    /// The stream broke off.
    pub fn send(&self, bytes: Bytes, follows: Follows) -> Result<(), StreamError> {
        self.connection.borrow_mut().send_data(self.stream, bytes, follows == Follows::Nothing)
    }

    /// Ends our side with trailers.
    ///
    /// # Errors
    /// The stream broke off.
    pub fn send_trailers(&self, trailers: Headers) -> Result<(), StreamError> {
        self.connection.borrow_mut().send_trailers(self.stream, trailers)
    }

    /// Ready when all bytes that were handed over are on their way.
    ///
    /// # Errors
    /// The stream broke off.
    pub fn poll_room(&self, cx: &Context<'_>) -> Poll<Result<(), StreamError>> {
        self.connection.borrow_mut().poll_room(self.stream, cx)
    }

    /// How many bytes were handed over and wait for a window, or for their turn.
    pub fn waiting_bytes(&self) -> usize {
        self.connection.borrow_mut().waiting_bytes(self.stream)
    }

    /// Ready when the stream has broken off.
    pub fn poll_broken(&self, cx: &Context<'_>) -> Poll<StreamError> {
        self.connection.borrow_mut().poll_broken(self.stream, cx)
    }

    /// Ready when the stream has broken off before the peer's side of it ended.
    pub fn poll_left(&self, cx: &Context<'_>) -> Poll<()> {
        self.connection.borrow_mut().poll_left(self.stream, cx)
    }

    /// Resets the stream at once.
    pub fn reset(&self, code: Code, why: &'static str) {
        self.connection.borrow_mut().reset(self.stream, code, why);
    }

    /// Resets the stream behind what its windows let out of the bytes that wait.
    pub fn cut(&self, code: Code, why: &'static str) {
        self.connection.borrow_mut().cut(self.stream, code, why);
    }

    /// Resets the stream behind the end of our side.
    pub fn reset_behind(&self, code: Code) {
        self.connection.borrow_mut().reset_behind(self.stream, code);
    }

    /// A further one that may send 1xx heads, and nothing else.
    pub fn informer(&self) -> Informer {
        Informer { connection: Rc::clone(&self.connection), stream: self.stream }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.connection.borrow_mut().release(self.stream);
    }
}

/// Sends 1xx heads on a stream that somebody else holds.
#[derive(Debug)]
pub struct Informer {
    connection: Shared,
    stream: u32,
}

impl Informer {
    /// Sends a 1xx head, ahead of the final one.
    pub fn inform(&self, head: &ResponseHead) {
        inform(&mut self.connection.borrow_mut(), self.stream, head);
    }
}

/// Sends 100 Continue: the body is read for the first time. Behind a head it says nothing new, be it one of 1xx.
///
/// Go: `net/http/h2_bundle.go` `serverConn.writeFrame`.
pub(super) fn send_continue(connection: &mut Connection, stream: u32) {
    if connection.has_begun(stream) {
        return;
    }
    inform(connection, stream, &ResponseHead::new(StatusCode::CONTINUE));
}

fn inform(connection: &mut Connection, stream: u32, head: &ResponseHead) {
    let fields: usize = head.headers.iter().map(|(name, value)| name.as_bytes().len() + value.len() + 32).sum();
    if head.status == StatusCode::SWITCHING_PROTOCOLS || !connection.may_inform(stream, fields + 32) {
        return;
    }
    // A stream that broke off has nobody to be told.
    let _ = connection.send_head(stream, HeadKind::Informational, |block| write_informational(head, block));
}

fn kind(follows: Follows) -> HeadKind {
    match follows {
        Follows::More => HeadKind::Final,
        Follows::Nothing => HeadKind::FinalAndEnd,
    }
}
