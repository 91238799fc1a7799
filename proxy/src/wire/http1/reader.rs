use bytes::{Buf as _, Bytes, BytesMut};
use http::{Method, StatusCode};

use super::{
    body::{BodyReader, Remaining},
    chunked::Piece,
    head::{HeadLines, Of},
    request::{Request, RequestLine},
    response::{Response, StatusLine},
    wrong::Wrong,
};
use crate::wire::headers::Headers;

/// Bounds of a head.
#[derive(Clone, Copy, Debug)]
pub struct HeadLimits {
    /// Of a request, to which 4096 bytes are added, as Go does; of a response as it stands.
    pub head_bytes_max: usize,
}

/// What stands next in the bytes of a peer.
#[derive(Debug)]
pub enum Event<H> {
    /// Nothing that is whole.
    NeedMore,
    /// A head. Data follows, or the end.
    Head(H),
    /// Bytes of the body, at least one.
    Data(Bytes),
    /// The fields behind a chunked body, at least one.
    Trailers(Headers),
    /// The end of the message, of one without a body too. The next event belongs to the next message.
    Done,
}

/// Reads the requests of one connection.
///
/// The input may only grow at its end between two calls. After an error every call gives that error again.
///
/// Go: `net/http/server.go` `conn.readRequest`, `net/http/request.go` `readRequest`.
#[derive(Debug)]
pub struct RequestReader {
    limit: usize,
    lines: HeadLines,
    state: State<RequestLine>,
    before: Before,
}

/// Reads the responses of one connection.
///
/// The input may only grow at its end between two calls. After an error every call gives that error again.
///
/// Go: `net/http/transport.go` `persistConn.readResponse`, `net/http/response.go` `ReadResponse`.
#[derive(Debug)]
pub struct ResponseReader {
    limit: usize,
    lines: HeadLines,
    state: State<StatusLine>,
    to_head: bool,
    /// That a 1xx head came before the one being read.
    informed: bool,
}

#[derive(Debug)]
enum State<L> {
    /// No answer is expected.
    Idle,
    FirstLine,
    Fields {
        line: L,
        /// That the first line was held to be good before the head was whole.
        checked: bool,
    },
    Body(BodyReader),
    Failed(Wrong),
}

/// What came before the request being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing: it is the first.
    Nothing,
    /// A request.
    Request,
    /// A POST: old clients send line ends behind its body.
    Post,
}

impl RequestReader {
    /// Reads the first request next.
    pub fn new(limits: HeadLimits) -> Self {
        let limit = limits.head_bytes_max.saturating_add(SLOP);
        Self { limit, lines: HeadLines::default(), state: State::FirstLine, before: Before::Nothing }
    }

    /// Takes the next event out of the input; `at_end` says that the client has ended its side and nothing will be added.
    ///
    /// At the end this is never `NeedMore`. A read that timed out is a kind of end: what is wrong then has its answer, `EndedEarly` none.
    ///
    /// # Errors
    /// The bytes are refused: in a head `Wrong::answer` is owed, in a body the handler is told.
    pub fn next(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Event<Request>, Wrong> {
        let event = match &mut self.state {
            State::Failed(wrong) => return Err(wrong.clone()),
            State::Body(body) => body.next(input, at_end).map(Event::from),
            State::Idle | State::FirstLine | State::Fields { .. } => self.head(input, at_end),
        };
        match &event {
            Ok(Event::Done) => self.state = State::FirstLine,
            Err(wrong) => self.state = State::Failed(wrong.clone()),
            Ok(_) => {}
        }
        event
    }

    /// What is left of the body being read.
    pub fn remaining(&self) -> Remaining {
        self.state.remaining()
    }

    fn head(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Event<Request>, Wrong> {
        if !matches!(self.state, State::Fields { .. }) && !self.begin(input, at_end)? {
            return Ok(Event::NeedMore);
        }
        let window = input.len().min(self.limit);
        let full = input.len() >= self.limit;
        let at_end = at_end && !full;
        if !matches!(self.state, State::Fields { .. }) {
            let Some((start, end)) = self.lines.first(&input[..window], at_end) else {
                return if full { Err(Wrong::RequestTooLarge) } else { Ok(Event::NeedMore) };
            };
            let line = RequestLine::parse(&input[start..end], start)?;
            self.state = State::Fields { line, checked: false };
        }
        let fields = self.lines.fields(&mut input[..window], at_end);
        let too_many = self.lines.count() > self.limit / FIELD_COST;
        let whole = match fields {
            Ok(Some(whole)) if !too_many => whole,
            // In the order in which they are known when the bytes come one by one.
            unfinished => {
                self.check_target(input)?;
                let too_large = too_many || (full && unfinished == Ok(None));
                return if too_large { Err(Wrong::RequestTooLarge) } else { unfinished.map(|_| Event::NeedMore) };
            }
        };
        let State::Fields { line, .. } = std::mem::replace(&mut self.state, State::FirstLine) else {
            return Ok(Event::NeedMore);
        };
        let (head, fields) = self.lines.take_fields(input.split_to(whole), Of::Request);
        let raw = head.slice(line.target.0..line.target.1);
        let url = line.parse_target(&raw)?;
        self.before = if line.method == Method::POST { Before::Post } else { Before::Request };
        let (request, body) = line.with(raw, url, fields)?;
        self.state = State::Body(BodyReader::new(body));
        Ok(Event::Head(request))
    }

    /// The first line is there and the head is not: a bad target is refused now, as Go does. Looks at it once.
    fn check_target(&mut self, input: &[u8]) -> Result<(), Wrong> {
        let State::Fields { line, checked, .. } = &mut self.state else { return Ok(()) };
        if std::mem::replace(checked, true) {
            return Ok(());
        }
        line.parse_target(&Bytes::copy_from_slice(&input[line.target.0..line.target.1])).map(drop)
    }

    /// Whether a request begins here. A further one does only when four bytes are there: an end before that is silent.
    ///
    /// Behind a POST up to four line ends are skipped. Go: `net/http/server.go` `conn.serve`, `numLeadingCRorLF`.
    fn begin(&mut self, input: &mut BytesMut, at_end: bool) -> Result<bool, Wrong> {
        if self.before != Before::Nothing {
            let Some(four) = input.first_chunk::<4>() else {
                return if at_end { Err(Wrong::Ended) } else { Ok(false) };
            };
            if self.before == Before::Post {
                let ends = four.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                input.advance(ends);
            }
            // From here on it is as with the first request.
            self.before = Before::Nothing;
        }
        match input.is_empty() {
            true if at_end => Err(Wrong::Ended),
            empty => Ok(!empty),
        }
    }
}

impl ResponseReader {
    /// Expects nothing yet.
    pub fn new(limits: HeadLimits) -> Self {
        Self {
            limit: limits.head_bytes_max,
            lines: HeadLines::default(),
            state: State::Idle,
            to_head: false,
            informed: false,
        }
    }

    /// A request was sent: its answer is read next. To be called before each response, behind the end of the one before.
    pub fn expect_answer(&mut self, method_is_head: bool) {
        if !matches!(self.state, State::Failed(_)) {
            self.state = State::FirstLine;
        }
        self.to_head = method_is_head;
        self.informed = false;
    }

    /// Takes the next event out of the input; `at_end` says that the backend has ended its side and nothing will be added.
    ///
    /// A 1xx head is followed by the next head. Behind a 101 stands `Done`; what follows stays in the input, as it does while no answer is
    /// expected.
    /// At the end this is `NeedMore` only while no answer is expected.
    ///
    /// # Errors
    /// The bytes are refused, and the connection with them.
    pub fn next(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Event<Response>, Wrong> {
        let event = match &mut self.state {
            State::Failed(wrong) => return Err(wrong.clone()),
            State::Body(body) => body.next(input, at_end).map(Event::from),
            State::Idle => return Ok(Event::NeedMore),
            State::FirstLine | State::Fields { .. } => self.head(input, at_end),
        };
        match &event {
            Ok(Event::Done) => self.state = State::Idle,
            Err(wrong) => self.state = State::Failed(wrong.clone()),
            Ok(_) => {}
        }
        event
    }

    /// What is left of the body being read.
    pub fn remaining(&self) -> Remaining {
        self.state.remaining()
    }

    fn head(&mut self, input: &mut BytesMut, at_end: bool) -> Result<Event<Response>, Wrong> {
        if input.is_empty() {
            return match at_end {
                true if self.informed => Err(Wrong::EndedEarly),
                true => Err(Wrong::Ended),
                false => Ok(Event::NeedMore),
            };
        }
        let window = input.len().min(self.limit);
        let full = input.len() >= self.limit;
        let at_end = at_end && !full;
        let too_large = Wrong::ResponseTooLarge(self.limit);
        if matches!(self.state, State::FirstLine) {
            let Some((start, end)) = self.lines.first(&input[..window], at_end) else {
                return if full { Err(too_large) } else { Ok(Event::NeedMore) };
            };
            let line = StatusLine::parse(&input[start..end])?;
            self.state = State::Fields { line, checked: true };
        }
        let fields = self.lines.fields(&mut input[..window], at_end);
        if self.lines.count() > self.limit / FIELD_COST {
            return Err(too_large);
        }
        let Some(whole) = fields? else {
            return if full { Err(too_large) } else { Ok(Event::NeedMore) };
        };
        let State::Fields { line, .. } = std::mem::replace(&mut self.state, State::FirstLine) else {
            return Ok(Event::NeedMore);
        };
        let head = input.split_to(whole);
        let raw = (line.switches() && self.lines.is_as_it_came()).then(|| Bytes::copy_from_slice(&head));
        let (head, fields) = self.lines.take_fields(head, Of::Response);
        let mut response = line.with(&head, self.to_head, fields)?;
        response.head.raw = raw;
        let status = response.head.status;
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            self.informed = true;
        } else {
            self.state = State::Body(BodyReader::new(response.length));
        }
        Ok(Event::Head(response))
    }
}

impl<L> State<L> {
    const fn remaining(&self) -> Remaining {
        match self {
            Self::Body(body) => body.remaining(),
            Self::Idle | Self::FirstLine | Self::Fields { .. } | Self::Failed(_) => Remaining::Nothing,
        }
    }
}

impl<H> From<Piece> for Event<H> {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::NeedMore => Self::NeedMore,
            Piece::Data(data) => Self::Data(data),
            Piece::Trailers(trailers) => Self::Trailers(trailers),
            Piece::End => Self::Done,
        }
    }
}

/// A field costs so much beside its bytes, as on HTTP/2 (RFC 7541 section 4.1): a head has no more of them than fit its limit so. Go counts
/// bytes alone on HTTP/1, and a head of the shortest fields costs it and us many times what it says (CVE-2023-24534).
const FIELD_COST: usize = 32;
/// What Go's buffer may hold beyond the limit.
const SLOP: usize = 4096;

#[cfg(test)]
mod tests;
