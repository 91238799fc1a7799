//! What Weir writes, a strict parser that shares nothing with it reads as exactly one message, whatever a handler puts in.

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Method, StatusCode};
use proptest::{collection::vec, prelude::*, sample::select};
use weir::wire::{
    Headers, Name, ResponseHead, Version,
    http1::{
        After, Asked, Event, Framing, HeadLimits, RequestLine, RequestReader, ResponseWriter, write_chunk,
        write_informational, write_last_chunk, write_request_head, write_switch,
    },
};
use weir_conformance::strict::{self, Ended, Read, Rest};

/// Names that frame messages, names that are none, and others.
fn name() -> impl Strategy<Value = Name> {
    let known = [
        "content-length",
        "Transfer-Encoding",
        "trailer",
        "host",
        "connection",
        "te",
        "upgrade",
        "a b",
        "",
        "x\r\ny",
        "x:y",
        "User-Agent",
    ];
    prop_oneof![select(known.to_vec()).prop_map(str::to_owned), "[a-zA-Z0-9!#_-]{1,12}"]
        .prop_map(|name| Name::from_slice(name.as_bytes()))
}

/// Values that a reader of messages lets through, and line ends, which nobody may let through.
fn value() -> impl Strategy<Value = Bytes> {
    let known =
        ["close", "chunked", "5", "x\r\nTransfer-Encoding: chunked", "\r\n\r\nGET /smuggled HTTP/1.1\r\n", " \t "];
    prop_oneof![
        select(known.to_vec()).prop_map(Bytes::from),
        vec(prop_oneof![0x20u8..0x7f, 0x80u8.., select(&b"\t\r\n"[..])], 0..20).prop_map(Bytes::from),
    ]
}

fn headers() -> impl Strategy<Value = Headers> {
    vec((name(), value()), 0..6).prop_map(|fields| fields.into_iter().collect())
}

fn body() -> impl Strategy<Value = Vec<Bytes>> {
    let text = select(vec!["0\r\n\r\n", "\r\n", "HTTP/1.1 200 OK\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"])
        .prop_map(|text| text.as_bytes().to_vec());
    vec(prop_oneof![vec(any::<u8>(), 0..40), text, (1usize..5000).prop_map(|length| vec![b'x'; length])], 0..4)
        .prop_map(|pieces| pieces.into_iter().map(Bytes::from).collect())
}

proptest! {
    #[test]
    fn a_request_that_is_written_is_one_request(
        method in "[A-Z]{1,7}|[a-z!#]{1,5}".prop_filter("never sent", |method| method != "CONNECT"),
        target in vec(any::<u8>().prop_filter("Go passes on what no URI has", |byte| *byte != b'#' && *byte < 0x80), 0..20),
        host in "[a-z.]{0,10}(:[0-9]{0,5})?",
        headers in headers(),
        chunked: bool,
        announced in vec(name(), 0..3),
        close: bool,
        body in body(),
    ) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let target = [b"/", &target[..]].concat();
        let whole = body.concat();
        let framing = if chunked { Framing::Chunked } else { Framing::Exactly(whole.len() as u64) };
        let mut wire = BytesMut::new();
        let line = RequestLine {
            method: &method, target: &target, host: host.as_bytes(), headers: &headers, framing, announced: &announced, close, extra: &[],
        };
        write_request_head(&mut wire, line);
        if chunked {
            body.iter().for_each(|piece| write_chunk(&mut wire, piece));
            write_last_chunk(&mut wire, None);
        } else {
            wire.extend_from_slice(&whole);
        }
        let read = strict::requests(&wire);
        prop_assert!(read.is_ok(), "{read:?}: {}", wire.escape_ascii());
        let read = read.unwrap();
        prop_assert_eq!((read.whole.len(), &read.rest), (1, &Rest::Nothing));
        prop_assert_eq!(&read.whole[0].method[..], method.as_str().as_bytes());
        prop_assert_eq!(&read.whole[0].body, &whole);
    }

    #[test]
    fn a_response_that_is_written_is_one_response(
        status in select(vec![200u16, 204, 205, 299, 304, 404, 502, 599]),
        headers in headers(),
        declared in proptest::option::of(0u64..6000),
        announced in vec(name(), 0..3),
        to_head: bool,
        old: bool,
        body in body(),
        flushes in vec(any::<bool>(), 4),
        trailers in proptest::option::of(headers()),
    ) {
        let version = if old { Version::Http10 } else { Version::Http11 };
        let asked = Asked { method_is_head: to_head, version, close: old, keep_alive_asked: false };
        let head = ResponseHead {
            content_length: declared, headers, announced, ..ResponseHead::new(StatusCode::from_u16(status).unwrap())
        };
        let mut writer = ResponseWriter::new(asked, Box::new(head), *b"Tue, 15 Nov 1994 08:12:31 GMT");
        let (mut wire, mut taken) = (BytesMut::new(), Vec::new());
        for (piece, flush) in body.into_iter().zip(flushes) {
            if let Ok(large) = writer.data(piece.clone(), &mut wire) {
                let large = large.unwrap_or_default();
                wire.put_slice(&large.bytes);
                wire.put_slice(large.closing);
                taken.extend_from_slice(&piece);
            }
            if flush {
                writer.flush(&mut wire);
            }
        }
        if let Some(trailers) = trailers {
            writer.trailers(trailers);
        }
        let after = writer.finish(&mut wire);
        let method: &[u8] = if to_head { b"HEAD" } else { b"GET" };
        let read = strict::responses(&wire, &[method], Ended::Yes);
        prop_assert!(read.is_ok(), "{read:?}: {}", wire.escape_ascii());
        let read = read.unwrap();
        let bodyless = to_head || matches!(status, 204 | 304);
        match (&read.whole[..], &read.rest) {
            ([response], Rest::Nothing) => {
                prop_assert_eq!(response.status, status);
                prop_assert_eq!(&response.body, &if bodyless { Vec::new() } else { taken });
            }
            // A handler that wrote less than it declared: the client sees that it was cut.
            ([], Rest::Cut(Some(_))) => prop_assert!(!bodyless && after == After::Close && declared.is_some()),
            _ => prop_assert!(false, "{}", wire.escape_ascii()),
        }
    }

    #[test]
    fn heads_of_1xx_are_one_head_each(status in select(vec![100u16, 102, 103, 199]), headers in headers(), reason in value()) {
        let head = |status| ResponseHead { headers: headers.clone(), reason: reason.clone(), ..ResponseHead::new(status) };
        let mut wire = BytesMut::new();
        write_informational(&mut wire, &head(StatusCode::from_u16(status).unwrap()), Version::Http11);
        write_switch(&mut wire, &head(StatusCode::SWITCHING_PROTOCOLS));
        wire.put_slice(b"tunnel");
        // Go passes the words of a 101 on as they are but for line ends.
        let plain: Vec<u8> = wire.iter().map(|byte| if *byte == b'\t' { b' ' } else { *byte }).collect();
        let read = strict::responses(&plain, &[b"GET"], Ended::No);
        prop_assert!(read.is_ok(), "{read:?}: {}", wire.escape_ascii());
        let read = read.unwrap();
        prop_assert_eq!(read.whole.iter().map(|response| response.status).collect::<Vec<_>>(), [status, 101]);
        prop_assert_eq!(read.rest, Rest::Tunnel(b"tunnel".to_vec()));
    }

    #[test]
    fn what_a_strict_parser_takes_for_one_request_is_one_here_in_whatever_pieces(
        target in "/([a-z0-9?=&/]|%25){0,20}",
        fields in vec(("X-[a-z]{1,8}", "[!-~]{0,10}"), 0..4),
        chunked: bool,
        body in body(),
        cuts in vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut wire = BytesMut::from(format!("PUT {target} HTTP/1.1\r\nHost: h\r\n").as_bytes());
        fields.iter().for_each(|(name, value)| wire.put_slice(format!("{name}: {value}\r\n").as_bytes()));
        let whole = body.concat();
        if chunked {
            wire.put_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            body.iter().for_each(|piece| write_chunk(&mut wire, piece));
            write_last_chunk(&mut wire, None);
        } else {
            wire.put_slice(format!("Content-Length: {}\r\n\r\n", whole.len()).as_bytes());
            wire.put_slice(&whole);
        }
        let Ok(Read::Whole { message, length }) = strict::request(&wire) else { panic!("{}", wire.escape_ascii()) };
        prop_assert_eq!((length, &message.body), (wire.len(), &whole));
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).chain([wire.len()]).collect();
        places.sort_unstable();
        let (mut reader, mut input, mut from) = (RequestReader::new(HeadLimits { head_bytes_max: 1 << 20 }), BytesMut::new(), 0);
        let (mut seen, mut done) = (Vec::new(), 0);
        for place in places {
            input.put_slice(&wire[from..place]);
            from = place;
            loop {
                match reader.next(&mut input, false) {
                    Ok(Event::NeedMore) => break,
                    Ok(Event::Data(data)) => seen.extend_from_slice(&data),
                    Ok(Event::Done) => done += 1,
                    Ok(_) => {}
                    Err(wrong) => prop_assert!(false, "{wrong:?}: {}", wire.escape_ascii()),
                }
            }
        }
        prop_assert_eq!((done, seen), (1, whole));
    }
}
