use std::{
    cell::RefCell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    connection::{Connection, Received, Role, StreamError},
    handle::send_continue,
};
use crate::wire::body::{Cut, Frame, Length};

/// The body of a message that comes off an HTTP/2 stream. It shares the connection with its driver: no channel, no lock, no copy.
///
/// Bytes are given back to the windows as they are pulled, so a reader that stops reading stops the sender. Dropped before its end, it
/// makes the rest be forgotten as it comes.
#[derive(Debug)]
pub struct Incoming {
    connection: Rc<RefCell<Connection>>,
    stream: u32,
    role: Role,
    length: Length,
    /// The client waits for 100.
    waits_for_continue: bool,
    /// What is left of the length that an answer declares.
    left: Option<u64>,
    next: Next,
    /// When reading fails.
    due: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    More,
    /// Only trailers were read: nothing follows.
    End,
    /// It was cut, and stays so.
    Cut,
}

impl Incoming {
    pub(super) fn request(
        connection: Rc<RefCell<Connection>>,
        stream: u32,
        length: Length,
        waits_for_continue: bool,
    ) -> Self {
        let role = Role::Server;
        Self { connection, stream, role, length, waits_for_continue, left: None, next: Next::More, due: None }
    }

    pub(super) fn response(connection: Rc<RefCell<Connection>>, stream: u32, length: Length) -> Self {
        let left = match length {
            Length::Exactly(left) => Some(left),
            Length::Empty | Length::Unknown | Length::UntilClose => None,
        };
        // The answer to HEAD has no body, whatever comes behind it.
        let next = if connection.borrow_mut().is_head_only(stream) { Next::End } else { Next::More };
        Self { connection, stream, role: Role::Client, length, waits_for_continue: false, left, next, due: None }
    }

    /// What has not come by then cannot be read any more.
    ///
    /// Go: `net/http/h2_bundle.go` `stream.onReadTimeout`.
    pub fn until(mut self, moment: Instant) -> Self {
        self.due = Some(Box::pin(sleep_until(moment)));
        self
    }

    /// How its end will be known.
    pub fn length(&self) -> Length {
        self.length
    }

    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The stream was reset, its message is malformed, or its connection failed.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        match self.next {
            Next::More => {}
            Next::End => return Poll::Ready(None),
            Next::Cut => return Poll::Ready(Some(Err(Cut::BodyClosed))),
        }
        let mut connection = self.connection.borrow_mut();
        if std::mem::take(&mut self.waits_for_continue) {
            send_continue(&mut connection, self.stream);
        }
        let Poll::Ready(received) = connection.poll_receive(self.stream, cx) else {
            let late = self.due.as_mut().is_some_and(|due| due.as_mut().poll(cx).is_ready());
            if !late {
                return Poll::Pending;
            }
            self.next = Next::Cut;
            return Poll::Ready(Some(Err(Cut::Malformed(LATE))));
        };
        drop(connection);
        let frame = match received {
            Received::Data(bytes) => self.counted(Frame::Data(bytes)),
            Received::Trailers(trailers) => self.ended(Some(Frame::Trailers(trailers))),
            Received::End => self.ended(None),
            Received::EndedShort => Err(Cut::Malformed(SHORTER_REQUEST)),
            Received::Broken(why) => Err(self.cut(why)),
            Received::Closed => Err(Cut::BodyClosed),
        };
        match &frame {
            Ok(Some(Frame::Data(_) | Frame::Flush)) => {}
            Ok(Some(Frame::Trailers(_)) | None) => self.next = Next::End,
            Err(_) => self.next = Next::Cut,
        }
        Poll::Ready(frame.transpose())
    }

    /// Counts the bytes of an answer against its length; those of a request were counted as they came.
    ///
    /// Go: `net/http/h2_bundle.go` `transportResponseBody.Read`.
    fn counted(&mut self, frame: Frame) -> Result<Option<Frame>, Cut> {
        if let (Some(left), Frame::Data(bytes)) = (&mut self.left, &frame) {
            *left = left.checked_sub(bytes.len() as u64).ok_or(Cut::Malformed(LONGER_ANSWER))?;
        }
        Ok(Some(frame))
    }

    fn ended(&mut self, last: Option<Frame>) -> Result<Option<Frame>, Cut> {
        match self.left {
            Some(1..) => Err(Cut::Malformed(SHORTER_ANSWER)),
            _ => Ok(last),
        }
    }

    fn cut(&self, why: StreamError) -> Cut {
        match (why, self.role) {
            (StreamError::Reset(code), _) => Cut::Reset(code.0),
            (StreamError::Refused(_, why), _) => Cut::Malformed(why.in_general()),
            (StreamError::GoAway(_) | StreamError::Lost, Role::Server) => Cut::ClientGone,
            (StreamError::GoAway(_) | StreamError::Lost, Role::Client) => {
                Cut::BackendGone(io::ErrorKind::UnexpectedEof.into())
            }
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.connection.borrow_mut().forget_rest(self.stream);
    }
}

/// Go: `os.ErrDeadlineExceeded`.
const LATE: &str = "i/o timeout";
/// Go: `stream.endStream`.
const SHORTER_REQUEST: &str = "request declared a Content-Length that its body does not reach";
/// Go: `transportResponseBody.Read`.
const LONGER_ANSWER: &str = "net/http: server replied with more than declared Content-Length; truncated";
const SHORTER_ANSWER: &str = "unexpected EOF";
