use super::*;

#[test]
fn a_body_shorter_than_declared_ends_the_connection() {
    answers(
        HTTP11,
        declaring(200, 5),
        &[Do::Write("ok")],
        &format!("HTTP/1.1 200 OK|Content-Length: 5|Date|{TEXT}|ok"),
        After::Close,
    );
}

#[test]
fn what_is_longer_than_declared_is_refused_whole_and_ends_the_connection() {
    let mut writer = ResponseWriter::new(HTTP11, Box::new(declaring(200, 5)), DATE);
    let mut out = BytesMut::new();
    assert_eq!(writer.data(Bytes::from_static(b"abc"), &mut out), Ok(None));
    assert_eq!(writer.data(Bytes::from_static(b"defg"), &mut out), Err(TooLong));
    assert_eq!(writer.data(Bytes::from_static(b"d"), &mut out), Err(TooLong));
    assert_eq!(writer.finish(&mut out), After::Close);
    assert!(out.ends_with(b"\r\n\r\nabc"));
    answers(HTTP11, declaring(200, 1), &[Do::Write("abc")], "HTTP/1.1 200 OK|Content-Length: 1|Date||", After::Close);
}

#[test]
fn close_is_said_where_the_request_or_the_server_wants_it() {
    let asked = Asked { close: true, ..HTTP11 };
    let expected = "HTTP/1.1 200 OK|Date|Content-Length: 0|Connection: close||";
    answers(asked, head(200, &[]), &[], expected, After::Close);
    answers(asked, head(200, &[("Connection", "keep-alive")]), &[], expected, After::Close);
    let mut writer = ResponseWriter::new(HTTP11, Box::new(head(200, &[("Connection", "x")])), DATE);
    assert!(!writer.closes(Next::End));
    writer.settle(Settled::Close);
    assert!(writer.closes(Next::End));
    let mut out = BytesMut::new();
    assert_eq!(writer.finish(&mut out), After::Close);
    assert_eq!(&out[..], expected.replace("Date", DATE_LINE.trim_end()).replace('|', "\r\n").as_bytes());
}

#[test]
fn close_of_a_handler_stands_among_its_fields_and_counts_only_in_lower_case() {
    let own = "HTTP/1.1 417 Expectation Failed|Connection: close|Date|Content-Length: 0||";
    answers(HTTP11, ResponseHead { close: true, ..head(417, &[]) }, &[], own, After::Close);
    answers(HTTP11, head(417, &[("Connection", "close")]), &[], own, After::Close);
    answers(HTTP10, ResponseHead { close: true, ..head(417, &[]) }, &[], &own.replace("1.1", "1.0"), After::Close);
    for value in ["Close", "foo, close"] {
        answers(
            HTTP11,
            head(200, &[("Connection", value)]),
            &[],
            &format!("HTTP/1.1 200 OK|Connection: {value}|Date|Content-Length: 0||"),
            After::KeepAlive,
        );
    }
}

#[test]
fn http10_ends_with_the_connection_unless_it_asked_and_the_length_is_known() {
    answers(
        HTTP10,
        head(200, &[]),
        &[Do::Write("ok")],
        &format!("HTTP/1.0 200 OK|Date|Content-Length: 2|{TEXT}|ok"),
        After::Close,
    );
    answers(
        KEEP_ALIVE_10,
        head(200, &[]),
        &[Do::Write("ok")],
        &format!("HTTP/1.0 200 OK|Date|Content-Length: 2|{TEXT}Connection: keep-alive||ok"),
        After::KeepAlive,
    );
    answers(
        KEEP_ALIVE_10,
        head(200, &[("Content-Type", "t")]),
        &[Do::Write("a"), Do::Flush, Do::Write("b")],
        "HTTP/1.0 200 OK|Content-Type: t|Date||ab",
        After::Close,
    );
    answers(
        KEEP_ALIVE_10,
        head(204, &[]),
        &[],
        "HTTP/1.0 204 No Content|Date|Connection: keep-alive||",
        After::KeepAlive,
    );
    let to_head = Asked { method_is_head: true, ..KEEP_ALIVE_10 };
    let expected = "HTTP/1.0 200 OK|Date|Connection: keep-alive||";
    answers(to_head, head(200, &[]), &[], expected, After::KeepAlive);
}

#[test]
fn whether_the_connection_closes_can_depend_on_the_length() {
    let writer = ResponseWriter::new(KEEP_ALIVE_10, Box::new(head(200, &[])), DATE);
    assert!(writer.closes(Next::Flush) && writer.closes(Next::Data(3000)) && !writer.closes(Next::End));
}
