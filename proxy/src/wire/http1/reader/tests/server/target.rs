use super::*;

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

/// It goes on to the backend as the `Host` of a field does. Go lets it through.
#[test]
fn the_host_of_a_target_is_one_host() {
    for host in ["]", "a[b]", "[::1]b", "\u{e9}]", "[\u{e9}"] {
        let answer = |target| format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let mut reader = RequestReader::new(HeadLimits { head_bytes_max: 1 << 20 });
        let read = reader.next(&mut BytesMut::from(answer(format!("p://{host}/")).as_bytes()), false);
        assert!(read.is_err(), "{host}: {read:?}");
    }
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
    for host in ["a:b:c", "[::1", "[name]", "h:a"] {
        refused(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"), BAD_HOST);
    }
    for host in ["a%zz", "a,b", "a_b:80", "[::1]", "[::1]:443", "1.2.3.4", "h:"] {
        taken(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"), &format!("GET /x Http11 host={host} Empty\ndone"));
    }
}
