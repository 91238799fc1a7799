use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use http::{Method, StatusCode};
use tokio::time::{Instant, sleep_until};

use super::{Alarm, Shared};
use crate::{
    config::limits,
    listen::{Settings, Stop},
    wire::{
        ResponseHead,
        http1::{Expect, Request, Wrong},
    },
};

/// What comes next on a connection.
pub(super) enum Next {
    /// A request.
    Request(Request),
    /// Bytes that are none; Go's answer to them.
    Refused(&'static [u8]),
    /// Nothing more, or nothing that deserves an answer.
    End,
}

/// What a connection waits with, and for beside its client.
pub(super) struct Wait<'a, S> {
    pub(super) settings: &'a Settings,
    /// That no request came before.
    pub(super) first: bool,
    pub(super) stop: &'a Stop,
    /// Ready when the server stops.
    pub(super) stopped: Pin<&'a mut S>,
    pub(super) alarm: &'a mut Alarm,
}

/// Waits for the next request's head.
///
/// The header clock starts with the connection, later with the fourth byte of a request; until then the idle clock runs, and a server that
/// stops ends the connection: at once if it idles, when it is five seconds old if nothing has come on it yet. Go: `net/http/server.go`
/// `conn.serve`.
pub(super) async fn next<S: Future<Output = ()>>(shared: &Shared, wait: Wait<'_, S>) -> Next {
    let Wait { settings, first, stop, mut stopped, alarm } = wait;
    shared.borrow_mut().bound(None, None);
    let started = Instant::now();
    let mut begun = first.then_some(started);
    let idle_deadline = if first { None } else { after(started, settings.idle_timeout) };
    let mut timed_out = false;
    loop {
        let parsed = shared.borrow_mut().next_request();
        match parsed {
            Ok(Some(request)) => {
                if settings.read_timeout.is_some() || settings.write_timeout.is_some() {
                    let now = Instant::now();
                    let read = after(begun.unwrap_or(now), settings.read_timeout);
                    shared.borrow_mut().bound(read, after(now, settings.write_timeout));
                }
                return Next::Request(request);
            }
            Ok(None) => {}
            Err(Wrong::EndedEarly) if timed_out => return Next::End,
            Err(wrong) => return wrong.answer().map_or(Next::End, Next::Refused),
        }
        let has_begun = shared.borrow().input_bytes() >= BYTES_OF_A_BEGINNING;
        if has_begun && begun.is_none() {
            begun = Some(Instant::now());
        }
        let deadline = match begun {
            Some(begun) => after(begun, settings.read_header_timeout),
            None => idle_deadline,
        };
        if !shared.borrow().has_input() {
            shared.borrow_mut().release_buffers();
        }
        let filled = tokio::select! {
            biased;
            // Before the stop: what the client has sent already is served.
            filled = poll_fn(|cx| shared.borrow_mut().poll_fill(cx)) => filled,
            () = async {
                end_of_wait(stop, stopped.as_mut(), first.then(|| started + limits::NEW_CONNECTION_GRACE)).await;
                poll_fn(|_| nothing_has_arrived(shared)).await;
            }, if !has_begun => return Next::End,
            () = alarm.rings(deadline) => {
                shared.borrow_mut().give_up_reading();
                timed_out = true;
                Ok(false)
            }
        };
        if filled.is_err() {
            return Next::End;
        }
    }
}

/// Go looks at four bytes before it calls them a request.
const BYTES_OF_A_BEGINNING: usize = 4;

fn after(start: Instant, time: Option<Duration>) -> Option<Instant> {
    time.map(|time| start + time)
}

/// The server stops, and the connection is old enough to be ended.
async fn end_of_wait(stop: &Stop, stopped: Pin<&mut impl Future<Output = ()>>, not_before: Option<Instant>) {
    if !stop.is_set() {
        stopped.await;
    }
    if let Some(time) = not_before {
        Box::pin(sleep_until(time)).await;
    }
}

/// Pends while the operating system holds bytes of which the runtime has not told yet, since it looks at its sockets now and then: whoever
/// waits to read them is woken.
fn nothing_has_arrived(shared: &Shared) -> Poll<()> {
    if shared.borrow().has_arrived() { Poll::Pending } else { Poll::Ready(()) }
}

/// The answer to a request that never reaches a handler: `OPTIONS *`, and an expectation that nobody knows.
///
/// Go: `net/http/server.go` `serverHandler.ServeHTTP`, `sendExpectationFailed`.
pub(super) fn answered_by_the_server(request: &Request) -> Option<ResponseHead> {
    if request.expect == Expect::Unknown {
        let mut head = ResponseHead::new(StatusCode::EXPECTATION_FAILED);
        head.close = true;
        return Some(head);
    }
    if request.head.method == Method::OPTIONS && &request.head.target.raw[..] == b"*" {
        let mut head = ResponseHead::new(StatusCode::OK);
        head.content_length = Some(0);
        return Some(head);
    }
    None
}
