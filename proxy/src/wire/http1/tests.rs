//! What the writers write, the readers read as exactly one message.

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Method, StatusCode};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::wire::{
    body::Length,
    headers::{Headers, Name, trim},
    message::{ResponseHead, Version},
};

const LIMITS: HeadLimits = HeadLimits { head_bytes_max: 1 << 20 };

/// Names that mean something, names that mean nothing, and names that are none.
fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        select(
            &[
                "content-length",
                "Transfer-Encoding",
                "trailer",
                "host",
                "connection",
                "a b",
                "",
                "x\r\ny",
                "User-Agent"
            ][..]
        )
        .prop_map(|name| Name::from_slice(name.as_bytes())),
        "[a-zA-Z0-9!#_-]{1,12}".prop_map(|name| Name::from_slice(name.as_bytes())),
    ]
}

/// Values with anything in them that gets through a parser, and with line ends, which must not get through a writer.
fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        select(
            &[
                "close",
                "chunked",
                "gzip",
                "5",
                "keep-alive",
                "x\r\nTransfer-Encoding: chunked",
                "\r\n\r\nGET / HTTP/1.1\r\n"
            ][..]
        )
        .prop_map(Bytes::from),
        vec(prop_oneof![0x20u8..0x7f, 0x80u8.., select(&b"\t\r\n"[..])], 0..20).prop_map(Bytes::from),
    ]
}

fn headers() -> impl Strategy<Value = Headers> {
    vec((name(), value()), 0..6).prop_map(|fields| fields.into_iter().collect())
}

fn body() -> impl Strategy<Value = Vec<Bytes>> {
    vec(prop_oneof![vec(any::<u8>(), 0..40), (1usize..5000).prop_map(|length| vec![b'x'; length])], 0..4)
        .prop_map(|pieces| pieces.into_iter().map(Bytes::from).collect())
}

/// All of one message: its head, its body, its trailers; and what is wrong.
struct Read<H> {
    head: H,
    body: Vec<u8>,
    trailers: Headers,
    wrong: Option<Wrong>,
}

fn read<H>(mut next: impl FnMut() -> Result<Event<H>, Wrong>) -> Read<H> {
    let Ok(Event::Head(head)) = next() else { panic!("no head") };
    let mut read = Read { head, body: Vec::new(), trailers: Headers::new(), wrong: None };
    loop {
        match next() {
            Ok(Event::Data(data)) => read.body.extend_from_slice(&data),
            Ok(Event::Trailers(trailers)) => read.trailers = trailers,
            Ok(Event::Done) => return read,
            Ok(Event::NeedMore | Event::Head(_)) => panic!("no end"),
            Err(wrong) => {
                read.wrong = Some(wrong);
                return read;
            }
        }
    }
}

/// The fields as they arrive: sorted, trimmed, no line end in them, those left out that are written elsewhere or never.
fn arriving(headers: &Headers, elsewhere: &[Name]) -> Vec<(Name, Bytes)> {
    let mut out = BytesMut::new();
    headers.write_sorted(&mut out);
    out.extend_from_slice(b"\r\n");
    let mut reader = RequestReader::new(LIMITS);
    let mut input = BytesMut::from(&b"0\r\n"[..]);
    input.unsplit(out);
    let mut head = BytesMut::from(&b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"[..]);
    head.unsplit(input);
    let read = read(|| reader.next(&mut head, true));
    let fields = read.trailers.iter().map(|(name, value)| (name.clone(), value.clone()));
    fields.filter(|(name, _)| !elsewhere.contains(name)).collect()
}

const FRAMING: [Name; 3] = [Name::CONTENT_LENGTH, Name::TRANSFER_ENCODING, Name::TRAILER];

proptest! {
    #[test]
    fn a_request_is_read_as_it_was_written(
        method in "[A-Z]{1,7}|[a-z!#]{1,5}".prop_filter("refused", |method| method != "CONNECT"),
        target in vec(any::<u8>().prop_filter("an escape may be bad", |byte| *byte != b'%'), 0..20),
        host in "([a-z0-9][a-z.0-9]{0,9}(:[0-9]{0,5})?)?",
        headers in headers(),
        framing in select(&[Framing::None, Framing::Chunked, Framing::Exactly(0)][..]),
        announced in vec(name(), 0..3),
        close: bool,
        body in body(),
    ) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let target = [b"/", &target[..]].concat();
        let whole = body.concat();
        let framing = match framing {
            Framing::Exactly(_) => Framing::Exactly(whole.len() as u64),
            other => other,
        };
        let mut wire = BytesMut::new();
        let line = RequestLine {
            method: &method,
            target: &target,
            host: host.as_bytes(),
            headers: &headers,
            framing,
            announced: &announced,
            close,
            extra: &[],
        };
        write_request_head(&mut wire, line);
        match framing {
            Framing::None => {}
            Framing::Exactly(_) => wire.extend_from_slice(&whole),
            Framing::Chunked => {
                for piece in &body {
                    write_chunk(&mut wire, piece);
                }
                write_last_chunk(&mut wire, None);
            }
        }
        let mut reader = RequestReader::new(LIMITS);
        let read = read(|| reader.next(&mut wire, false));
        prop_assert!(wire.is_empty() && read.wrong.is_none());
        prop_assert_eq!(&read.head.head.method, &method);
        prop_assert_eq!(&read.head.head.host[..], host.as_bytes());
        let length = match framing {
            Framing::None | Framing::Exactly(0) => Length::Empty,
            Framing::Exactly(bytes) => Length::Exactly(bytes),
            Framing::Chunked => Length::Unknown,
        };
        prop_assert_eq!(read.head.length, length);
        prop_assert_eq!(read.body, if framing == Framing::None { Vec::new() } else { whole });
        prop_assert!(!close || read.head.close);
        let [length, coding, trailer] = FRAMING;
        let elsewhere = [length, coding, trailer, Name::HOST, Name::USER_AGENT, Name::CONNECTION];
        let got: Vec<_> = read.head.head.headers.iter().filter(|(name, _)| !elsewhere.contains(name)).collect();
        let sent = arriving(&headers, &elsewhere);
        prop_assert_eq!(got, sent.iter().map(|(name, value)| (name, value)).collect::<Vec<_>>());
    }

    #[test]
    fn a_response_is_read_as_it_was_written(
        status in select(&[200u16, 204, 205, 299, 304, 404, 502, 999][..]),
        headers in headers(),
        declared in proptest::option::of(0u64..6000),
        // What Go writes as a handler gave it, and no reader takes.
        announced in vec(name().prop_filter("framing", |name| !FRAMING.contains(name)), 0..3),
        method_is_head: bool,
        old: bool,
        close: bool,
        keep_alive_asked: bool,
        body in body(),
        flushes in vec(any::<bool>(), 4),
        trailers in proptest::option::of(self::headers()),
        settled in select(&[Settled::KeepAlive, Settled::Close][..]),
    ) {
        let version = if old { Version::Http10 } else { Version::Http11 };
        let asked = Asked { method_is_head, version, close: close || old, keep_alive_asked: keep_alive_asked && old };
        let own = headers.contains(&Name::CONNECTION);
        let head = ResponseHead {
            content_length: declared,
            headers,
            announced: announced.into_iter().collect(),
            ..ResponseHead::new(StatusCode::from_u16(status).unwrap())
        };
        let mut writer = ResponseWriter::new(asked, Box::new(head), *b"Tue, 15 Nov 1994 08:12:31 GMT");
        writer.settle(settled);
        let mut wire = BytesMut::new();
        let mut accepted = Vec::new();
        for (piece, flush) in body.into_iter().zip(flushes) {
            let before = wire.is_empty();
            let will = writer.will_write_head(Next::Data(piece.len()));
            if let Ok(large) = writer.data(piece.clone(), &mut wire) {
                let Piece { bytes, closing } = large.unwrap_or_default();
                wire.put_slice(&bytes);
                wire.put_slice(closing);
                accepted.extend_from_slice(&piece);
                prop_assert_eq!(will, before && !wire.is_empty());
            }
            if flush {
                writer.flush(&mut wire);
            }
        }
        if let Some(trailers) = &trailers {
            writer.trailers(trailers.clone());
        }
        let closes = writer.closes(Next::End);
        let after = writer.finish(&mut wire);
        prop_assert!(!closes || after == After::Close);

        let mut reader = ResponseReader::new(LIMITS);
        reader.expect_answer(method_is_head);
        let read = read(|| reader.next(&mut wire, after == After::Close));
        prop_assert!(wire.is_empty());
        prop_assert_eq!(read.head.head.status.as_u16(), status);
        // A `Connection` of a handler's own stands as it is, as in Go, even where the client takes it for a close.
        prop_assert!(after == After::Close || own || !read.head.close, "the client must not close what the server keeps");
        let bodyless = method_is_head || matches!(status, 204 | 304);
        match read.wrong {
            Some(wrong) => prop_assert!(wrong == Wrong::EndedEarly && after == After::Close && !bodyless),
            None => prop_assert!(bodyless || declared.is_none_or(|declared| declared == accepted.len() as u64)),
        }
        prop_assert_eq!(read.body, if bodyless { Vec::new() } else { accepted });
        if !read.trailers.is_empty() {
            let sent = arriving(&trailers.unwrap_or_default(), &[]);
            prop_assert!(read.trailers.iter().all(|(name, value)| sent.contains(&(name.clone(), value.clone()))));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic_or_wait_behind_their_end(
        parts in vec(prop_oneof![
            vec(any::<u8>(), 0..40),
            select(&[
                "GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 101 \r\n", "Host: h\r\n", "Transfer-Encoding: chunked\r\n",
                "Content-Length: 18446744073709551615\r\n", "Content-Length: 3\r\n", "\r\n", "fffffffffffffff0\r\n", "0\r\n", " x\r\n", "Trailer: A\r\n",
            ][..]).prop_map(|part| part.as_bytes().to_vec()),
        ], 0..20),
        head_bytes_max in prop_oneof![0usize..200, Just(usize::MAX)],
        to_head: bool,
    ) {
        let mut requests = RequestReader::new(HeadLimits { head_bytes_max });
        let mut responses = ResponseReader::new(HeadLimits { head_bytes_max });
        responses.expect_answer(to_head);
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());
        for (at, part) in parts.iter().enumerate() {
            let at_end = at + 1 == parts.len();
            up.extend_from_slice(part);
            down.extend_from_slice(part);
            while !matches!(requests.next(&mut up, at_end), Ok(Event::NeedMore) | Err(_)) {}
            prop_assert!(!at_end || requests.next(&mut up, true).is_err());
            loop {
                match responses.next(&mut down, at_end) {
                    Ok(Event::Done) => responses.expect_answer(to_head),
                    Ok(Event::NeedMore) => {
                        prop_assert!(!at_end);
                        break;
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
    }
}

#[test]
fn a_head_that_dribbles_in_is_read_in_one_pass() {
    let head = format!("GET /{} HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", "p".repeat(100_000), "\r\n v".repeat(100_000));
    let mut reader = RequestReader::new(LIMITS);
    let mut input = BytesMut::new();
    // A second look at every byte for every byte would take minutes.
    for byte in head.as_bytes() {
        input.extend_from_slice(&[*byte]);
        if let Event::Head(request) = reader.next(&mut input, false).unwrap() {
            assert_eq!(request.head.headers.iter().next().unwrap().1.len(), 2 * 100_000 - 1);
            return;
        }
    }
    panic!("no head");
}

proptest! {
    /// A value goes out as it came in only where nothing in it could be taken for the end of a line.
    #[test]
    fn what_was_read_is_written_as_one_trimmed_line(
        parts in vec(select(&[" ", "\t", "a", "b: c", "\r\n ", "\n\t", "\u{e9}", "sixteen bytes....", "\r", "\0"][..]), 0..12),
    ) {
        let mut input = BytesMut::from(&b"GET / HTTP/1.1\r\nHost: a\r\nX-A:"[..]);
        input.put_slice(parts.concat().as_bytes());
        input.put_slice(b"\r\n\r\n");
        if let Ok(Event::Head(request)) = RequestReader::new(LIMITS).next(&mut input, true) {
            let mut out = BytesMut::new();
            request.head.headers.write_sorted(&mut out);
            let value = out.strip_prefix(b"X-A: ").and_then(|rest| rest.strip_suffix(b"\r\n"));
            let value = value.expect("one line");
            prop_assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b'\0')));
            prop_assert_eq!(trim(value), value);
        }
    }
}
