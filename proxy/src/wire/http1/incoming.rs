use std::{
    cell::RefCell,
    rc::Rc,
    task::{Context, Poll, ready},
};

use super::{BodyState, Connection, Event, Wrong};
use crate::wire::body::{Cut, Frame, Length};

/// The body of a request that comes off an HTTP/1 connection. It shares the connection with the connection's loop: no channel, no lock, no
/// copy.
///
/// The first read sends 100 Continue, if the client waits for one.
#[derive(Debug)]
pub struct Incoming {
    connection: Rc<RefCell<Connection>>,
    request: u64,
    length: Length,
}

impl Incoming {
    /// The body of the request that `connection` is serving now.
    pub fn new(connection: Rc<RefCell<Connection>>, length: Length) -> Self {
        let request = connection.borrow().request();
        Self { connection, request, length }
    }

    /// How its end will be known.
    pub fn length(&self) -> Length {
        self.length
    }

    /// The client, if it waits for a 100, does not get one.
    pub(in crate::wire) fn forget_continue(&self) {
        let mut connection = self.connection.borrow_mut();
        if connection.request() == self.request {
            connection.forget_continue();
        }
    }

    /// Nobody waits for the rest any more.
    pub(in crate::wire) fn give_up(&self) {
        let mut connection = self.connection.borrow_mut();
        if connection.request() == self.request {
            connection.give_up_body();
        }
    }

    /// The next frame, none at the end.
    ///
    /// # Errors
    /// The client left or broke the rules, or the request is over.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let mut connection = self.connection.borrow_mut();
        if connection.request() != self.request {
            return Poll::Ready(Some(Err(Cut::BodyClosed)));
        }
        match connection.body_state() {
            BodyState::Open => {}
            BodyState::Done => return Poll::Ready(None),
            BodyState::EndedEarly | BodyState::GivenUp | BodyState::Broken => {
                return Poll::Ready(Some(Err(Cut::BodyClosed)));
            }
        }
        connection.pay_continue();
        loop {
            match connection.next_of_body() {
                Ok(Event::Data(bytes)) => return Poll::Ready(Some(Ok(Frame::Data(bytes)))),
                Ok(Event::Trailers(trailers)) => return Poll::Ready(Some(Ok(Frame::Trailers(trailers)))),
                Ok(Event::Done) => return Poll::Ready(None),
                // A head cannot come inside of a body: the reader says Done first.
                Ok(Event::NeedMore | Event::Head(_)) => {}
                Err(Wrong::EndedEarly) => return Poll::Ready(Some(Err(Cut::ClientGone))),
                Err(wrong) => return Poll::Ready(Some(Err(wrong.into_cut()))),
            }
            if connection.has_output()
                && let Poll::Ready(Err(_)) = connection.poll_flush(cx)
            {
                connection.break_body();
                return Poll::Ready(Some(Err(Cut::ClientGone)));
            }
            if ready!(connection.poll_fill(cx)).is_err() {
                connection.break_body();
                return Poll::Ready(Some(Err(Cut::ClientGone)));
            }
        }
    }
}
