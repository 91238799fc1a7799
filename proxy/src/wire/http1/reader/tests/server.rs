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
    taken("GET /x HTTP/1.2\r\nHost: h\r\n\r\n", "GET /x Http11 host=h Empty\ndone");
    taken("GET /x HTTP/1.9\r\nHost: h\r\n\r\n", "GET /x Http11 host=h Empty\ndone");
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
    assert_eq!((told.as_str(), wrong), ("PRI * Http11 host= Unknown close\ndone\n", None));
    refused("PRI * HTTP/2.0\r\nA: 1\r\n\r\n", NO_HOST);
    refused("PRI /x HTTP/2.0\r\n\r\n", R505);
}

#[test]
fn targets_that_are_no_urls_are_refused_before_the_head_is_whole() {
    for target in [
        "/a b",
        "/a\tb",
        "/a\x01b",
        "/a\x7fb",
        "/%zz",
        "/%2",
        "/%",
        "foo",
        "",
        "?x",
        "://x",
        "1http://x/",
        "http://[::1/x",
        "http://a:b:c/x",
        "http://a b/x",
        "http://%41/x",
    ] {
        refused(format!("GET {target} HTTP/1.1\r\n"), R400);
        refused(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"), R400);
    }
    refused("CONNECT a:xx HTTP/1.1\r\n", R400);
}

#[test]
fn targets_are_taken_as_they_are() {
    for target in [
        &b"/\xc3\xa9"[..],
        b"/\xff",
        b"/|",
        b"/\"<>\\^`{}",
        b"/[x]",
        b"/x#frag",
        b"/x?q#frag",
        b"/%00",
        b"/%0d%0aX",
        b"//host/x",
        b"///x",
        b"/a/../b",
        b"/./a",
        b"/%2e%2e/b",
        b"/a%2fb",
        b"/a;b",
        b"/x?",
        b"/x??",
        b"/x?%zz",
        b"/x?a=1;b=2",
        b"/x?\xc3\xa9",
        b"*",
        b"http:///x",
        b"http:/x",
        b"ftp:/f",
    ] {
        let line = [&b"GET "[..], target, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
        taken(line, &format!("GET {} Http11 host=h Empty\ndone", target.escape_ascii()));
    }
    for length in [8 << 10, 64 << 10] {
        let target = format!("/{}", "a".repeat(length));
        taken(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"), &format!("GET {target} Http11 host=h Empty\ndone"));
    }
}

#[test]
fn the_host_of_the_target_beats_the_field_which_must_be_there_and_good() {
    for (target, host) in [
        ("http://other/x", "other"),
        ("HTTP://OTHER/", "OTHER"),
        ("http://u:p@other/", "other"),
        ("http://a:99999", "a:99999"),
        ("http://a:/", "a:"),
        ("ftp://f/x", "f"),
        ("http:///x", "h"),
    ] {
        taken(
            format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"),
            &format!("GET {target} Http11 host={host} Empty\ndone"),
        );
    }
    refused("GET http://other/x HTTP/1.1\r\n\r\n", NO_HOST);
    refused("GET http://other/x HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD_HOST);
}

#[test]
fn connect_and_opaque_targets_are_refused_where_go_takes_them() {
    for line in ["CONNECT a:443", "CONNECT /x", "CONNECT a/x", "GET http:x", "GET foo:bar", "GET a.test:443"] {
        refused(format!("{line} HTTP/1.1\r\nHost: h\r\n\r\n"), R400);
    }
    refused("CONNECT a:443 HTTP/1.1\r\n\r\n", R400);
}

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
fn host_is_given_once_and_is_a_host() {
    refused("GET /x HTTP/1.1\r\n\r\n", NO_HOST);
    taken("GET /x HTTP/1.1\r\nHost:\r\n\r\n", "GET /x Http11 host= Empty\ndone");
    taken("GET /x HTTP/1.1\r\nHost: \t \r\n\r\n", "GET /x Http11 host= Empty\ndone");
    refused("GET /x HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", R400);
    refused("GET /x HTTP/1.1\r\nHost: h\r\nhost: i\r\n\r\n", R400);
    refused("GET /x HTTP/1.0\r\nHost: h\r\nHOST: h\r\n\r\n", R400);
    for host in ["a b", "a/b", "a@b", "a\"b", "a{b", "\u{e9}"] {
        refused(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"), BAD_HOST);
        refused(format!("GET /x HTTP/1.0\r\nHost: {host}\r\n\r\n"), BAD_HOST);
    }
    refused("GET /x HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", BAD_HOST);
    refused("GET /x HTTP/1.1\r\nHost: a\x01b\r\n\r\n", R400);
    for host in ["a:b:c", "a%zz", "a,b", "a_b:80", "[::1]"] {
        taken(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"), &format!("GET /x Http11 host={host} Empty\ndone"));
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
    assert!(told.ends_with(", 1d4bf]\n") && told.matches(", ").count() == 119_999, "{}", &told[told.len() - 20..]);
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

#[test]
fn an_error_is_given_again() {
    let mut reader = RequestReader::new(LIMITS);
    let mut input = BytesMut::from("garbage\r\n");
    let first = reader.next(&mut input, false).unwrap_err();
    input.extend_from_slice(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(reader.next(&mut input, false).unwrap_err(), first);
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
