mod head;

use bytes::{BufMut as _, Bytes, BytesMut};

use self::head::WrittenHead;
use super::{
    backlog::Backlog,
    held::Held,
    output::Piece,
    request::Request,
    request_writer::{FRAMING, write_chunk, write_chunk_size, write_last_chunk},
};
use crate::wire::{
    headers::{Headers, Name},
    message::{ResponseHead, Version},
    trailers::{may_be_trailer, were_announced},
};

/// Writes one response, and decides what Go's server decides late: the length or chunks, the type, the end of the connection.
///
/// The head is written when more than 2048 bytes of the body have come, at a flush, or at the end, whichever is first. A body that is cut
/// is a writer that is dropped: what passed the first buffer was given out already, the rest is gone, and the connection must end.
///
/// Go: `net/http/server.go` `response`, `chunkWriter`.
#[derive(Debug)]
pub struct ResponseWriter {
    asked: Asked,
    head: Box<ResponseHead>,
    date: Option<[u8; 29]>,
    settled: Settled,
    /// What has not passed Go's first buffer.
    buffer: Held,
    /// Bytes of the body so far, also those that were refused.
    written: u64,
    written_head: Option<WrittenHead>,
    /// What Go's second buffer would hold now.
    backlog: Backlog,
    trailers: Option<Headers>,
}

/// What the request says about its answer.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Only the head is wanted.
    pub method_is_head: bool,
    /// 1.0 or 1.1.
    pub version: Version,
    /// The connection is to end.
    pub close: bool,
    /// A client of HTTP/1.0 wants the connection to go on.
    pub keep_alive_asked: bool,
}

/// What the caller is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// `data` with so many bytes.
    Data(usize),
    /// `flush`.
    Flush,
    /// `trailers`.
    Trailers,
    /// `finish`.
    End,
}

/// Whether the connection can go on as far as the request is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The body of the request was read to its end.
    KeepAlive,
    /// It was not and will not be, or the server is closing.
    Close,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The next request may come.
    KeepAlive,
    /// It ends.
    Close,
}

/// The body is longer than its head declared; these bytes are not written, and the connection ends behind the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("http: wrote more than the declared Content-Length")]
pub struct TooLong;

impl From<&Request> for Asked {
    fn from(request: &Request) -> Self {
        Self {
            method_is_head: request.head.method == http::Method::HEAD,
            version: request.head.version,
            close: request.close,
            keep_alive_asked: request.keep_alive_asked,
        }
    }
}

impl ResponseWriter {
    /// A response with this head; nothing is written yet. `date` is written where the head has no `Date`, and need not be known elsewhere.
    pub fn new(asked: Asked, mut head: Box<ResponseHead>, date: impl Into<Option<[u8; 29]>>) -> Self {
        head.headers.remove_all(FRAMING);
        if head.close {
            head.headers.set(Name::CONNECTION, Bytes::from_static(b"close"));
        }
        Self {
            asked,
            head,
            date: date.into(),
            settled: Settled::KeepAlive,
            buffer: Held::default(),
            written: 0,
            written_head: None,
            backlog: Backlog::default(),
            trailers: None,
        }
    }

    /// Whether the head is written by what comes next. Then the rest of the request's body is read before, unless `closes`, and `settle`
    /// is told.
    pub fn will_write_head(&self, next: Next) -> bool {
        self.written_head.is_none()
            && match next {
                Next::Data(bytes) => self.head.may_have_body() && self.buffer.len().saturating_add(bytes) > BUFFER,
                Next::Flush | Next::End => true,
                Next::Trailers => false,
            }
    }

    /// Whether the connection ends behind this response whatever becomes of the request's body: what is left of it is not read before the
    /// head.
    pub fn closes(&self, next: Next) -> bool {
        match self.written_head {
            Some(head) => head.close,
            None => {
                let first = match next {
                    Next::Data(bytes) => self.buffer.len().saturating_add(bytes),
                    Next::Flush | Next::Trailers | Next::End => self.buffer.len(),
                };
                self.plan(first, next == Next::End).close
            }
        }
    }

    /// What became of the request's body; counts until the head is written.
    pub fn settle(&mut self, settled: Settled) {
        self.settled = settled;
    }

    /// Bytes of the body. Those of a response that has none are dropped. A large piece is not copied: it is to be written behind `out`.
    ///
    /// # Errors
    /// There are more than the head declared; none of these is written.
    pub fn data(&mut self, bytes: Bytes, out: &mut BytesMut) -> Result<Option<Piece>, TooLong> {
        if bytes.is_empty() || !self.head.may_have_body() {
            return Ok(None);
        }
        self.written = self.written.saturating_add(bytes.len() as u64);
        if self.head.content_length.is_some_and(|length| self.written > length) {
            return Err(TooLong);
        }
        let mut rest = bytes;
        while rest.len() > BUFFER - self.buffer.len() {
            if self.buffer.is_empty() {
                return Ok(self.emit_piece(rest, out));
            }
            let fits = rest.split_to(BUFFER - self.buffer.len());
            self.buffer.push(fits);
            self.emit_buffer(false, out);
        }
        self.buffer.push(rest);
        Ok(None)
    }

    /// How many of the bytes that were given out last may wait until there are more, as they do in Go. Of a body that is whole all may: its
    /// end is written with them.
    pub fn may_wait(&self) -> usize {
        if self.head.content_length == Some(self.written) { usize::MAX } else { self.backlog.bytes() }
    }

    /// Everything so far, the head at least, goes out.
    pub fn flush(&mut self, out: &mut BytesMut) {
        self.emit_buffer(false, out);
        if self.written_head.is_none() {
            self.write_head(&[], false, out);
        }
        self.backlog = Backlog::default();
    }

    /// The fields behind the body. They are written only behind chunks: the head must have announced trailers, or be flushed before.
    pub fn trailers(&mut self, trailers: Headers) {
        self.trailers = Some(trailers);
    }

    /// The end of the body.
    pub fn finish(mut self, out: &mut BytesMut) -> After {
        self.emit_buffer(true, out);
        let head = match self.written_head {
            Some(head) => head,
            None => self.write_head(&[], true, out),
        };
        if head.chunked {
            write_last_chunk(out, self.final_trailers().as_ref());
        }
        let short = !self.asked.method_is_head
            && self.head.may_have_body()
            && head.length.is_some_and(|length| length != self.written);
        if head.close || short { After::Close } else { After::KeepAlive }
    }

    /// Whether nothing but the end of the connection tells the client where the body ends that was begun: a clean end would call a cut
    /// body complete.
    pub fn ends_with_connection(&self) -> bool {
        let bodyless = self.asked.method_is_head || !self.head.may_have_body();
        !bodyless && self.written_head.is_some_and(|head| !head.chunked && head.length.is_none())
    }

    fn emit_buffer(&mut self, done: bool, out: &mut BytesMut) {
        if !self.buffer.is_empty() {
            let mut buffer = std::mem::take(&mut self.buffer);
            self.emit(buffer.bytes(), done, out);
            buffer.clear();
            self.buffer = buffer;
        }
    }

    /// What does not fit into Go's first buffer.
    fn emit_piece(&mut self, piece: Bytes, out: &mut BytesMut) -> Option<Piece> {
        if piece.len() <= COPIED_BYTES_MAX {
            self.emit(&piece, false, out);
            return None;
        }
        let head = match self.written_head {
            Some(head) => head,
            None => self.write_head(&piece, false, out),
        };
        if self.asked.method_is_head {
            return None;
        }
        if head.chunked {
            let before = out.len();
            write_chunk_size(out, piece.len());
            self.backlog.take(out.len() - before);
        }
        self.backlog.take(piece.len());
        self.backlog.take(if head.chunked { b"\r\n".len() } else { 0 });
        Some(Piece { bytes: piece, closing: if head.chunked { b"\r\n" } else { b"" } })
    }

    /// What Go's first buffer gives on.
    fn emit(&mut self, piece: &[u8], done: bool, out: &mut BytesMut) {
        let head = match self.written_head {
            Some(head) => head,
            None => self.write_head(piece, done, out),
        };
        if self.asked.method_is_head {
            return;
        }
        let before = out.len();
        if head.chunked {
            write_chunk(out, piece);
        } else {
            out.put_slice(piece);
        }
        let framing = out.len() - before - piece.len();
        self.backlog.take(framing.saturating_sub(b"\r\n".len()));
        self.backlog.take(piece.len());
        self.backlog.take(framing.min(b"\r\n".len()));
    }

    /// The trailers that are written: where all were announced, none that may not be a trailer, else all.
    ///
    /// Go: `net/http/httputil/reverseproxy.go` `ServeHTTP`, `net/http/server.go` `declareTrailer`, `finalTrailers`.
    fn final_trailers(&mut self) -> Option<Headers> {
        let mut trailers = self.trailers.take()?;
        if were_announced(&trailers, &self.head.announced) {
            trailers.retain(|name, _| may_be_trailer(name));
        }
        Some(trailers)
    }
}

/// Go's `bufferBeforeChunkingSize`: bytes of a body that may come before its head is decided.
const BUFFER: usize = 2048;
/// Larger pieces are written from where they lie.
const COPIED_BYTES_MAX: usize = 8 << 10;

#[cfg(test)]
mod tests;
