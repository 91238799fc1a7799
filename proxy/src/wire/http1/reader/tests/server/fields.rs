use super::*;

#[test]
fn lf_alone_ends_a_line_and_cr_alone_is_refused() {
    let expected = "GET /x Http11 host=h Empty A: 1;\ndone";
    for bytes in [
        "GET /x HTTP/1.1\nHost: h\nA: 1\n\n",
        "GET /x HTTP/1.1\r\nHost: h\nA: 1\r\n\n",
        "GET /x HTTP/1.1\nHost: h\r\nA: 1\n\r\n",
    ] {
        taken(bytes, expected);
    }
    for bytes in [
        "GET /x HTTP/1.1\r\r\nHost: h\r\n\r\n",
        "GET /x HTTP/1.1\rHost: h\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: h\r\r\n\r\n",
        "GET /x HTTP/1.1\r\nA: 1\rB: 2\r\n\r\n",
        "GET /x HTTP/1.1\r\nA\r: 1\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: h\r\n\r\r\n",
        "GET /\rx HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        refused(bytes, R400);
    }
}

#[test]
fn fields_are_checked_as_go_checks_them() {
    for line in ["Foo Bar: 1", "Foo : 1", "Transfer-Encoding : chunked", "Content-Length : 5"] {
        refused(format!("GET /x HTTP/1.1\r\nHost: h\r\n{line}\r\n\r\n"), BAD_NAME);
    }
    for line in [&b"Foo\t: 1"[..], b": 1", b"F(o: 1", b"F\xc3\xb6: 1", b"F\x00: 1", b"no colon"] {
        refused([b"GET /x HTTP/1.1\r\nHost: h\r\n", line, b"\r\n\r\n"].concat(), R400);
    }
    for line in [" A: 1", "\tA: 1"] {
        refused(format!("GET /x HTTP/1.1\r\n{line}\r\nHost: h\r\n\r\n"), R400);
    }
    for control in (0..=0x1f).chain([0x7f]).filter(|byte| !matches!(byte, b'\t' | b'\n')) {
        refused([b"GET /x HTTP/1.1\r\nHost: h\r\nA: x", &[control][..], b"y\r\n\r\n"].concat(), R400);
    }
    taken(
        b"GET /x HTTP/1.1\r\nHost: h\r\nX_foo: a\tb\r\n!#$%&'*+-.^_`|~0Aa:1\r\nE:\r\nO: \t x \t\r\nU: \x80\xff\r\n\r\n",
        "GET /x Http11 host=h Empty X_foo: a\\tb; !#$%&\\'*+-.^_`|~0aa: 1; E: ; O: x; U: \\x80\\xff;\ndone",
    );
}

#[test]
fn a_line_without_a_colon_is_refused_at_once_and_another_bad_field_with_the_next_line() {
    refused("GET /x HTTP/1.1\r\nno colon\r\n", R400);
    let bad_name = "GET /x HTTP/1.1\r\nF(o: 1\r\n";
    assert_eq!(all(bad_name.as_bytes()).1, None);
    refused(format!("{bad_name}H"), R400);
}

#[test]
fn folded_lines_become_one_with_a_space_at_each_fold() {
    for (field, told) in [
        ("A: a\r\n b", "A: a b;"),
        ("A: a \r\n\t b \r\n  c", "A: a b c;"),
        ("A: a\r\n \r\n", "A: a ;"),
        ("A:\r\n b", "A: b;"),
        ("A: a\n b\nB: 2", "A: a b; B: 2;"),
        ("A: a\r\n \t \r\n b", "A: a  b;"),
    ] {
        taken(
            format!("GET /x HTTP/1.1\r\nHost: h\r\n{}\r\n\r\n", field.trim_end_matches("\r\n")),
            &format!("GET /x Http11 host=h Empty {told}\ndone"),
        );
    }
    let body = "GET /x Http11 host=h Exactly(1)\ndata x\ndone";
    taken("GET /x HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n 1\r\n\r\nx", body);
    let chunked = "GET /x Http11 host=h Unknown\ndone";
    taken("GET /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", chunked);
    refused("GET /x HTTP/1.1\r\nHost: h\r\nA\r\n : b\r\n\r\n", R400);
}

#[test]
fn many_and_long_fields_are_taken() {
    let many: String = (0..5000).map(|at| format!("X-{at}: {at}\r\n")).collect();
    let (told, wrong) = all(format!("GET /x HTTP/1.1\r\nHost: h\r\n{many}\r\n").as_bytes());
    assert_eq!(wrong, None);
    assert_eq!(told.matches(';').count(), 5000);
    let long = "v".repeat(1 << 20);
    let (told, wrong) = all(format!("GET /x HTTP/1.1\r\nHost: h\r\nA: {long}\r\n\r\n").as_bytes());
    assert_eq!(wrong, None);
    assert!(told.contains(&long));
}

#[test]
fn a_head_beyond_the_limit_and_the_slop_is_too_large() {
    let head = |length: usize| {
        let frame = "GET /x HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n".len();
        format!("GET /x HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", "v".repeat(length - frame))
    };
    let limits = HeadLimits { head_bytes_max: 1 };
    assert_eq!(requests(&[head(4097).as_bytes()], false, limits).1, None);
    let (_, wrong) = requests(&[head(4098).as_bytes()], false, limits);
    assert_eq!(answer(&wrong.unwrap()), R431);
    // It is so as soon as the limit is met, in whatever line.
    let (_, wrong) = requests(&["G".repeat(4097).as_bytes()], false, limits);
    assert_eq!(answer(&wrong.unwrap()), R431);
    assert_eq!(requests(&["G".repeat(4097).as_bytes()], true, limits).1, Some(Wrong::RequestTooLarge));
    assert_eq!(requests(&["G".repeat(4096).as_bytes()], false, limits).1, None);
}

#[test]
fn fields_cost_more_than_their_bytes() {
    // CVE-2023-24534: a head of the shortest fields was kept as twenty times what it said.
    let limits = HeadLimits { head_bytes_max: 64 << 10 };
    let head = |fields: usize| format!("GET /x HTTP/1.1\r\nHost: h\r\n{}\r\n", "a:\r\n".repeat(fields - 1));
    let most = ((64 << 10) + 4096) / 32;
    assert_eq!(requests(&[head(most).as_bytes()], false, limits).1, None);
    for whole in [head(most + 1), head(most * 4)] {
        assert_eq!(requests(&[whole.as_bytes()], false, limits).1, Some(Wrong::RequestTooLarge));
        let pieces: Vec<&[u8]> = whole.as_bytes().chunks(4096).collect();
        assert_eq!(requests(&pieces, false, limits).1, Some(Wrong::RequestTooLarge));
    }
    let mut reader = ResponseReader::new(limits);
    reader.expect_answer(false);
    let mut input = BytesMut::from(&*format!("HTTP/1.1 200 OK\r\n{}\r\n", "a:\r\n".repeat(2049)));
    assert_eq!(reader.next(&mut input, false).unwrap_err(), Wrong::ResponseTooLarge(64 << 10));
}

#[test]
fn pragma_no_cache_is_cache_control_too() {
    taken(
        "GET /x HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\n\r\n",
        "GET /x Http11 host=h Empty Pragma: no-cache; Cache-Control: no-cache;\ndone",
    );
    taken(
        "GET /x HTTP/1.1\r\nHost: h\r\nPragma: no-cache\r\nCache-Control: a\r\n\r\n",
        "GET /x Http11 host=h Empty Pragma: no-cache; Cache-Control: a;\ndone",
    );
}
