use super::*;

#[track_caller]
fn taken(bytes: impl AsRef<[u8]>, ends: bool, expected: &str) {
    let bytes = bytes.as_ref();
    let (told, wrong, _) = response(&[bytes], ends, false);
    assert_eq!(wrong, None, "{}", bytes.escape_ascii());
    assert_eq!(told.trim_end(), expected, "{}", bytes.escape_ascii());
}

#[track_caller]
fn refused(bytes: impl AsRef<[u8]>, ends: bool, expected: &str) {
    let bytes = bytes.as_ref();
    let (told, wrong, _) = response(&[bytes], ends, false);
    let got = wrong.map(|wrong| wrong.to_string());
    assert_eq!(got.as_deref(), Some(expected), "{} {told}", bytes.escape_ascii());
}

#[test]
fn status_lines_that_go_takes() {
    for (line, status) in [
        (&b"HTTP/1.1 200"[..], 200),
        (b"HTTP/1.1 200 ", 200),
        (b"HTTP/1.1 200 Custom", 200),
        (b"HTTP/1.1   200 OK", 200),
        (b"HTTP/1.1 200 \xc3\xa9", 200),
        (b"HTTP/1.1 299 Foo", 299),
        (b"HTTP/1.1 599", 599),
        (b"HTTP/1.1 999", 999),
        (b"HTTP/2.0 200 OK", 200),
    ] {
        let bytes = [line, b"\r\nContent-Length: 2\r\n\r\nok"].concat();
        taken(bytes, false, &format!("{status} Http11 Exactly(2) declared=2\ndata ok\ndone"));
    }
    taken(
        "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
        false,
        "200 Http1x(2) Exactly(2) declared=2\ndata ok\ndone",
    );
    for (version, name) in [("1.0", "Http10"), ("0.9", "Http09")] {
        taken(
            format!("HTTP/{version} 200 OK\r\nContent-Length: 2\r\n\r\nok"),
            false,
            &format!("200 {name} Exactly(2) declared=2 close\ndata ok\ndone"),
        );
    }
    taken("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", false, "200 Http11 Exactly(2) declared=2\ndata ok\ndone");
}

#[test]
fn status_lines_that_go_refuses() {
    for (line, words) in [
        ("HTTP/1.1 20", "malformed HTTP status code \"20\""),
        ("HTTP/1.1 2000", "malformed HTTP status code \"2000\""),
        ("HTTP/1.1 abc", "malformed HTTP status code \"abc\""),
        ("HTTP/1.1 -20", "malformed HTTP status code \"-20\""),
        ("HTTP/1.1 200OK", "malformed HTTP status code \"200OK\""),
        ("HTTP/1.1 ", "malformed HTTP status code \"\""),
        ("HTTP/2 200", "malformed HTTP version \"HTTP/2\""),
        ("http/1.1 200", "malformed HTTP version \"http/1.1\""),
        ("ICY 200 OK", "malformed HTTP version \"ICY\""),
        ("HTTP/1.1\t200\tOK", "malformed HTTP response \"HTTP/1.1\\t200\\tOK\""),
        ("FOO", "malformed HTTP response \"FOO\""),
        ("", "malformed HTTP response \"\""),
    ] {
        refused(format!("{line}\r\n"), false, words);
    }
}

#[test]
fn a_status_below_100_is_told_apart_since_go_cuts_the_client_off() {
    for (status, number) in [("000", 0), ("099", 99), ("+20", 20), ("-00", 0)] {
        let (_, wrong, _) = response(&[format!("HTTP/1.1 {status} X\r\n").as_bytes()], false, false);
        assert_eq!(wrong, Some(Wrong::ImpossibleStatus(number)));
    }
}

#[test]
fn an_end_within_a_head_is_told_in_gos_words() {
    for (bytes, words) in [
        ("", "EOF"),
        ("HTTP/1.1 2", "malformed HTTP status code \"2\""),
        ("HTTP/1.1 200 OK", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "malformed MIME header: missing colon: \"Content-Le\""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "unexpected EOF"),
        ("HTTP/1.1 103 X\r\n\r\n", "unexpected EOF"),
    ] {
        refused(bytes, true, words);
    }
}

#[test]
fn fields_are_refused_in_gos_words() {
    for (field, words) in [
        ("F(o: 1", "malformed MIME header line: \"F(o: 1\""),
        (": 1", "malformed MIME header line: \": 1\""),
        ("none", "malformed MIME header: missing colon: \"none\""),
        (" A: 1", "malformed MIME header initial line: \" A: 1\""),
        ("A: x\0y", "malformed MIME header line: \"A: x\\x00y\""),
        ("A: x\ry", "malformed MIME header line: \"A: x\\ry\""),
    ] {
        refused(format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n"), false, words);
    }
    taken(
        b"HTTP/1.1 200 OK\r\nFoo Bar: 1\r\nContent-Length : 2\r\nA: a\r\n  b\r\nU: \xff\r\nHost: h\r\n\r\n",
        true,
        "200 Http11 UntilClose Foo Bar: 1; Content-Length : 2; A: a b; U: \\xff; Host: h; close\ndone",
    );
}

#[test]
fn lengths_are_taken_or_refused_in_gos_words() {
    taken("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200 Http11 Empty declared=0\ndone");
    for fields in ["Content-Length: 2\r\nContent-Length: 2", "Content-Length: 0002"] {
        taken(
            format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nok"),
            false,
            "200 Http11 Exactly(2) declared=2\ndata ok\ndone",
        );
    }
    for (fields, words) in [
        (
            "Content-Length: 2\r\nContent-Length: 3",
            "http: message cannot contain multiple Content-Length headers; got [\"2\" \"3\"]",
        ),
        ("Content-Length: 2, 2", "bad Content-Length \"2, 2\""),
        ("Content-Length: -2", "bad Content-Length \"-2\""),
        ("Content-Length: +2", "bad Content-Length \"+2\""),
        ("Content-Length: abc", "bad Content-Length \"abc\""),
        ("Content-Length: ", "invalid empty Content-Length \"\""),
        ("Transfer-Encoding: chunked\r\nContent-Length: x", "bad Content-Length \"x\""),
        ("Transfer-Encoding: identity", "unsupported transfer encoding: \"identity\""),
        ("Transfer-Encoding: gzip, chunked", "unsupported transfer encoding: \"gzip, chunked\""),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "too many transfer encodings: [\"chunked\" \"chunked\"]",
        ),
        ("Transfer-Encoding: chunked\r\nTrailer: Content-Length", "bad trailer key \"Content-Length\""),
    ] {
        refused(format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"), false, words);
        let (_, wrong, _) = response(&[format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n").as_bytes()], false, true);
        assert!(wrong.is_some(), "also to HEAD: {fields}");
    }
}

#[test]
fn a_body_ends_with_its_length_its_last_chunk_or_the_connection() {
    let head = "HTTP/1.1 200 OK\r\n";
    refused(format!("{head}Content-Length: 3\r\n\r\nok"), true, "unexpected EOF");
    taken(format!("{head}\r\nok"), true, "200 Http11 UntilClose close\ndata ok\ndone");
    taken(format!("{head}\r\nok"), false, "200 Http11 UntilClose close\ndata ok");
    taken(
        format!("{head}transfer-encoding: Chunked\r\n\r\n2;x\r\nok\r\n1\r\n!\r\n0\r\n\r\n"),
        false,
        "200 Http11 Unknown\ndata ok!\ndone",
    );
    taken(
        format!("{head}Transfer-Encoding: chunked\r\nTrailer: A, B\r\n\r\n0\r\nB: 1\r\nC: 2\r\n\r\n"),
        false,
        "200 Http11 Unknown announced=[A, B]\ntrailers B: 1; C: 2;\ndone",
    );
    taken(
        format!("{head}Content-Length: 2\r\nTrailer: A\r\n\r\nok"),
        false,
        "200 Http11 Exactly(2) declared=2\ndata ok\ndone",
    );
    taken(
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        true,
        "200 Http10 UntilClose close\ndata 2\\r\\nok\\r\\n0\\r\\n\\r\\n\ndone",
    );
    taken(
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        false,
        "200 Http10 Exactly(2) declared=2 Connection: keep-alive;\ndata ok\ndone",
    );
}

#[test]
fn a_body_framed_twice_is_read_as_chunked_and_its_connection_not_used_again() {
    taken(
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        false,
        "200 Http11 Unknown close\ndata ok\ndone",
    );
    taken(
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        false,
        "200 Http10 Exactly(2) declared=2 Connection: keep-alive; close\ndata ok\ndone",
    );
}

#[test]
fn a_connection_field_that_says_close_is_taken_out_whole() {
    let with = |value: &str| format!("HTTP/1.1 200 OK\r\nConnection: {value}\r\nContent-Length: 0\r\n\r\n");
    taken(with("close"), false, "200 Http11 Empty declared=0 close\ndone");
    taken(with("foo, Close"), false, "200 Http11 Empty declared=0 close\ndone");
    taken(with("foo"), false, "200 Http11 Empty declared=0 Connection: foo;\ndone");
}

#[test]
fn some_answers_have_no_body_whatever_they_declare() {
    for status in [204, 304] {
        let (told, wrong, left) =
            response(&[format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nok").as_bytes()], false, false);
        assert_eq!((told, wrong), (format!("{status} Http11 Empty declared=2\ndone\n"), None));
        assert_eq!(&left[..], b"ok");
    }
    for (fields, told) in [
        ("Content-Length: 2\r\n", "200 Http11 Empty declared=2\ndone\n"),
        ("", "200 Http11 Empty\ndone\n"),
        ("Transfer-Encoding: chunked\r\nTrailer: A\r\n", "200 Http11 Empty announced=[A]\ndone\n"),
    ] {
        let (heard, wrong, _) = response(&[format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes()], false, true);
        assert_eq!((heard.as_str(), wrong), (told, None));
    }
}

#[test]
fn informational_heads_come_before_the_answer() {
    taken(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 199 X\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
        false,
        "100 Http11 Empty\n103 Http11 Empty Link: a;\n199 Http11 Empty\n204 Http11 Empty\ndone",
    );
    refused("HTTP/1.1 103 X\r\n\r\ngarbage\r\n", false, "malformed HTTP response \"garbage\"");
}

#[test]
fn a_switch_is_the_last_head_and_what_follows_is_left_alone() {
    let head = "HTTP/1.1 101 Custom Thing\r\nUpgrade: ws\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\n";
    let (told, wrong, left) = response(&[head.as_bytes(), b"hello"], false, false);
    assert_eq!(wrong, None);
    assert_eq!(told, "101 Http11 Empty declared=3 reason=Custom Thing Upgrade: ws; Connection: Upgrade;\ndone\n");
    assert_eq!(&left[..], b"hello");
    // Framed in two ways it ends no connection: there is no next request on it.
    let head = "HTTP/1.1 101 X\r\nUpgrade: ws\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (told, ..) = response(&[head.as_bytes()], false, false);
    assert_eq!(told, "101 Http11 Empty declared=3 reason=X Upgrade: ws;\ndone\n");
    let (told, ..) = response(&[b"HTTP/1.0 101\r\nUpgrade: ws\r\n\r\n"], false, false);
    assert_eq!(told, "101 Http10 Empty reason=101 Upgrade: ws; close\ndone\n");
}

#[test]
fn a_head_of_the_limit_is_taken_and_one_byte_more_is_not() {
    let limits = HeadLimits { head_bytes_max: 100 };
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "v".repeat(length - 24));
    let mut reader = ResponseReader::new(limits);
    reader.expect_answer(false);
    assert!(matches!(reader.next(&mut BytesMut::from(&head(100)[..]), false), Ok(Event::Head(_))));
    let mut reader = ResponseReader::new(limits);
    reader.expect_answer(false);
    let wrong = reader.next(&mut BytesMut::from(&head(101)[..]), false).unwrap_err();
    assert_eq!(wrong.to_string(), "net/http: server response headers exceeded 100 bytes; aborted");
}

#[test]
fn bytes_that_nobody_asked_for_are_left_alone() {
    let mut reader = ResponseReader::new(LIMITS);
    let mut input = BytesMut::from("HTTP/1.1 408 X\r\n\r\n");
    assert!(matches!(reader.next(&mut input, true), Ok(Event::NeedMore)));
    assert_eq!(&input[..], b"HTTP/1.1 408 X\r\n\r\n");
}

#[test]
fn the_head_of_a_101_is_kept_as_it_came_and_no_other() {
    for (head, kept) in [
        ("HTTP/1.1 101 Custom\r\nupgrade:  x\r\nX-own: 1\n\r\n", true),
        ("HTTP/1.1 101 Custom\r\nUpgrade: x\r\n folded\r\n\r\n", false), // its lines were moved together
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", false),
    ] {
        let mut reader = ResponseReader::new(LIMITS);
        reader.expect_answer(false);
        let mut input = BytesMut::from(&[head, "early"].concat()[..]);
        let Ok(Event::Head(response)) = reader.next(&mut input, false) else { panic!("no head") };
        assert_eq!(response.head.raw.as_deref(), kept.then_some(head.as_bytes()), "{head}");
    }
}
