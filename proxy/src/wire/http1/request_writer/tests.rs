use super::*;

fn headers(fields: &[(&str, &str)]) -> Headers {
    fields
        .iter()
        .map(|(name, value)| (Name::from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes())))
        .collect()
}

fn plain<'a>(method: &'a Method, headers: &'a Headers) -> RequestLine<'a> {
    RequestLine {
        method,
        target: b"/x",
        host: b"h.test",
        headers,
        framing: Framing::None,
        announced: &[],
        close: false,
        extra: &[],
    }
}

fn written(head: RequestLine<'_>) -> String {
    let mut out = BytesMut::new();
    write_request_head(&mut out, head);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn fields_stand_in_gos_order() {
    let headers = headers(&[
        ("x-zeta", "1"),
        ("Cookie", "b"),
        ("User-Agent", "curl/8"),
        ("X-Alpha", "2"),
        ("cookie", "a"),
        ("Authorization", "t"),
    ]);
    let extra = [(Name::ACCEPT_ENCODING, Bytes::from_static(b"gzip"))];
    let announced = [Name::from_slice(b"x-b"), Name::from_slice(b"X-A")];
    let head = RequestLine {
        framing: Framing::Chunked,
        announced: &announced,
        close: true,
        extra: &extra,
        ..plain(&Method::GET, &headers)
    };
    assert_eq!(
        written(head),
        "GET /x HTTP/1.1\r\nHost: h.test\r\nUser-Agent: curl/8\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-A,X-B\r\nAuthorization: t\r\nCookie: b\r\nCookie: a\r\nX-Alpha: 2\r\nX-Zeta: 1\r\nAccept-Encoding: gzip\r\n\r\n"
    );
}

#[test]
fn nothing_in_the_fields_frames_the_request_or_names_its_host() {
    let headers = headers(&[
        ("Content-Length", "7"),
        ("Transfer-Encoding", "chunked"),
        ("Trailer", "A"),
        ("Host", "evil"),
        ("bad name", "x"),
        ("A", "1\r\nB: 2"),
    ]);
    let head = RequestLine { framing: Framing::Exactly(5), host: b"", ..plain(&Method::POST, &headers) };
    assert_eq!(written(head), "POST /x HTTP/1.1\r\nHost: \r\nContent-Length: 5\r\nA: 1  B: 2\r\n\r\n");
}

#[test]
fn the_first_user_agent_is_sent_unless_it_is_empty() {
    let two = headers(&[("User-Agent", "a"), ("User-Agent", "b")]);
    assert_eq!(written(plain(&Method::GET, &two)), "GET /x HTTP/1.1\r\nHost: h.test\r\nUser-Agent: a\r\n\r\n");
    let empty = headers(&[("User-Agent", "")]);
    assert_eq!(written(plain(&Method::GET, &empty)), "GET /x HTTP/1.1\r\nHost: h.test\r\n\r\n");
}

#[test]
fn close_is_said_once() {
    let headers = headers(&[("Connection", "a, Close")]);
    let head = RequestLine { close: true, ..plain(&Method::GET, &headers) };
    assert_eq!(written(head), "GET /x HTTP/1.1\r\nHost: h.test\r\nConnection: a, Close\r\n\r\n");
}

#[test]
fn a_target_cannot_end_its_line() {
    let none = Headers::new();
    let head = RequestLine { target: b"/x?a b\r\nHost: evil\x7f\xc3\xa9", ..plain(&Method::GET, &none) };
    let mut out = BytesMut::new();
    write_request_head(&mut out, head);
    assert_eq!(&out[..], b"GET /x?a%20b%0D%0AHost:%20evil%7F\xc3\xa9 HTTP/1.1\r\nHost: h.test\r\n\r\n");
}

#[test]
fn trailers_are_announced_before_chunks_only_and_framing_never() {
    let none = Headers::new();
    let announced = [Name::CONTENT_LENGTH, Name::TRAILER, Name::TRANSFER_ENCODING];
    let head = RequestLine { framing: Framing::Chunked, announced: &announced, ..plain(&Method::PUT, &none) };
    assert_eq!(written(head), "PUT /x HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let announced = [Name::from_slice(b"A")];
    let head = RequestLine { framing: Framing::Exactly(1), announced: &announced, ..plain(&Method::PUT, &none) };
    assert_eq!(written(head), "PUT /x HTTP/1.1\r\nHost: h.test\r\nContent-Length: 1\r\n\r\n");
}

#[test]
fn an_empty_body_is_said_by_methods_that_usually_have_one() {
    for (method, length, framing) in [
        (Method::POST, Length::Empty, Framing::Exactly(0)),
        (Method::PUT, Length::Exactly(0), Framing::Exactly(0)),
        (Method::PATCH, Length::Empty, Framing::Exactly(0)),
        (Method::DELETE, Length::Empty, Framing::None),
        (Method::GET, Length::Exactly(5), Framing::Exactly(5)),
        (Method::GET, Length::Unknown, Framing::Chunked),
    ] {
        assert_eq!(Framing::of(&method, length), framing);
    }
}

#[test]
fn chunks_have_lower_case_sizes_and_no_bytes_are_no_chunk() {
    let mut out = BytesMut::new();
    write_chunk(&mut out, b"");
    write_chunk(&mut out, b"0123456789");
    write_chunk(&mut out, b"abc");
    write_last_chunk(&mut out, None);
    assert_eq!(&out[..], b"a\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n");
    let mut out = BytesMut::new();
    write_chunk(&mut out, &[b'x'; 40000]);
    assert!(out.starts_with(b"9c40\r\nx"));
    let mut out = BytesMut::new();
    write_last_chunk(&mut out, Some(&headers(&[("b", "1"), ("a", "2"), ("bad name", "3")])));
    assert_eq!(&out[..], b"0\r\nA: 2\r\nB: 1\r\n\r\n");
}

#[test]
fn numbers_are_written_whole() {
    for number in [0, 9, 10, 4096, u64::MAX] {
        let mut out = BytesMut::new();
        write_decimal(number, &mut Lines::new(&mut out, 0));
        assert_eq!(&out[..], number.to_string().as_bytes());
    }
    for number in [0, 15, 16, 2048, usize::MAX] {
        let mut out = BytesMut::new();
        write_hex(number, &mut out);
        assert_eq!(&out[..], format!("{number:x}").as_bytes());
    }
}
