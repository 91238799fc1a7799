use std::collections::VecDeque;

use http::Method;
use tokio::time::Instant;

use super::{
    Connection, Tunnels,
    control::depends_on_itself,
    receiving::{Payload, Welcome},
};
use crate::wire::http2::{
    Code, Why,
    block::{Block, Opening},
    fields::read_trailers,
    frame::Fault,
    request::{BadField, Request, Wrong, read_request},
    stream::{Closed, ReceivingState},
};

/// What a client asks for.
#[derive(Debug)]
pub enum Asked {
    /// A request.
    Request(Box<Request>),
    /// A request with a field that none may have, for which the client gets a 400.
    BadField(BadField, Method),
    /// A request whose head is too large, for which the client gets a 431.
    TooLarge(Method),
}

/// Requests on their way to their handlers.
#[derive(Debug, Default)]
pub(super) struct Requests {
    ready: VecDeque<(u32, Asked)>,
    /// Those that came while as many handlers ran as may run.
    waiting: VecDeque<(u32, Asked)>,
    /// Handlers that run, and requests that are ready for one.
    handlers: usize,
}

impl Connection {
    /// None of the requests that wait for others to end will have a handler: nobody will ever hold their streams.
    pub(super) fn forget_waiting(&mut self) {
        for (id, _) in std::mem::take(&mut self.server.waiting) {
            self.streams.remove(id);
        }
    }

    /// Nobody takes a request any more, not even one that is ready.
    pub(super) fn forget_requests(&mut self) {
        self.forget_waiting();
        for (id, _) in std::mem::take(&mut self.server.ready) {
            self.server.handlers -= 1;
            self.streams.remove(id);
        }
    }

    /// The next request that is to have a handler, and its stream. Whoever takes it releases the stream.
    pub(in crate::wire::http2) fn next_request(&mut self) -> Option<(u32, Asked)> {
        self.server.ready.pop_front()
    }

    /// HEADERS of a client are whole. Go: `serverConn.processHeaders`.
    pub(super) fn take_request_block(
        &mut self,
        opening: Opening,
        block: Result<Block, Why>,
        now: Instant,
    ) -> Result<(), Fault> {
        let id = opening.stream;
        if id.is_multiple_of(2) {
            return Err(Fault::protocol("a client's stream with an even number"));
        }
        if self.goaway_sent.is_some_and(|last| id > last) {
            return self.calm.idle_frame(now);
        }
        if self.streams.get_mut(id).is_some() || id <= self.last_stream {
            return self.take_request_trailers(opening, block);
        }
        self.last_stream = id;
        if self.streams.closed(id) == Some(Closed::ByUs) {
            // It was reset for a frame in front of its HEADERS. RFC 9113 section 5.1.
            return self.calm.idle_frame(now);
        }
        self.check_new(opening)?;
        let block = block.map_err(|why| Fault::Stream(id, Code::PROTOCOL_ERROR, why))?;
        let asked = self.asked(id, opening.ends_stream, block)?;
        let stream = self.open(id);
        if let Asked::Request(request) = &asked {
            stream.receiving.left = request.declared_length;
            stream.receiving.announced = request.head.announced.clone();
        }
        if opening.ends_stream {
            stream.receiving.state = ReceivingState::Ended;
        }
        self.schedule(id, asked)
    }

    fn check_new(&self, opening: Opening) -> Result<(), Fault> {
        let id = opening.stream;
        if opening.depends_on == Some(id) {
            return Err(depends_on_itself(id));
        }
        if self.streams.open() < self.bounds.streams_max as usize {
            return Ok(());
        }
        // They should know better, unless they have not read our settings yet.
        let code = if self.unacknowledged_settings == 0 { Code::PROTOCOL_ERROR } else { Code::REFUSED_STREAM };
        Err(Fault::stream(id, code, "too many streams"))
    }

    fn asked(&self, id: u32, ends_stream: bool, block: Block) -> Result<Asked, Fault> {
        let is_truncated = block.is_truncated;
        match read_request(block, ends_stream, self.bounds.tunnels == Tunnels::Taken) {
            Ok(request) if is_truncated => Ok(Asked::TooLarge(request.head.method)),
            Ok(request) => Ok(Asked::Request(Box::new(request))),
            Err(Wrong::Field(_, method)) if is_truncated => Ok(Asked::TooLarge(method)),
            Err(Wrong::Field(field, method)) => Ok(Asked::BadField(field, method)),
            Err(Wrong::Malformed(why)) => Err(malformed(id, why)),
        }
    }

    /// Go: `serverConn.scheduleHandler`.
    fn schedule(&mut self, id: u32, asked: Asked) -> Result<(), Fault> {
        let handlers_max = self.bounds.streams_max as usize;
        if self.server.handlers < handlers_max {
            self.server.handlers += 1;
            self.server.ready.push_back((id, asked));
            return Ok(());
        }
        if self.server.waiting.len() > 4 * handlers_max {
            return Err(Fault::connection(Code::ENHANCE_YOUR_CALM, "too many streams that were reset early"));
        }
        self.server.waiting.push_back((id, asked));
        Ok(())
    }

    /// A handler has ended. Requests that were taken back while they waited have none. Go: `serverConn.handlerDone`.
    pub(super) fn handler_done(&mut self) {
        self.server.handlers -= 1;
        while self.server.handlers < self.bounds.streams_max as usize
            && let Some((id, asked)) = self.server.waiting.pop_front()
        {
            match self.streams.get_mut(id) {
                Some(stream) if stream.broken.is_none() => {
                    self.server.handlers += 1;
                    self.server.ready.push_back((id, asked));
                }
                _ => self.streams.remove(id),
            }
        }
    }

    /// A second header block of a stream. Go: `stream.processTrailerHeaders`.
    fn take_request_trailers(&mut self, opening: Opening, block: Result<Block, Why>) -> Result<(), Fault> {
        let Opening { stream: id, ends_stream, depends_on } = opening;
        let Some(stream) = self.streams.get_mut(id) else {
            return match self.streams.closed(id) {
                Some(Closed::ByUs) => Ok(()),
                Some(Closed::ByThePeer) => {
                    Err(Fault::connection(Code::STREAM_CLOSED, "HEADERS on a stream that was closed"))
                }
                None => Err(Fault::protocol("the number of a stream went down")),
            };
        };
        if stream.is_closed() {
            return match stream.closed() {
                Closed::ByUs => Ok(()),
                Closed::ByThePeer => Err(Fault::connection(Code::STREAM_CLOSED, "HEADERS on a stream that was closed")),
            };
        }
        if stream.receiving.state != ReceivingState::Open {
            return Err(Fault::stream(id, Code::STREAM_CLOSED, "HEADERS behind the end of a stream"));
        }
        let block = block.map_err(|why| Fault::Stream(id, Code::PROTOCOL_ERROR, why))?;
        if depends_on == Some(id) {
            return Err(depends_on_itself(id));
        }
        if !ends_stream {
            return Err(malformed(id, "trailers that do not end their stream"));
        }
        if block.has_pseudo {
            return Err(malformed(id, "pseudo-header in trailers"));
        }
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        stream.receiving.trailers =
            read_trailers(block.fields, &stream.receiving.announced).map_err(|why| malformed(id, why))?;
        self.end_receiving(id);
        Ok(())
    }

    /// Whether DATA of a client is taken. Go: `serverConn.processData`.
    pub(super) fn welcome_upload(&mut self, id: u32, payload: Payload) -> Result<Welcome, Fault> {
        if self.goaway_sent.is_some_and(|last| id > last) {
            return Ok(Welcome::Forgotten(None));
        }
        let closed = Fault::stream(id, Code::STREAM_CLOSED, "DATA on a stream that was closed");
        // A reset that the client cannot know of yet needs no second one.
        let is_unsaid = !self.output.is_empty();
        let was_reset = self.streams.closed(id) == Some(Closed::ByUs);
        let Some(stream) = self.streams.get_mut(id) else {
            self.check_not_idle(id)?;
            return Ok(Welcome::Forgotten((!was_reset || !is_unsaid).then_some(closed)));
        };
        if is_unsaid && stream.broken.is_some() && stream.closed() == Closed::ByUs {
            return Ok(Welcome::Forgotten(None));
        }
        if stream.broken.is_some() || stream.receiving.state != ReceivingState::Open {
            return Ok(Welcome::Forgotten(Some(closed)));
        }
        if let Some(left) = &mut stream.receiving.left {
            match left.checked_sub(u64::from(payload.left)) {
                Some(rest) => *left = rest,
                None => return Ok(Welcome::Forgotten(Some(malformed(id, LONGER)))),
            }
        }
        Ok(Welcome::Taken)
    }
}

fn malformed(stream: u32, why: &'static str) -> Fault {
    Fault::stream(stream, Code::PROTOCOL_ERROR, why)
}

const LONGER: &str = "sender tried to send more than declared Content-Length";
