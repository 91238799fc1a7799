use super::*;

#[test]
fn close_and_keep_alive_are_asked_for_in_the_connection_field() {
    for (version, value, told) in [
        ("1.1", "close", " close"),
        ("1.1", "Close", " close"),
        ("1.1", "foo, close", " close"),
        ("1.1", "foo close", " close"),
        ("1.1", "closed", ""),
        ("1.1", "keep-alive", ""),
        ("1.0", "keep-alive", " keep-alive-asked"),
        ("1.0", "Keep-Alive", " keep-alive-asked"),
        ("1.0", "keep-alive, close", " close keep-alive-asked"),
        ("1.0", "foo", " close"),
    ] {
        let host = if version == "1.0" { "Http10" } else { "Http11" };
        taken(
            format!("GET /x HTTP/{version}\r\nHost: h\r\nConnection: {value}\r\n\r\n"),
            &format!("GET /x {host} host=h Empty Connection: {value};{told}\ndone"),
        );
    }
    taken(
        "GET /x HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: close\r\n\r\n",
        "GET /x Http11 host=h Empty Connection: a; Connection: close; close\ndone",
    );
}

#[test]
fn expectations_count_where_a_body_follows() {
    for (version, length, value, told) in [
        ("1.1", 1, "100-continue", "expect=Continue"),
        ("1.1", 1, "100-Continue", "expect=Continue"),
        ("1.1", 1, "foo, 100-continue", "expect=Continue"),
        ("1.1", 0, "100-continue", ""),
        ("1.0", 1, "100-continue", ""),
        ("1.1", 1, "foo", "expect=Unknown"),
        ("1.1", 0, "foo", "expect=Unknown"),
        ("1.0", 0, "foo", "expect=Unknown"),
        ("1.1", 1, "", ""),
        ("1.1", 1, "\r\nExpect: foo", ""),
        ("1.1", 1, "foo\r\nExpect: 100-continue", "expect=Unknown"),
    ] {
        let bytes = format!(
            "POST /x HTTP/{version}\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: {length}\r\nExpect: {value}\r\n\r\n"
        );
        let (heard, wrong) = all(bytes.as_bytes());
        assert_eq!(wrong, None);
        let words = heard.lines().next().unwrap().split(' ');
        let expect: String = words.filter(|word| word.starts_with("expect=")).collect();
        assert_eq!(expect, told, "{bytes}");
    }
}

#[test]
fn a_content_length_is_a_plain_number() {
    for value in ["5", " 5 ", "5\t", "05", "000000000000000000000005"] {
        taken(
            format!("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: {value}\r\n\r\nhello"),
            "PUT /x Http11 host=h Exactly(5)\ndata hello\ndone",
        );
    }
    taken(
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n",
        "PUT /x Http11 host=h Exactly(9223372036854775807)",
    );
    for value in [
        "-1",
        "+5",
        "0x5",
        "5,5",
        "5, 6",
        "5;",
        "",
        "abc",
        "5.0",
        "1e1",
        "5 5",
        "5_0",
        "\u{665}",
        "9223372036854775808",
        "18446744073709551617",
    ] {
        refused(format!("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: {value}\r\n\r\n"), R400);
    }
    taken(
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2 \r\ncontent-length:2\r\n\r\nok",
        "PUT /x Http11 host=h Exactly(2)\ndata ok\ndone",
    );
    for second in ["05", "6"] {
        refused(format!("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: {second}\r\n\r\n"), R400);
    }
}

#[test]
fn a_body_without_a_length_is_none_and_any_method_may_have_one() {
    let two = "POST /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n";
    taken(two, "POST /x Http11 host=h Empty\ndone\nGET /y Http11 host=h Empty\ndone");
    let body = "GET /x Http11 host=h Exactly(2)\ndata ok\ndone";
    taken("GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok", body);
}

#[test]
fn one_plain_chunked_is_the_only_transfer_coding() {
    for value in ["chunked", "Chunked", " \tchunked\t "] {
        taken(
            format!("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {value}\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
            "PUT /x Http11 host=h Unknown\ndata ok\ndone",
        );
    }
    for value in [
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "chunked;x",
        "\"chunked\"",
        ",chunked",
        "",
        "xchunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "identity\r\ntransfer-encoding: chunked",
        "chunked\r\n ",
        "chunked\u{a0}",
    ] {
        refused(format!("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: {value}\r\n\r\n"), R501);
    }
    refused("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", R400);
    taken(
        "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\nContent-Length: 1\r\n\r\nx",
        "PUT /x Http11 host=h Exactly(1) Transfer_encoding: chunked;\ndata x\ndone",
    );
}

#[test]
fn chunked_beats_a_length_and_ends_the_connection() {
    for fields in ["Transfer-Encoding: chunked\r\nContent-Length: 3", "Content-Length: 3\r\nTransfer-Encoding: chunked"]
    {
        taken(
            format!("PUT /x HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n0\r\n\r\n"),
            "PUT /x Http11 host=h Unknown close\ndone",
        );
    }
    for lengths in ["Content-Length: x", "Content-Length: 3\r\nContent-Length: 4", "Content-Length:"] {
        refused(format!("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n{lengths}\r\n\r\n"), R400);
    }
}

#[test]
fn a_transfer_coding_in_http10_is_refused() {
    for fields in ["", "Content-Length: 3\r\n", "Connection: keep-alive\r\n"] {
        refused(format!("POST /x HTTP/1.0\r\n{fields}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), R400);
    }
}

#[test]
fn trailers_are_announced_in_a_chunked_request_only() {
    let start = "PUT /x HTTP/1.1\r\nHost: h\r\nTrailer: x-b, X-A,\r\nTrailer: x-B\r\n";
    taken(
        format!("{start}Transfer-Encoding: chunked\r\n\r\n0\r\nX-a: 1\r\nX-Z: 2\r\n 3\r\nx-a: 4\r\n\r\n"),
        "PUT /x Http11 host=h Unknown announced=[X-B, X-A]\ntrailers X-A: 1; X-Z: 2 3; X-A: 4;\ndone",
    );
    taken(format!("{start}\r\n"), "PUT /x Http11 host=h Empty\ndone");
    for name in ["Transfer-Encoding", "trailer", "A, content-length"] {
        refused(format!("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: {name}\r\n\r\n"), R400);
    }
}

#[test]
fn a_head_full_of_announced_names_is_read_quickly() {
    // Each name compared with all others takes minutes.
    let names: String = (0..120_000).map(|at| format!("{at:x},")).collect();
    let (told, wrong) = all(format!(
        "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: {names}0\r\n\r\n"
    )
    .as_bytes());
    assert_eq!(wrong, None);
    // And no more are kept than can come.
    assert!(told.ends_with(", 3ff]\n") && told.matches(", ").count() == 1_023, "{}", &told[told.len() - 20..]);
}

#[test]
fn what_remains_of_a_body_is_known() {
    let mut reader = RequestReader::new(LIMITS);
    let mut input = BytesMut::from("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    assert_eq!(reader.remaining(), Remaining::Nothing);
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Head(_))));
    assert_eq!(reader.remaining(), Remaining::Exactly(5));
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Data(_))));
    assert_eq!(reader.remaining(), Remaining::Exactly(3));
    assert!(matches!(reader.next(&mut input, false), Ok(Event::NeedMore)));
    input.extend_from_slice(b"lloPUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe");
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Data(_))));
    assert_eq!(reader.remaining(), Remaining::Nothing);
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Done)));
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Head(_))));
    assert!(matches!(reader.next(&mut input, false), Ok(Event::Data(_))));
    assert_eq!(reader.remaining(), Remaining::Unknown);
}
