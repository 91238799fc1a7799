use bytes::{BufMut as _, Bytes, BytesMut};

use super::{
    request_writer::{OWN_BYTES, write_announced, write_chunk, write_content_length, write_last_chunk},
    response_head::{write_backend_line, write_close, write_unframed},
};
use crate::wire::{
    body::Length,
    headers::{Headers, Lines, Name},
    message::{ResponseHead, Version},
};

/// Writes the last response of a connection as its maker framed it: nothing is added but what tells where the body ends.
///
/// Go: `net/http/response.go` `Response.Write`, `net/http/transfer.go` `transferWriter`.
#[derive(Debug)]
pub struct LastResponse {
    end: BodyEnd,
    announces: bool,
    trailers: Option<Headers>,
}

/// What tells the client where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyEnd {
    /// Its length.
    Declared(u64),
    /// The last chunk.
    Chunk,
    /// The end of the connection.
    Connection,
}

impl BodyEnd {
    fn of(head: &ResponseHead, length: Length) -> Self {
        match length {
            Length::Exactly(bytes) => Self::Declared(bytes),
            Length::Empty => head.content_length.map_or(Self::Connection, Self::Declared), // to HEAD: of the body that is not sent
            Length::Unknown => Self::Chunk,
            Length::UntilClose => Self::Connection,
        }
    }
}

impl LastResponse {
    /// Writes the head of the answer, before a body of this length.
    pub fn begin(out: &mut BytesMut, head: &ResponseHead, length: Length) -> Self {
        let end = BodyEnd::of(head, length);
        let mut lines = Lines::new(out, head.headers.written_bytes() + OWN_BYTES);
        write_backend_line(head, &mut lines);
        if end == BodyEnd::Connection || closes(head) {
            write_close(head, &mut lines);
        }
        // Go says behind the other fields that there is no body. Trace: `upgrade_aware/upgrades/a_refusal_without_a_body`.
        let nothing_last = end == BodyEnd::Declared(0);
        match end {
            BodyEnd::Declared(bytes) if !nothing_last => write_content_length(bytes, &mut lines),
            BodyEnd::Declared(_) | BodyEnd::Connection => {}
            BodyEnd::Chunk => {
                lines.put(b"Transfer-Encoding: chunked\r\n");
                write_announced(&head.announced, &mut lines);
            }
        }
        write_unframed(&head.headers, &mut lines);
        if nothing_last {
            write_content_length(0, &mut lines);
        }
        lines.put(b"\r\n");
        Self { end, announces: !head.announced.is_empty(), trailers: None }
    }

    /// Bytes of the body.
    pub fn data(&mut self, out: &mut BytesMut, bytes: &Bytes) {
        match self.end {
            BodyEnd::Chunk => write_chunk(out, bytes),
            BodyEnd::Declared(_) | BodyEnd::Connection => out.put_slice(bytes),
        }
    }

    /// The fields behind the body. They are written only behind chunks, and where the head announces some: Go's writer knows of no others.
    pub fn trailers(&mut self, trailers: Headers) {
        self.trailers = self.announces.then_some(trailers);
    }

    /// Whether nothing but the end of the connection tells the client where the body ends: a clean end would call a cut body complete.
    pub fn ends_with_connection(&self) -> bool {
        self.end == BodyEnd::Connection
    }

    /// The end of the body. The connection has to end behind it.
    pub fn finish(self, out: &mut BytesMut) {
        if self.end == BodyEnd::Chunk {
            write_last_chunk(out, self.trailers.as_ref());
        }
    }
}

/// Whether the backend says that it ends its connection. Go: `net/http/transfer.go` `shouldClose`.
fn closes(head: &ResponseHead) -> bool {
    let says = |word| head.headers.has_token(&Name::CONNECTION, word);
    head.close || says(b"close") || (head.version <= Version::Http10 && !says(b"keep-alive"))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn head(fields: &[(&'static str, &'static str)]) -> ResponseHead {
        let mut head = ResponseHead::new(StatusCode::FORBIDDEN);
        for (name, value) in fields {
            head.headers.append(Name::from_slice(name.as_bytes()), Bytes::from_static(value.as_bytes()));
        }
        head
    }

    /// What is written, `|` for each end of a line.
    fn written(head: &ResponseHead, length: Length, body: &[&'static str]) -> String {
        let mut out = BytesMut::new();
        let mut writer = LastResponse::begin(&mut out, head, length);
        for piece in body {
            writer.data(&mut out, &Bytes::from_static(piece.as_bytes()));
        }
        writer.finish(&mut out);
        String::from_utf8(out.to_vec()).unwrap().replace("\r\n", "|")
    }

    #[test]
    fn a_response_goes_out_with_its_own_words_and_nothing_of_ours() {
        let mut head = head(&[("x-own", "1"), ("Content-Length", "9"), ("Keep-Alive", "5")]);
        head.reason = Bytes::from_static(b"Not today");
        let expected = "HTTP/1.1 403 Not today|Content-Length: 4|Keep-Alive: 5|X-Own: 1||stop";
        assert_eq!(written(&head, Length::Exactly(4), &["st", "op"]), expected);
        head.reason = Bytes::from_static(b"a\rb");
        assert!(written(&head, Length::Exactly(4), &[]).starts_with("HTTP/1.1 403 a b|"));
    }

    #[test]
    fn a_body_without_a_length_ends_with_the_connection_and_says_so_once() {
        let expected = "HTTP/1.1 403 Forbidden|Connection: close|A: 1||stop";
        assert_eq!(written(&head(&[("A", "1")]), Length::UntilClose, &["stop"]), expected);
        let said = head(&[("Connection", "Close")]);
        assert_eq!(written(&said, Length::UntilClose, &[]), "HTTP/1.1 403 Forbidden|Connection: Close||");
    }

    #[test]
    fn chunks_stay_chunks() {
        let mut head = head(&[("A", "1"), ("Transfer-Encoding", "gzip")]);
        head.announced.push(Name::from_slice(b"X-T"));
        let mut out = BytesMut::new();
        let mut writer = LastResponse::begin(&mut out, &head, Length::Unknown);
        writer.data(&mut out, &Bytes::from_static(b"stop"));
        writer.trailers([(Name::from_slice(b"X-T"), Bytes::from_static(b"1"))].into_iter().collect());
        writer.finish(&mut out);
        let expected = "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\nA: 1\r\n\r\n4\r\nstop\r\n0\r\nX-T: 1\r\n\r\n";
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    }

    #[test]
    fn only_a_head_that_announces_trailers_has_some() {
        let mut out = BytesMut::new();
        let mut writer = LastResponse::begin(&mut out, &head(&[]), Length::Unknown);
        writer.trailers([(Name::from_slice(b"X-T"), Bytes::from_static(b"1"))].into_iter().collect());
        writer.finish(&mut out);
        assert!(out.ends_with(b"\r\n\r\n0\r\n\r\n"), "{}", out.escape_ascii());
    }

    #[test]
    fn a_backend_that_says_close_is_quoted() {
        let said = ResponseHead { close: true, ..head(&[("A", "1")]) };
        let expected = "HTTP/1.1 403 Forbidden|Connection: close|Content-Length: 2|A: 1||no";
        assert_eq!(written(&said, Length::Exactly(2), &["no"]), expected);
    }

    #[test]
    fn that_there_is_no_body_stands_where_go_puts_it() {
        let mut head = head(&[("A", "1")]);
        head.content_length = Some(0);
        assert_eq!(written(&head, Length::Empty, &[]), "HTTP/1.1 403 Forbidden|A: 1|Content-Length: 0||");
        head.content_length = Some(7);
        let to_head = "HTTP/1.1 403 Forbidden|Content-Length: 7|A: 1||";
        assert_eq!(written(&head, Length::Empty, &[]), to_head);
    }

    #[test]
    fn a_backend_that_speaks_1_0_closes() {
        let old = ResponseHead { version: Version::Http10, ..head(&[]) };
        let expected = "HTTP/1.0 403 Forbidden|Connection: close|Content-Length: 2||no";
        assert_eq!(written(&old, Length::Exactly(2), &["no"]), expected);
        let kept = ResponseHead { version: Version::Http10, ..head(&[("Connection", "keep-alive")]) };
        let expected = "HTTP/1.0 403 Forbidden|Content-Length: 2|Connection: keep-alive||no";
        assert_eq!(written(&kept, Length::Exactly(2), &["no"]), expected);
    }
}
