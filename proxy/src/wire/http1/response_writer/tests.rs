mod keep_alive;
mod trailers;

use http::StatusCode;

use super::*;

const DATE: [u8; 29] = *b"Tue, 15 Nov 1994 08:12:31 GMT";
const DATE_LINE: &str = "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n";
const HTTP11: Asked = Asked { method_is_head: false, version: Version::Http11, close: false, keep_alive_asked: false };
const TO_HEAD: Asked = Asked { method_is_head: true, ..HTTP11 };
const HTTP10: Asked = Asked { version: Version::Http10, close: true, ..HTTP11 };
const KEEP_ALIVE_10: Asked = Asked { version: Version::Http10, keep_alive_asked: true, ..HTTP11 };

/// What a handler does.
enum Do {
    Write(&'static str),
    Bytes(usize),
    Flush,
    Trailers(&'static [(&'static str, &'static str)]),
}

fn head(status: u16, fields: &[(&str, &str)]) -> ResponseHead {
    let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
    for (name, value) in fields {
        head.headers.append(Name::from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
    }
    head
}

fn declaring(status: u16, length: u64) -> ResponseHead {
    ResponseHead { content_length: Some(length), ..head(status, &[]) }
}

fn play(asked: Asked, head: ResponseHead, steps: &[Do]) -> (String, After) {
    let mut writer = ResponseWriter::new(asked, Box::new(head), DATE);
    let mut out = BytesMut::new();
    for step in steps {
        step.play(&mut writer, &mut out);
    }
    let after = writer.finish(&mut out);
    (String::from_utf8(out.to_vec()).unwrap().replace(DATE_LINE, "Date\r\n"), after)
}

impl Do {
    fn play(&self, writer: &mut ResponseWriter, out: &mut BytesMut) {
        match self {
            Self::Write(text) => {
                let _ = writer.data(Bytes::from_static(text.as_bytes()), out);
            }
            Self::Bytes(many) => {
                if let Ok(Some(piece)) = writer.data(Bytes::from(vec![b'x'; *many]), out) {
                    out.put_slice(&piece.bytes);
                    out.put_slice(piece.closing);
                }
            }
            Self::Flush => writer.flush(out),
            Self::Trailers(fields) => writer.trailers(head(200, fields).headers),
        }
    }
}

#[track_caller]
fn answers(asked: Asked, head: ResponseHead, steps: &[Do], expected: &str, after: After) {
    assert_eq!(play(asked, head, steps), (expected.replace('|', "\r\n"), after));
}

/// Sizes of the chunks of an answer.
fn chunks(steps: &[Do]) -> Vec<String> {
    let (told, _) = play(HTTP11, head(200, &[("Content-Type", "t")]), steps);
    let (start, body) = told.split_once("\r\n\r\n").unwrap();
    assert!(start.ends_with("Transfer-Encoding: chunked"), "{start}");
    body.split("\r\n").step_by(2).map(str::to_owned).filter(|size| !size.is_empty()).collect()
}

const TEXT: &str = "Content-Type: text/plain; charset=utf-8|";

#[test]
fn a_short_body_gets_its_length_and_its_type_behind_the_date() {
    answers(
        HTTP11,
        head(200, &[("X-B", "2"), ("Accept", "1")]),
        &[Do::Write("ok\n")],
        &format!("HTTP/1.1 200 OK|Accept: 1|X-B: 2|Date|Content-Length: 3|{TEXT}|ok\n"),
        After::KeepAlive,
    );
}

#[test]
fn no_body_is_a_length_of_zero_without_a_type() {
    answers(HTTP11, head(502, &[]), &[], "HTTP/1.1 502 Bad Gateway|Date|Content-Length: 0||", After::KeepAlive);
    answers(HTTP11, head(205, &[]), &[], "HTTP/1.1 205 Reset Content|Date|Content-Length: 0||", After::KeepAlive);
}

#[test]
fn a_length_of_the_handler_stands_among_its_fields() {
    answers(
        HTTP11,
        ResponseHead { content_length: Some(2), ..head(200, &[("A", "1"), ("Etag", "e")]) },
        &[Do::Write("ok")],
        &format!("HTTP/1.1 200 OK|A: 1|Content-Length: 2|Etag: e|Date|{TEXT}|ok"),
        After::KeepAlive,
    );
    answers(HTTP11, declaring(200, 0), &[], "HTTP/1.1 200 OK|Content-Length: 0|Date||", After::KeepAlive);
}

#[test]
fn more_than_2048_bytes_go_out_in_chunks_where_gos_buffers_cut_them() {
    let (told, after) = play(HTTP11, head(200, &[]), &[Do::Bytes(2048)]);
    assert!(told.starts_with("HTTP/1.1 200 OK\r\nDate\r\nContent-Length: 2048\r\nContent-Type: text/plain"), "{told}");
    assert_eq!(after, After::KeepAlive);
    for (steps, sizes) in [
        (&[Do::Bytes(2049)][..], &["801", "0"][..]),
        (&[Do::Bytes(2000), Do::Bytes(49)], &["800", "1", "0"]),
        (&[Do::Bytes(2000), Do::Bytes(48), Do::Bytes(1)], &["800", "1", "0"]),
        (&[Do::Bytes(40000)], &["9c40", "0"]),
        (&[Do::Bytes(32768), Do::Bytes(7232)], &["8000", "1c40", "0"]),
        (&[Do::Bytes(1), Do::Bytes(5000)], &["800", "b89", "0"]),
        (&[Do::Bytes(1), Do::Bytes(4000)], &["800", "7a1", "0"]),
        (&[Do::Write("ab"), Do::Flush, Do::Write("cde"), Do::Flush, Do::Flush], &["2", "3", "0"]),
        (&[Do::Flush, Do::Write("ab")], &["2", "0"]),
    ] {
        assert_eq!(chunks(steps), sizes);
    }
}

#[test]
fn a_flush_before_the_body_leaves_no_type_to_be_found_out() {
    answers(
        HTTP11,
        head(200, &[]),
        &[Do::Flush, Do::Write("ok")],
        "HTTP/1.1 200 OK|Date|Transfer-Encoding: chunked||2|ok|0||",
        After::KeepAlive,
    );
}

#[test]
fn a_type_is_found_out_where_nobody_gave_one_and_nothing_is_encoded() {
    for (fields, expected) in [
        (&[("Content-Type", "")][..], "HTTP/1.1 200 OK|Content-Type: |Date|Content-Length: 6||<html>"),
        (&[("Content-Encoding", "gzip")], "HTTP/1.1 200 OK|Content-Encoding: gzip|Date|Content-Length: 6||<html>"),
        (
            &[("Content-Encoding", "")],
            "HTTP/1.1 200 OK|Content-Encoding: |Date|Content-Length: 6|Content-Type: text/html; charset=utf-8||<html>",
        ),
        (&[], "HTTP/1.1 200 OK|Date|Content-Length: 6|Content-Type: text/html; charset=utf-8||<html>"),
    ] {
        answers(HTTP11, head(200, fields), &[Do::Write("<html>")], expected, After::KeepAlive);
    }
}

#[test]
fn a_date_of_the_handler_is_the_only_one() {
    answers(
        HTTP11,
        head(200, &[("Date", "then"), ("Server", "s")]),
        &[],
        "HTTP/1.1 200 OK|Date: then|Server: s|Content-Length: 0||",
        After::KeepAlive,
    );
}

#[test]
fn an_answer_to_head_has_the_length_of_what_was_written() {
    let plain = "HTTP/1.1 200 OK|Date||";
    answers(TO_HEAD, head(200, &[]), &[], plain, After::KeepAlive);
    answers(
        TO_HEAD,
        head(200, &[]),
        &[Do::Write("ok")],
        &format!("HTTP/1.1 200 OK|Date|Content-Length: 2|{TEXT}|"),
        After::KeepAlive,
    );
    answers(TO_HEAD, declaring(200, 7), &[], "HTTP/1.1 200 OK|Content-Length: 7|Date||", After::KeepAlive);
    let (told, after) = play(TO_HEAD, head(200, &[("Content-Type", "t")]), &[Do::Bytes(3000)]);
    assert_eq!((told.as_str(), after), ("HTTP/1.1 200 OK\r\nContent-Type: t\r\nDate\r\n\r\n", After::KeepAlive));
}

#[test]
fn some_statuses_have_no_body_and_nothing_that_describes_it() {
    for status in [204, 304] {
        let head = ResponseHead { content_length: Some(2), ..head(status, &[("Content-Type", "t"), ("Etag", "e")]) };
        let (told, after) = play(HTTP11, head, &[Do::Write("ok")]);
        let expected = if status == 204 {
            "HTTP/1.1 204 No Content\r\nContent-Type: t\r\nEtag: e\r\nDate\r\n\r\n"
        } else {
            "HTTP/1.1 304 Not Modified\r\nEtag: e\r\nDate\r\n\r\n"
        };
        assert_eq!((told.as_str(), after), (expected, After::KeepAlive));
    }
}

#[test]
fn unknown_statuses_are_told_by_number() {
    let expected = "HTTP/1.1 299 status code 299|Date|Content-Length: 0||";
    answers(HTTP11, head(299, &[]), &[], expected, After::KeepAlive);
    let expected = "HTTP/1.1 413 Request Entity Too Large|Date|Content-Length: 0||";
    answers(HTTP11, head(413, &[]), &[], expected, After::KeepAlive);
}

#[test]
fn fields_that_frame_are_never_taken_from_the_handlers_fields() {
    answers(
        HTTP11,
        head(200, &[("Content-Length", "9"), ("Transfer-Encoding", "gzip"), ("Trailer", "A"), ("bad name", "x")]),
        &[],
        "HTTP/1.1 200 OK|Date|Content-Length: 0||",
        After::KeepAlive,
    );
}

#[test]
fn an_abort_leaves_what_passed_the_first_buffer() {
    for (length, writes, delivered) in [
        (Some(9000), &[2048][..], 0),
        (None, &[1000, 1000], 0),
        (Some(9000), &[2000, 100], 2048),
        (Some(9000), &[4027, 69], 4027),
        (Some(9000), &[8192], 8192),
        (None, &[2049], 2049),
    ] {
        let head = ResponseHead { content_length: length, ..head(200, &[("Content-Type", "t")]) };
        let mut writer = ResponseWriter::new(HTTP11, Box::new(head), DATE);
        let mut out = BytesMut::new();
        for write in writes {
            writer.data(Bytes::from(vec![b'#'; *write]), &mut out).unwrap();
        }
        drop(writer);
        let body = out.iter().filter(|byte| **byte == b'#').count();
        assert_eq!((body, out.is_empty()), (delivered, delivered == 0));
    }
}

#[test]
fn a_large_piece_is_framed_and_not_copied() {
    for (length, framing, closing) in [(Some(40_000), "Content-Length: 40000", ""), (None, "2710", "\r\n")] {
        let head = ResponseHead { content_length: length, ..head(200, &[("Content-Type", "t")]) };
        let mut writer = ResponseWriter::new(HTTP11, Box::new(head), DATE);
        let (mut out, bytes) = (BytesMut::new(), Bytes::from(vec![b'#'; 10_000]));
        let piece = writer.data(bytes.clone(), &mut out).unwrap().unwrap();
        assert_eq!(
            (piece.bytes.as_ptr(), piece.bytes.len(), piece.closing),
            (bytes.as_ptr(), 10_000, closing.as_bytes())
        );
        let out = String::from_utf8(out.to_vec()).unwrap();
        assert!(out.contains(framing) && !out.contains('#'), "{out}");
    }
}

#[test]
fn the_moment_of_the_head_is_told_beforehand() {
    let mut writer = ResponseWriter::new(HTTP11, Box::new(head(200, &[])), DATE);
    let mut out = BytesMut::new();
    assert!(!writer.will_write_head(Next::Data(2048)));
    assert!(writer.will_write_head(Next::Data(2049)));
    assert!(writer.will_write_head(Next::Flush) && writer.will_write_head(Next::End));
    assert!(!writer.will_write_head(Next::Trailers));
    writer.data(Bytes::from_static(&[b'x'; 2000]), &mut out).unwrap();
    assert!(out.is_empty() && !writer.will_write_head(Next::Data(48)) && writer.will_write_head(Next::Data(49)));
    writer.flush(&mut out);
    assert!(!writer.will_write_head(Next::Data(5000)) && !writer.will_write_head(Next::End));
    let writer = ResponseWriter::new(HTTP11, Box::new(head(204, &[])), DATE);
    assert!(!writer.will_write_head(Next::Data(5000)));
}

#[test]
fn a_101_without_a_tunnel_is_a_head_with_a_date() {
    let fields = [("Connection", "Upgrade"), ("Upgrade", "x")];
    let expected = "HTTP/1.1 101 Switching Protocols|Connection: Upgrade|Upgrade: x|Date||";
    answers(HTTP11, head(101, &fields), &[], expected, After::KeepAlive);
    answers(Asked { close: true, ..HTTP11 }, head(101, &fields), &[], expected, After::Close);
}
