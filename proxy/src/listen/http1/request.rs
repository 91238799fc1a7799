use std::{future::poll_fn, time::Duration};

use http::{Method, StatusCode};
use tokio::time::{Instant, sleep_until};

use super::Shared;
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
    Request(Box<Request>),
    /// Bytes that are none; Go's answer to them.
    Refused(&'static [u8]),
    /// Nothing more, or nothing that deserves an answer.
    End,
}

/// Waits for the next request's head.
///
/// The header clock starts with the connection, later with the fourth byte of a request; until then the idle clock runs, and a server that
/// stops ends
/// the connection: at once if it idles, when it is five seconds old if nothing has come on it yet. Go: `net/http/server.go` `conn.serve`.
pub(super) async fn next(shared: &Shared, settings: &Settings, first: bool, stop: &mut Stop) -> Next {
    let started = Instant::now();
    let mut header_deadline = first.then(|| after(started, settings.read_header_timeout)).flatten();
    let idle_deadline = if first { None } else { after(started, settings.idle_timeout) };
    let mut timed_out = false;
    loop {
        let parsed = shared.borrow_mut().next_request();
        match parsed {
            Ok(Some(request)) => return Next::Request(Box::new(request)),
            Ok(None) => {}
            Err(Wrong::EndedEarly) if timed_out => return Next::End,
            Err(wrong) => return wrong.answer().map_or(Next::End, Next::Refused),
        }
        let has_begun = shared.borrow().input_bytes() >= BYTES_OF_A_BEGINNING;
        if has_begun && header_deadline.is_none() {
            header_deadline = after(Instant::now(), settings.read_header_timeout);
        }
        let deadline = if has_begun || first { header_deadline } else { idle_deadline };
        if !shared.borrow().has_input() {
            shared.borrow_mut().release_buffers();
        }
        let filled = tokio::select! {
            biased;
            // Before the stop: what the client has sent already is served.
            filled = poll_fn(|cx| shared.borrow_mut().poll_fill(cx)) => filled,
            () = stopped(stop, first.then(|| started + limits::NEW_CONNECTION_GRACE)), if !has_begun => return Next::End,
            () = at(deadline) => {
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
async fn stopped(stop: &mut Stop, not_before: Option<Instant>) {
    stop.wait().await;
    if let Some(time) = not_before {
        sleep_until(time).await;
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
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
