use super::*;

const HOST: &str = "Host: h.test\r\n";

fn wrong(bytes: &str) -> &'static str {
    requests(bytes.as_bytes()).expect_err(bytes).what
}

#[test]
fn requests_behind_each_other_are_told_apart() {
    let bytes = format!(
        "POST /a HTTP/1.1\r\n{HOST}Content-Length: 3\r\n\r\nabc\
         PUT /b HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\nX-T: 1\r\n\r\n\
         GET /c?d HTTP/1.1\r\n{HOST}\r\n"
    );
    let read = requests(bytes.as_bytes()).unwrap();
    let seen: Vec<(&[u8], &[u8])> = read.whole.iter().map(|request| (&request.target[..], &request.body[..])).collect();
    assert_eq!(seen, [(&b"/a"[..], &b"abc"[..]), (b"/b", b"def"), (b"/c?d", b"")]);
    assert_eq!(read.whole[1].trailers, [Field { name: b"X-T".to_vec(), value: b"1".to_vec() }]);
    assert_eq!(read.rest, Rest::Nothing);
}

#[test]
fn a_request_that_is_cut_anywhere_is_no_whole_one() {
    let bytes = format!("PUT /b HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n");
    for end in 1..bytes.len() {
        let read = requests(&bytes.as_bytes()[..end]).unwrap();
        assert!(read.whole.is_empty() && matches!(read.rest, Rest::Cut(_)), "{end}");
    }
}

#[test]
fn what_two_parsers_could_read_in_two_ways_is_wrong() {
    let post = |lines: &str, body: &str| format!("POST / HTTP/1.1\r\n{HOST}{lines}\r\n{body}");
    for (bytes, what) in [
        ("GET / HTTP/1.1\nHost: h\r\n\r\n".to_owned(), "an LF without CR"),
        ("GET / HTTP/1.1\rHost: h\r\n\r\n".to_owned(), "a CR without LF"),
        ("GET  / HTTP/1.1\r\n".to_owned(), "a request line that is not three words with one space between them"),
        ("GET http://h/ HTTP/1.1\r\n".to_owned(), "a target that does not begin with a slash"),
        ("GET /#a HTTP/1.1\r\n".to_owned(), "a byte in the target that no URI has"),
        ("GET / HTTP/1.0\r\n".to_owned(), "a version other than HTTP/1.1"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "no Host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n".to_owned(), "two Hosts"),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n".to_owned(), "a Host that is no host"),
        (post("X-A: a\r\n b\r\n", ""), "a folded line"),
        (post("X-A : a\r\n", ""), "a field name that is no token"),
        (post("X-A: a\u{1}\r\n", ""), "a control byte in a field value"),
        (post("X-A: a\0\r\n", ""), "a NUL"),
        (post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), "two lengths"),
        (post("Content-Length: 1, 1\r\n", "a"), "a length that is no plain number"),
        (post("Content-Length: +1\r\n", "a"), "a length that is no plain number"),
        (post("Content-Length: 01\r\n", "a"), "a length that is no plain number"),
        (post("Content-Length: 9223372036854775808\r\n", "a"), "a length that is no plain number"),
        (post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "a"), "a length beside a coding"),
        (post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "a coding other than chunked"),
        (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "two codings"),
        (post("Transfer-Encoding: chunked\r\n", "1;a\r\n"), "a chunk size that is no plain number"),
        (post("Transfer-Encoding: chunked\r\n", "1\r\nab\r\n"), "a chunk that is longer than its size"),
        (post("Transfer-Encoding: chunked\r\n", "1\r\na\n0\r\n\r\n"), "an LF without CR"),
        (post("Transfer-Encoding: chunked\r\n", "0\r\nX\r\n\r\n"), "a field without colon"),
    ] {
        assert_eq!(wrong(&bytes), what, "{bytes:?}");
    }
}

#[test]
fn responses_are_framed_by_what_was_asked_and_by_their_status() {
    let bytes = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\
                  HTTP/1.1 204 No Content\r\n\r\nHTTP/1.0 200 OK\r\n\r\nrest";
    let read = responses(bytes, &[b"HEAD", b"GET", b"GET"], Ended::Yes).unwrap();
    let seen: Vec<(u16, &[u8])> = read.whole.iter().map(|response| (response.status, &response.body[..])).collect();
    assert_eq!(seen, [(103, &b""[..]), (200, b""), (204, b""), (200, b"rest")]);
    let cut = responses(bytes, &[b"HEAD", b"GET", b"GET"], Ended::No).unwrap();
    assert!(matches!(cut.rest, Rest::Cut(Some(_))), "without an end in order nobody knows whether it is whole");
}

#[test]
fn bytes_behind_a_101_are_no_response() {
    let bytes = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    let read = responses(bytes, &[b"GET"], Ended::No).unwrap();
    assert_eq!(read.rest, Rest::Tunnel(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
}

#[test]
fn responses_that_say_two_things_are_wrong() {
    for (bytes, what) in [
        ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "a 1xx or 204 that is framed"),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "chunks in HTTP/1.0"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "a length beside a coding"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "no space behind the status"),
        ("HTTP/1.1 099 OK\r\n\r\n", "a status below 100"),
        ("HTTP/2 200 OK\r\n\r\n", "a status line without HTTP/1.1 or HTTP/1.0"),
        ("HTTP/1.3 200 OK\r\n\r\n", "a status line without HTTP/1.1 or HTTP/1.0"),
        ("HTTP/0.9 200 OK\r\n\r\n", "a status line without HTTP/1.1 or HTTP/1.0"),
    ] {
        assert_eq!(responses(bytes.as_bytes(), &[], Ended::Yes).unwrap_err().what, what, "{bytes:?}");
    }
}
