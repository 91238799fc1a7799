//! What a server reads of requests.

mod fields;
mod framing;
mod target;

use super::*;

const R400: &str = "400 Bad Request";
const NO_HOST: &str = "400 Bad Request: missing required Host header";
const BAD_HOST: &str = "400 Bad Request: malformed Host header";
const BAD_NAME: &str = "400 Bad Request: invalid header name";
const R431: &str = "431 Request Header Fields Too Large";
const R501: &str = "501 Not Implemented";
const R505: &str = "505 HTTP Version Not Supported: unsupported protocol version";

/// The status line that a refusal is answered with; empty for silence.
fn answer(wrong: &Wrong) -> String {
    let Some(answer) = wrong.answer() else { return String::new() };
    let text = std::str::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let (line, fields) = head.split_once("\r\n").unwrap();
    assert_eq!(fields, "Content-Type: text/plain; charset=utf-8\r\nConnection: close");
    let status = line.strip_prefix("HTTP/1.1 ").unwrap();
    assert_eq!(body, if status == R501 { "Unsupported transfer encoding" } else { status });
    status.to_owned()
}

fn all(bytes: &[u8]) -> (String, Option<Wrong>) {
    requests(&[bytes], false, LIMITS)
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, expected: &str) {
    let bytes = bytes.as_ref();
    let (told, wrong) = all(bytes);
    let got = wrong.as_ref().map(answer);
    assert_eq!(got.as_deref(), Some(expected), "{} {told}", bytes.escape_ascii());
}

/// The target, the host and all else that is told of one request without a body.
#[track_caller]
fn taken(bytes: impl AsRef<[u8]>, expected: &str) {
    let bytes = bytes.as_ref();
    let (told, wrong) = all(bytes);
    assert_eq!(wrong, None, "{}", bytes.escape_ascii());
    assert_eq!(told.trim_end(), expected, "{}", bytes.escape_ascii());
}

#[test]
fn versions_are_served_refused_or_no_versions() {
    taken("GET /x HTTP/1.1\r\nHost: h\r\n\r\n", "GET /x Http11 host=h Empty\ndone");
    taken("GET /x HTTP/1.2\r\nHost: h\r\n\r\n", "GET /x Http1x(2) host=h Empty\ndone");
    taken("GET /x HTTP/1.9\r\nHost: h\r\n\r\n", "GET /x Http1x(9) host=h Empty\ndone");
    taken("GET /x HTTP/1.0\r\n\r\n", "GET /x Http10 host= Empty close\ndone");
    for version in ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0"] {
        refused(format!("GET /x {version}\r\nHost: h\r\n\r\n"), R505);
    }
    for line in
        ["GET /x", "GET /x http/1.1", "GET /x Http/1.1", "GET /x HTTP/1.10", "GET /x HTTP/01.1", "GET /x HTTP/1"]
    {
        refused(format!("{line}\r\n"), R400);
    }
    for line in ["GET /x HTTP/1.1 ", "GET /x y HTTP/1.1", "GET  /x HTTP/1.1", "GET /x  HTTP/1.1", "GET\t/x\tHTTP/1.1"] {
        refused(format!("{line}\r\n"), R400);
    }
}

#[test]
fn what_stands_before_the_first_request_is_refused_at_once() {
    for bytes in ["\r\nGET /x HTTP/1.1\r\n", "\n", " GET /x HTTP/1.1\r\n"] {
        refused(bytes, R400);
    }
    refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", R400);
}

#[test]
fn methods_are_tokens_and_keep_their_case() {
    let long = "M".repeat(300);
    for method in ["get", "FOO", "M-SEARCH!#$%&'*+.^_`|~", &long] {
        taken(format!("{method} /x HTTP/1.1\r\nHost: h\r\n\r\n"), &format!("{method} /x Http11 host=h Empty\ndone"));
    }
    for method in [&b""[..], b"G(T", b"GE:T", b"G\xc3\x89T", b"G\x00T"] {
        refused([method, b" /x HTTP/1.1\r\n"].concat(), R400);
    }
}

#[test]
fn the_preface_of_http2_reaches_the_handler_and_nothing_follows_it() {
    let (told, wrong) = all(b"PRI * HTTP/2.0\r\n\r\n");
    assert_eq!((told.as_str(), wrong), ("PRI * Http2 host= Unknown close\ndone\n", None));
    refused("PRI * HTTP/2.0\r\nA: 1\r\n\r\n", NO_HOST);
    refused("PRI /x HTTP/2.0\r\n\r\n", R505);
}

#[test]
fn an_end_within_a_head_is_answered_and_an_end_before_it_is_not() {
    let ended = |bytes: &str| requests(&[bytes.as_bytes()], true, LIMITS).1;
    for bytes in
        ["G", "GET /x HTTP/1.1", "GET /x HTTP/1.1\r\n", "GET /x HTTP/1.1\r\nHost: h\r\n", "GET /x HTTP/1.1\r\nHo"]
    {
        assert_eq!(answer(&ended(bytes).unwrap()), R400, "{bytes}");
    }
    assert_eq!(answer(&ended("").unwrap()), "");
    // A read that timed out is answered where a line is cut that cannot be read, and with silence elsewhere.
    for (bytes, silent) in [
        ("GET /x HT", false),
        ("GET /x HTTP/1.1\r\nHo", false),
        ("GET foo HTTP/1.1", false),
        ("GET /x HTTP/1.1", true),
        ("GET /x HTTP/1.1\r\nHost: h", true),
        ("GET /x HTTP/1.1\r\nHost: h\r\n", true),
    ] {
        assert_eq!(ended(bytes) == Some(Wrong::EndedEarly), silent, "{bytes}");
    }
}

#[test]
fn an_end_right_behind_a_request_does_not_hurt_it() {
    let (told, wrong) = requests(&[b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"], true, LIMITS);
    assert_eq!((told.as_str(), wrong), ("GET /x Http11 host=h Empty\ndone\n", Some(Wrong::Ended)));
}

#[test]
fn a_further_request_begins_with_four_bytes() {
    let first = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    for rest in ["", "G", "GET", "\r\n"] {
        let (_, wrong) = requests(&[first.as_bytes(), rest.as_bytes()], true, LIMITS);
        assert_eq!(wrong, Some(Wrong::Ended), "{rest}");
    }
    let (_, wrong) = requests(&[first.as_bytes(), b"GET /"], true, LIMITS);
    assert_eq!(answer(&wrong.unwrap()), R400);
    let (_, wrong) = requests(&[first.as_bytes(), b"\r\n"], false, LIMITS);
    assert_eq!(wrong, None);
}

#[test]
fn line_ends_behind_a_post_are_skipped_up_to_four_of_them() {
    let post = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    let get = "GET /y HTTP/1.1\r\nHost: h\r\n\r\n";
    let both = "POST /x Http11 host=h Exactly(3)\ndata abc\ndone\nGET /y Http11 host=h Empty\ndone";
    for ends in ["", "\r\n", "\n", "\r\n\r\n", "\n\n\n\n"] {
        taken(format!("{post}{ends}{get}"), both);
    }
    refused(format!("{post}\r\n\r\n\r\n{get}"), R400);
    refused(format!("{get}\r\n{get}"), R400);
    refused(format!("{}\r\n{get}", post.replace("POST", "PUT")), R400);
    // Once, and not behind the request after it.
    refused(format!("{post}\r\n{get}\r\n{get}"), R400);
}

#[test]
fn requests_in_a_row_are_read_one_by_one_and_garbage_ends_them() {
    let get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    let (told, wrong) = all(format!("{get}{get}garbage\r\n").as_bytes());
    assert_eq!(told, "GET /x Http11 host=h Empty\ndone\n".repeat(2));
    assert_eq!(answer(&wrong.unwrap()), R400);
}

#[test]
fn an_error_is_given_again() {
    let mut reader = RequestReader::new(LIMITS);
    let mut input = BytesMut::from("garbage\r\n");
    let first = reader.next(&mut input, false).unwrap_err();
    input.extend_from_slice(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(reader.next(&mut input, false).unwrap_err(), first);
}
