use http::{HeaderMap, Method, StatusCode};

use super::*;
use crate::wire::{
    body::Length,
    headers::{Headers, Name},
    message::{ResponseHead, Version},
};

fn parts(uri: &str, fields: &[(&str, &str)]) -> http::request::Parts {
    let mut request = http::Request::builder().method(Method::POST).uri(uri);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn read(fields: &[(&str, &str)]) -> Result<Request, Wrong> {
    read_request(parts("https://h.test/x?a=1", fields), false)
}

fn lines(headers: &Headers) -> Vec<String> {
    headers
        .iter()
        .map(|(name, value)| {
            format!("{}: {}", String::from_utf8_lossy(name.as_bytes()), String::from_utf8_lossy(value))
        })
        .collect()
}

fn sent(map: &HeaderMap) -> Vec<String> {
    map.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn head(fields: &[(&str, &str)]) -> ResponseHead {
    let mut head = ResponseHead::new(StatusCode::OK);
    for (name, value) in fields {
        head.headers.append(Name::from_slice(name.as_bytes()), value.as_bytes().to_vec());
    }
    head
}

#[test]
fn a_request_keeps_its_fields_and_loses_its_framing() {
    let request = read(&[
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
    assert_eq!(lines(&request.head.headers), ["X-A: 1", "X-A: 2", "Cookie: a=1; b=2"]);
    assert_eq!(request.length, Length::Exactly(5));
    assert!(request.waits_for_continue);
    assert_eq!(&request.head.host[..], b"h.test");
    assert_eq!(&request.head.target.raw[..], b"/x?a=1");
    assert_eq!(&request.head.target.url.path[..], b"/x");
    assert_eq!(request.head.version, Version::Http2);
    assert_eq!(request.head.announced.as_slice(), [Name::from_slice(b"x-c")]);
}

#[test]
fn another_expectation_stays_and_is_not_waited_for() {
    let request = read(&[("expect", "foo")]).unwrap();
    assert!(!request.waits_for_continue);
    assert_eq!(lines(&request.head.headers), ["Expect: foo"]);
}

#[test]
fn a_host_field_names_the_host_where_no_authority_does() {
    let request = read_request(parts("/x", &[("host", "i.test")]), true).unwrap();
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
        let wrong = read(&[(name, "x")]).unwrap_err();
        assert_eq!(wrong.to_string(), format!("request header \"{spelled}\" is not valid in HTTP/2"));
    }
}

#[test]
fn te_is_trailers_once_or_a_400() {
    assert!(read(&[("te", "trailers")]).is_ok());
    for fields in [&[("te", "gzip")][..], &[("te", "trailers"), ("te", "trailers")]] {
        let wrong = read(fields).unwrap_err();
        assert_eq!(wrong.to_string(), "request header \"TE\" may only be \"trailers\" in HTTP/2");
    }
}

#[test]
fn a_length_is_digits_alone() {
    assert_eq!(read(&[]).unwrap().length, Length::Unknown);
    assert_eq!(read(&[("content-length", "0")]).unwrap().length, Length::Empty);
    for length in ["+5", "", "5 ", "9223372036854775808"] {
        assert!(matches!(read(&[("content-length", length)]), Err(Wrong::Malformed(_))), "{length}");
    }
}

#[test]
fn what_is_no_request_resets_the_stream() {
    for uri in ["ftp://h.test/x", "https://user@h.test/x", "https://h.test/%zz"] {
        assert!(matches!(read_request(parts(uri, &[]), true), Err(Wrong::Malformed(_))), "{uri}");
    }
}

#[test]
fn connect_asks_for_its_authority() {
    let mut parts = parts("a.test:443", &[]);
    parts.method = Method::CONNECT;
    let request = read_request(parts, true).unwrap();
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
    let response = write_response(&head, framing).unwrap();
    assert_eq!(
        sent(response.headers()),
        [
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
fn more_names_than_http_holds_are_an_error_and_no_panic() {
    let mut head = ResponseHead::new(StatusCode::OK);
    for number in 0..25_000 {
        head.headers.append(Name::from_slice(format!("x-{number}").as_bytes()), "1");
    }
    assert_eq!(write_response(&head, Framing::default()).unwrap_err(), TooManyFields);
}

#[test]
fn trailers_are_sorted_and_framing_is_none_of_them() {
    let headers = head(&[("x-b", "2"), ("content-length", "5"), ("x-a", "1"), ("if-match", "x"), ("te", "x")]).headers;
    assert_eq!(sent(&trailers_to_map(&headers).unwrap()), ["x-a: 1", "x-b: 2"]);
}

#[test]
fn a_response_that_came_loses_its_framing() {
    let response = http::Response::builder()
        .status(299)
        .header("x-b", "2")
        .header("trailer", "x-t,X-T, x-s")
        .header("content-length", "5")
        .body(())
        .unwrap();
    let (head, length) = read_response(response.into_parts().0, false);
    assert_eq!(head.status, 299);
    assert_eq!(lines(&head.headers), ["X-B: 2"]);
    assert_eq!(head.content_length, Some(5));
    assert_eq!(length, Length::Exactly(5));
    assert_eq!(head.announced.as_slice(), [Name::from_slice(b"X-T"), Name::from_slice(b"X-S")]);
}
