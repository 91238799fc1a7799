use std::fmt::Write as _;

use super::*;
use crate::wire::http1::{Expect, Response};

mod client;
mod server;
mod split;

const LIMITS: HeadLimits = HeadLimits { head_bytes_max: 1 << 20 };

/// What the client's side is told of.
pub(super) trait Told {
    fn tell(&self, to: &mut String);
}

impl Told for Request {
    fn tell(&self, to: &mut String) {
        let head = &self.head;
        let _ = write!(to, "{} {} {:?}", head.method, head.target.raw.escape_ascii(), head.version);
        let _ = write!(to, " host={} {:?}", head.host.escape_ascii(), self.length);
        tell_fields(&head.headers, to);
        if !head.announced.is_empty() {
            let _ = write!(to, " announced={:?}", head.announced);
        }
        if self.expect != Expect::None {
            let _ = write!(to, " expect={:?}", self.expect);
        }
        to.push_str(if self.close { " close" } else { "" });
        to.push_str(if self.keep_alive_asked { " keep-alive-asked" } else { "" });
    }
}

impl Told for Response {
    fn tell(&self, to: &mut String) {
        let head = &self.head;
        let _ = write!(to, "{} {:?} {:?}", head.status.as_u16(), head.version, self.length);
        if let Some(length) = head.content_length {
            let _ = write!(to, " declared={length}");
        }
        if head.status.as_u16() == 101 {
            let _ = write!(to, " reason={}", head.reason.escape_ascii());
        }
        tell_fields(&head.headers, to);
        if !head.announced.is_empty() {
            let _ = write!(to, " announced={:?}", head.announced);
        }
        to.push_str(if self.close { " close" } else { "" });
    }
}

fn tell_fields(headers: &Headers, to: &mut String) {
    for (name, value) in headers.iter() {
        let _ = write!(to, " {name:?}: {};", value.escape_ascii());
    }
}

/// Tells an event; neighbouring data is told as one.
fn tell<H: Told>(event: Event<H>, to: &mut String) {
    match event {
        Event::NeedMore => {}
        Event::Head(head) => head.tell(to),
        Event::Data(data) => {
            let last_line = to.trim_end_matches('\n').rfind('\n').map_or(0, |end| end + 1);
            if to[last_line..].starts_with("data ") {
                to.pop();
            } else {
                to.push_str("data ");
            }
            let _ = write!(to, "{}", data.escape_ascii());
        }
        Event::Trailers(trailers) => {
            to.push_str("trailers");
            tell_fields(&trailers, to);
        }
        Event::Done => to.push_str("done"),
    }
    if !to.is_empty() && !to.ends_with('\n') {
        to.push('\n');
    }
}

/// All events of a connection that sends these pieces and then ends its side if `ends`; at last what is wrong.
pub(super) fn requests(pieces: &[&[u8]], ends: bool, limits: HeadLimits) -> (String, Option<Wrong>) {
    let mut reader = RequestReader::new(limits);
    let (told, wrong, _) = events(pieces, ends, |input, at_end| reader.next(input, at_end));
    (told, wrong)
}

/// The same of a backend that was sent one request, and the bytes that are left.
pub(super) fn response(pieces: &[&[u8]], ends: bool, to_head: bool) -> (String, Option<Wrong>, BytesMut) {
    let mut reader = ResponseReader::new(LIMITS);
    reader.expect_answer(to_head);
    events(pieces, ends, |input, at_end| reader.next(input, at_end))
}

fn events<H: Told>(
    pieces: &[&[u8]],
    ends: bool,
    mut next: impl FnMut(&mut BytesMut, bool) -> Result<Event<H>, Wrong>,
) -> (String, Option<Wrong>, BytesMut) {
    let mut told = String::new();
    let mut input = BytesMut::new();
    for (at, piece) in pieces.iter().enumerate() {
        input.extend_from_slice(piece);
        let at_end = ends && at + 1 == pieces.len();
        loop {
            match next(&mut input, at_end) {
                Ok(Event::NeedMore) => break,
                Ok(event) => tell(event, &mut told),
                Err(wrong) => return (told, Some(wrong), BytesMut::new()),
            }
        }
    }
    (told, None, input)
}
