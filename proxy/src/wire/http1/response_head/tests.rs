use bytes::Bytes;

use super::*;

fn head(status: u16, fields: &[(&str, &str)]) -> ResponseHead {
    let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
    for (name, value) in fields {
        head.headers.append(Name::from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    }
    head
}

#[test]
fn informational_heads_have_neither_date_nor_framing() {
    let early =
        ResponseHead { content_length: Some(3), ..head(103, &[("Link", "b"), ("A", "1"), ("Content-Length", "3")]) };
    let mut out = BytesMut::new();
    write_informational(&mut out, &early, Version::Http11);
    write_informational(&mut out, &head(199, &[]), Version::Http10);
    assert_eq!(&out[..], b"HTTP/1.1 103 Early Hints\r\nA: 1\r\nLink: b\r\n\r\nHTTP/1.0 199 status code 199\r\n\r\n");
}

#[test]
fn a_switch_keeps_the_backends_words() {
    let fields = [("upgrade", "ws"), ("Connection", "Upgrade"), ("Content-Length", "3"), ("Trailer", "A")];
    let mut switch = ResponseHead { reason: Bytes::from_static(b"Custom\rThing"), ..head(101, &fields) };
    let mut out = BytesMut::new();
    write_switch(&mut out, &switch);
    assert_eq!(&out[..], b"HTTP/1.1 101 Custom Thing\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n");
    switch.version = Version::Http10;
    switch.close = true;
    switch.reason = Bytes::new();
    let mut out = BytesMut::new();
    write_switch(&mut out, &switch);
    assert_eq!(
        &out[..],
        b"HTTP/1.0 101 Switching Protocols\r\nConnection: close\r\nConnection: Upgrade\r\nUpgrade: ws\r\n\r\n"
    );
}

#[test]
fn words_are_gos_where_go_has_some() {
    for (status, line) in [
        (200, "HTTP/1.1 200 OK"),
        (203, "HTTP/1.1 203 Non-Authoritative Information"),
        (414, "HTTP/1.1 414 Request URI Too Long"),
        (416, "HTTP/1.1 416 Requested Range Not Satisfiable"),
        (420, "HTTP/1.1 420 status code 420"),
        (999, "HTTP/1.1 999 status code 999"),
    ] {
        let mut out = BytesMut::new();
        write_status_line(Version::Http11, StatusCode::from_u16(status).unwrap(), &mut Lines::new(&mut out, 0));
        assert_eq!(&out[..], [line.as_bytes(), b"\r\n"].concat());
    }
}
