use bytes::{Bytes, BytesMut};
use http::Method;
use weir::{
    forward::{ForwardedFor, Outbound},
    upstream::StrippedHeaders,
    wire::{
        Headers, Length, RequestHead,
        host::{remove_zone, valid_host_header},
        http1::{
            Event, Framing, HeadLimits, Request, RequestLine, RequestReader, write_chunk, write_last_chunk,
            write_request_head,
        },
        url::Url,
    },
    world::Planted,
};
use weir_conformance::strict;

use super::Target;
use crate::oracle::mended;

pub(super) const TARGET: Target = Target {
    name: "request_head",
    promises: "Requests are read the same in whatever pieces they come; what is sent on of each, a strict parser reads as that request alone.",
    words: &[
        b"GET ",
        b"POST ",
        b" HTTP/1.1\r\n",
        b" HTTP/1.0\r\n",
        b"Host: h\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: ",
        b"5",
        b"0",
        b"+5",
        b"5, 5",
        b"Transfer-Encoding: chunked\r\n",
        b"chunked",
        b"identity",
        b"gzip, chunked",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b"\0",
        b"\x0b",
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"Trailer: X-T\r\n",
        b"X-T: 1\r\n",
        b"http://h/",
        b"*",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT ",
        b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
        b": ",
        b"\r\n ",
        b"%0d%0a",
        b"?",
        b"#",
    ],
    play,
};

/// One request, and whether it came to its end.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) head: Box<RequestHead>,
    pub(super) length: Length,
    pub(super) body: Vec<u8>,
    pub(super) is_whole: bool,
}

fn play(input: &[u8]) {
    if input.is_empty() {
        return;
    }
    let (requests, told) = read(&[input]);
    let (first, rest) = input.split_at(input.len() / 3);
    assert_eq!(read(&[first, rest]).1, told, "two pieces");
    assert_eq!(read(&input.chunks(1).collect::<Vec<_>>()).1, told, "byte by byte");
    for request in requests.iter().filter(|request| request.is_whole && !is_preface(request)) {
        sent_on_as_one(request);
    }
    agrees_with_a_strict_reader(input, &requests);
}

/// All requests of a connection, and all that was told of them.
pub(super) fn read(pieces: &[&[u8]]) -> (Vec<Whole>, Vec<String>) {
    let mut reader = RequestReader::new(HeadLimits { head_bytes_max: 4096 });
    let mut input = BytesMut::new();
    let mut requests: Vec<Whole> = Vec::new();
    let mut told = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        input.extend_from_slice(piece);
        let at_end = at + 1 == pieces.len();
        loop {
            match (reader.next(&mut input, at_end), requests.last_mut()) {
                (Ok(Event::NeedMore), _) => break,
                (Ok(Event::Head(request)), _) => {
                    told.push(format!("{request:?}"));
                    let Request { head, length, .. } = request;
                    requests.push(Whole { head, length, body: Vec::new(), is_whole: false });
                }
                (Ok(Event::Data(data)), Some(request)) => request.body.extend_from_slice(&data),
                (Ok(Event::Trailers(trailers)), _) => told.push(format!("{trailers:?}")),
                (Ok(Event::Done), Some(request)) => request.is_whole = true,
                (Ok(_), None) => panic!("a body before any head"),
                (Err(wrong), _) => {
                    told.push(format!("{wrong:?}"));
                    told.extend(requests.iter().map(|request| request.body.escape_ascii().to_string()));
                    return (requests, told);
                }
            }
        }
    }
    told.extend(requests.iter().map(|request| request.body.escape_ascii().to_string()));
    (requests, told)
}

/// The preface of HTTP/2 on a connection of HTTP/1 is told to the handler, as in Go, and sent on to nobody.
fn is_preface(request: &Whole) -> bool {
    request.head.method.as_str() == "PRI"
}

fn sent_on_as_one(request: &Whole) {
    let sent = mended(&sent_on(request));
    let read = strict::requests(&sent).unwrap_or_else(|wrong| panic!("{wrong}: {}", sent.escape_ascii()));
    let [seen] = &read.whole[..] else { panic!("not one request: {}", sent.escape_ascii()) };
    assert_eq!(read.rest, strict::Rest::Nothing, "behind it: {}", sent.escape_ascii());
    assert_eq!(seen.method, request.head.method.as_str().as_bytes(), "the method");
    assert_eq!(seen.body.escape_ascii().to_string(), request.body.escape_ascii().to_string(), "the body");
    let fields =
        || request.head.headers.iter().filter(|(name, _)| !name.as_bytes().eq_ignore_ascii_case(b"connection"));
    for field in &seen.fields {
        let ours =
            ["Host", "Content-Length", "Transfer-Encoding", "Trailer"].iter().any(|own| own.as_bytes() == field.name);
        let came = fields()
            .any(|(name, value)| name.as_bytes() == field.name && value.trim_ascii() == field.value.trim_ascii());
        assert!(ours || came, "a field that nobody sent: {field:?}");
    }
}

/// What the reverse proxy writes to a backend for this request.
fn sent_on(request: &Whole) -> Vec<u8> {
    let head = &request.head;
    let mut out = Outbound {
        method: head.method.clone(),
        url: head.target.url.clone(),
        host: Bytes::new(),
        forwarded_for: ForwardedFor::Omit,
        headers: Headers::new(),
    };
    out.redirect(&Url::parse(&Bytes::from_static(b"http://backend")).expect("a URL"));
    let target = out.target(&head.target.raw);
    let headers = StrippedHeaders::from_inbound(head.headers.clone(), &Planted::none());
    let framing = Framing::of(&head.method, request.length);
    // The transport sends no host that is none.
    let host = if valid_host_header(&head.host) { remove_zone(&head.host) } else { Bytes::new() };
    let mut out = BytesMut::new();
    let line = RequestLine {
        method: &head.method,
        target: &target,
        host: &host,
        headers: headers.as_headers(),
        framing,
        announced: &head.announced,
        close: false,
        extra: &[],
    };
    write_request_head(&mut out, line);
    if framing == Framing::Chunked {
        write_chunk(&mut out, &request.body);
        write_last_chunk(&mut out, None);
    } else {
        out.extend_from_slice(&request.body);
    }
    out.to_vec()
}

/// What a strict reader takes for whole requests, ours takes for the same, up to where it refuses.
fn agrees_with_a_strict_reader(input: &[u8], ours: &[Whole]) {
    let mut rest = input;
    for request in ours {
        let Ok(strict::Read::Whole { message, length }) = strict::request(rest) else { return };
        assert_eq!(message.method, request.head.method.as_str().as_bytes(), "the method, read strictly");
        assert_eq!(message.target, &request.head.target.raw[..], "the target, read strictly");
        if !message.trailers.is_empty() && length - message.body.len() > TRAILERS_MAX {
            return; // Go reads no longer ones, and the strict reader has no bound
        }
        assert!(request.is_whole, "whole, read strictly: {}", rest.escape_ascii());
        assert_eq!(message.body, request.body, "the body, read strictly");
        rest = &rest[length..];
        if request.head.method == Method::POST {
            return; // line ends behind a POST are skipped
        }
    }
}

/// Bytes that trailers may have.
const TRAILERS_MAX: usize = 4096;
