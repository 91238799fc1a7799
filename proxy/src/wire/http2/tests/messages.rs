use super::*;
use crate::wire::{Length, ResponseHead, headers::Headers};

fn asked(fields: &[(&str, &str)], flags: u8) -> Result<Box<Request>, String> {
    let mut end = End::server();
    end.headers(1, flags, fields);
    match Handle::accept(&end.connection) {
        Some((_handle, Asked::Request(request))) => Ok(request),
        Some((_handle, Asked::BadField(field, _))) => Err(field.to_string()),
        Some((_handle, other)) => Err(format!("{other:?}")),
        None => Err(end.heard().join(", ")),
    }
}

fn with(fields: &[(&str, &str)]) -> Result<Box<Request>, String> {
    let mut all = POST.to_vec();
    for (name, value) in fields {
        match name.starts_with(':') {
            true => all.iter_mut().filter(|field| field.0 == *name).for_each(|field| field.1 = value),
            false => all.push((name, value)),
        }
    }
    asked(&all, 4)
}

fn lines(headers: &Headers) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|(name, value)| format!("{}: {}", text(name.as_bytes()), text(value))).collect()
}

/// The fields of what is written, as another decoder reads them.
fn written(write: impl FnOnce(&mut hpack::BlockWriter<'_>)) -> Vec<String> {
    let mut out = BytesMut::new();
    write(&mut Encoder::new().block(&mut out));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = loona_hpack::Decoder::new().decode(&out).unwrap();
    fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
}

fn head(fields: &[(&str, &str)]) -> ResponseHead {
    let mut head = ResponseHead::new(http::StatusCode::OK);
    for (name, value) in fields {
        head.headers.append(Name::from_slice(name.as_bytes()), value.as_bytes().to_vec());
    }
    head
}

#[test]
fn a_request_keeps_its_fields_and_loses_its_framing() {
    let request = with(&[
        ("x-a", "1"),
        ("content-length", "5"),
        ("cookie", "a=1"),
        ("host", "other.test"),
        ("x-a", "2"),
        ("cookie", "b=2"),
        ("trailer", "x-c, content-length,x-c"),
        ("expect", "100-Continue"),
    ])
    .unwrap();
    assert_eq!(lines(&request.head.headers), ["X-A: 1", "Cookie: a=1; b=2", "X-A: 2"]);
    assert_eq!(request.length, Length::Exactly(5));
    assert!(request.waits_for_continue);
    assert_eq!(&request.head.host[..], b"h.test");
    assert_eq!(&request.head.target.raw[..], b"/x");
    assert_eq!(request.head.announced.as_slice(), [Name::from_slice(b"x-c")]);
}

#[test]
fn a_host_field_names_the_host_where_no_authority_does() {
    let request = asked(&[(":method", "GET"), (":scheme", "https"), (":path", "/x"), ("host", "i.test")], 5).unwrap();
    assert_eq!(&request.head.host[..], b"i.test");
    assert!(request.head.headers.is_empty());
    assert_eq!(request.length, Length::Empty);
}

#[test]
fn fields_of_a_connection_are_a_400_in_go_s_words() {
    for (name, spelled) in [
        ("connection", "Connection"),
        ("keep-alive", "Keep-Alive"),
        ("proxy-connection", "Proxy-Connection"),
        ("transfer-encoding", "Transfer-Encoding"),
        ("upgrade", "Upgrade"),
    ] {
        let wrong = with(&[(name, "x")]).unwrap_err();
        assert_eq!(wrong, format!("request header \"{spelled}\" is not valid in HTTP/2"));
    }
    assert!(with(&[("te", "trailers")]).is_ok());
    for fields in [&[("te", "gzip")][..], &[("te", "trailers"), ("te", "trailers")]] {
        let wrong = with(fields).unwrap_err();
        assert_eq!(wrong, "request header \"TE\" may only be \"trailers\" in HTTP/2");
    }
}

#[test]
fn a_length_that_cannot_be_read_is_0_and_two_must_be_the_same() {
    assert_eq!(with(&[]).unwrap().length, Length::Unknown);
    assert_eq!(with(&[("content-length", "5"), ("content-length", "5")]).unwrap().length, Length::Exactly(5));
    assert_eq!(with(&[("content-length", "5"), ("content-length", "6")]).unwrap_err(), "RST_STREAM 1 PROTOCOL_ERROR");
    for length in ["0", "+5", "", "5 ", "9223372036854775808"] {
        let request = with(&[("content-length", length)]).unwrap();
        assert_eq!((request.length, request.declared_length), (Length::Empty, Some(0)), "{length}");
    }
}

#[test]
fn what_is_no_request_resets_the_stream() {
    for (name, value) in [
        (":scheme", "ftp"),
        (":scheme", ""),
        (":path", ""),
        (":path", "x"),
        (":path", "/%zz"),
        (":method", ""),
        (":method", "G T"),
        (":method", "G\tT"),
        (":authority", "user@h.test"),
        ("x-a", "a\u{0}"),
        ("x-a", "a\nb"),
    ] {
        assert_eq!(with(&[(name, value)]).unwrap_err(), "RST_STREAM 1 PROTOCOL_ERROR", "{name}: {value}");
    }
    for fields in [
        &[(":method", "GET"), (":scheme", "https"), (":path", "/"), (":status", "200")][..],
        &[(":method", "GET"), (":scheme", "https"), (":path", "/"), (":path", "/")],
        &[(":method", "GET"), (":scheme", "https"), ("x-a", "1"), (":path", "/")],
        &[(":method", "CONNECT"), (":authority", "h.test"), (":path", "/")],
        &[(":method", "CONNECT"), (":authority", "h.test"), (":scheme", "https")],
        &[
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":authority", "h"),
            (":path", "/"),
            (":scheme", "https"),
        ],
    ] {
        assert_eq!(asked(fields, 5).unwrap_err(), "RST_STREAM 1 PROTOCOL_ERROR", "{fields:?}");
    }
}

#[test]
fn connect_asks_for_its_authority() {
    let request = asked(&[(":method", "CONNECT"), (":authority", "a.test:443")], 4).unwrap();
    assert_eq!(&request.head.target.raw[..], b"a.test:443");
    assert_eq!(&request.head.target.url.host[..], b"a.test:443");
}

#[test]
fn a_response_is_sorted_by_canonical_name_and_ends_with_its_framing() {
    let mut head = head(&[
        ("x-b", "2"),
        ("Etag", "\"e\""),
        ("X-A", "1"),
        ("x-b", "1"),
        ("Connection", "x"),
        ("Keep-Alive", "timeout=5"),
        ("X Y", "1"),
        ("X-Bad", "a\u{1}b"),
    ]);
    head.announced.push(Name::from_slice(b"X-T"));
    head.announced.push(Name::from_slice(b"X-S"));
    let framing = Framing {
        content_type: Some("text/plain"),
        content_length: Some(3),
        date: Some(*b"Thu, 01 Jan 1970 00:00:00 GMT"),
    };
    assert_eq!(
        written(|block| response::write_response(&head, framing, block)),
        [
            ":status: 200",
            "etag: \"e\"",
            "trailer: X-T, X-S",
            "x-a: 1",
            "x-b: 2",
            "x-b: 1",
            "content-type: text/plain",
            "content-length: 3",
            "date: Thu, 01 Jan 1970 00:00:00 GMT",
        ]
    );
}

#[test]
fn trailers_are_sorted_and_framing_is_none_of_them() {
    let headers = head(&[("x-b", "2"), ("content-length", "5"), ("x-a", "1"), ("if-match", "x"), ("te", "x")]).headers;
    assert_eq!(written(|block| fields::write_trailers(&headers, block)), ["x-a: 1", "x-b: 2"]);
}

#[test]
fn a_request_that_goes_out_is_written_in_go_s_order() {
    let headers = head(&[("user-agent", "a"), ("cookie", "a=1; b=2"), ("user-agent", "b"), ("x-a", "1")]).headers;
    let asked = ToSend {
        method: &http::Method::POST,
        tls: true,
        host: &Bytes::from_static(b"h.test"),
        target: &Bytes::from_static(b"/a#\xff"),
        headers: &headers,
        announced: &[Name::from_slice(b"X-T")].into_iter().collect(),
        content_length: Some(0),
        asks_gzip: true,
    };
    let sendable = Sendable::new(asked, 1 << 20).unwrap();
    assert_eq!(
        written(|block| sendable.write(block)),
        [
            ":authority: h.test",
            ":method: POST",
            ":path: /a#\u{fffd}",
            ":scheme: https",
            "trailer: X-T",
            "cookie: a=1",
            "cookie: b=2",
            "user-agent: a",
            "x-a: 1",
            "content-length: 0",
            "accept-encoding: gzip",
        ]
    );
}
