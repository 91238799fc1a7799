use std::{cell::Cell, collections::VecDeque, io::Write as _, rc::Rc, task::Waker};

use bytes::Bytes;
use flate2::{
    Compression,
    write::{DeflateDecoder, DeflateEncoder, GzDecoder, GzEncoder},
};

use super::*;
use crate::wire::url::Url;

/// A download that gives these frames, and how often it was asked to go on.
struct Given(VecDeque<Frame>, Rc<Cell<u32>>);

impl Frames for Given {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn go_on(self: Pin<&mut Self>, _: &mut Context<'_>) {
        self.1.set(self.1.get() + 1);
    }
}

fn page(coding: Coding, frames: impl IntoIterator<Item = Frame>) -> Page<Given> {
    page_that_tells(coding, frames, Rc::default())
}

fn page_that_tells(coding: Coding, frames: impl IntoIterator<Item = Frame>, went_on: Rc<Cell<u32>>) -> Page<Given> {
    let url = |text: &'static str| Url::parse(&Bytes::from_static(text.as_bytes())).unwrap();
    let links = Links::new(&url("/pre/page"), &url("http://backend.test/page"), Bytes::new());
    let source = Relay::new(
        Given(frames.into_iter().collect(), went_on),
        EndOfBody::Any,
        FlushInterval::Never,
        false,
        Gone::default(),
    );
    Page::new(source, coding, links)
}

fn data(bytes: impl Into<Bytes>) -> Frame {
    Frame::Data(bytes.into())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The bytes of a page, none of its pieces larger than Go's; and its trailers.
async fn read(page: Page<Given>) -> (Vec<u8>, Option<Headers>) {
    let mut body = Body::made(Length::Unknown, page);
    let (mut bytes, mut trailers) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame.unwrap() {
            Frame::Data(piece) => {
                assert!(piece.len() <= PIECE_BYTES);
                bytes.extend_from_slice(&piece);
            }
            Frame::Trailers(fields) => trailers = Some(fields),
            Frame::Flush => {}
        }
    }
    (bytes, trailers)
}

const BEFORE: &[u8] = b"<a href='/b'>c</a>";
const AFTER: &[u8] = b"<a href=\"/pre/b\">c</a>";

#[tokio::test]
async fn a_page_is_known_whole_before_it_goes_out_and_keeps_its_trailers() {
    let trailers = [(Name::ETAG, Bytes::from_static(b"x"))].into_iter().collect();
    let mut page = page(Coding::Plain, [data(&BEFORE[..7]), data(&BEFORE[7..]), Frame::Trailers(trailers)]);
    assert!(page.hold(1000).await.unwrap());
    let (bytes, trailers) = read(page).await;
    assert_eq!(bytes, AFTER);
    assert_eq!(trailers.unwrap().get(&Name::ETAG), Some(&b"x"[..]));
}

#[tokio::test]
async fn a_page_that_is_too_long_to_be_held_goes_out_as_it_comes() {
    let mut page = page(Coding::Plain, (0..100).map(|_| data(BEFORE)));
    assert!(!page.hold(1000).await.unwrap());
    assert!(page.out.len() < 1000 + 2 * AFTER.len(), "{}", page.out.len());
    assert_eq!(read(page).await.0, AFTER.repeat(100));
}

#[tokio::test]
async fn a_packed_page_is_packed_again() {
    for size in [1, 7, 1000] {
        let packed = gzip(&BEFORE.repeat(50));
        let mut page = page(Coding::Gzip, packed.chunks(size).map(|piece| data(piece.to_vec())));
        assert!(page.hold(1 << 20).await.unwrap());
        let mut decoder = GzDecoder::new(Vec::new());
        decoder.write_all(&read(page).await.0).unwrap();
        assert_eq!(decoder.finish().unwrap(), AFTER.repeat(50));
    }
}

#[tokio::test]
async fn a_deflated_page_is_deflated_again_and_nothing_behind_it_counts() {
    for size in [1, 7, 1000] {
        let packed = [deflate(&BEFORE.repeat(50)), b"behind".to_vec()].concat();
        let mut page = page(Coding::Deflate, packed.chunks(size).map(|piece| data(piece.to_vec())));
        assert!(page.hold(1 << 20).await.unwrap());
        let mut decoder = DeflateDecoder::new(Vec::new());
        decoder.write_all(&read(page).await.0).unwrap();
        assert_eq!(decoder.finish().unwrap(), AFTER.repeat(50));
    }
}

#[tokio::test]
async fn a_bomb_is_held_up_to_the_bound_and_no_further() {
    let bomb = vec![b'x'; 64 << 20];
    for (coding, packed) in [(Coding::Gzip, gzip(&bomb)), (Coding::Deflate, deflate(&bomb))] {
        // It packs as well as it unpacks: held as plain text it would be 64 MiB.
        let mut page = page(coding, [data(packed)]);
        page.pack = Pack::Plain;
        assert!(!page.hold(1 << 20).await.unwrap());
        assert!(page.out.len() < 2 << 20, "{}", page.out.len());
    }
}

#[tokio::test]
async fn a_page_that_is_not_what_it_says_is_told_in_gos_words() {
    let good = gzip(BEFORE);
    for (coding, bytes, expected) in [
        (Coding::Gzip, &b""[..], "errorf making gzip reader: EOF"),
        (Coding::Gzip, b"<html>", "errorf making gzip reader: unexpected EOF"),
        (Coding::Gzip, b"<html><body></body>", "errorf making gzip reader: gzip: invalid header"),
        (Coding::Gzip, &good[..good.len() - 1], "unexpected EOF"),
        (Coding::Deflate, b"", "unexpected EOF"),
        (Coding::Deflate, &deflate(BEFORE)[..5], "unexpected EOF"),
        (Coding::Deflate, b"\xff\xff\xff", "flate: corrupt input"),
    ] {
        let frames = (!bytes.is_empty()).then(|| data(bytes.to_vec()));
        let failed = page(coding, frames).hold(1000).await.unwrap_err();
        assert_eq!(words(&failed), expected, "{coding:?} {}", bytes.escape_ascii());
    }
}

#[test]
fn only_what_go_takes_for_html_is_a_page() {
    for (content_type, expected) in [
        ("text/html", true),
        (" text/html ; charset=utf-8", true),
        ("Text/HTML", false),
        ("application/xhtml+xml", false),
        ("", false),
    ] {
        let mut head = ResponseHead::new(http::StatusCode::OK);
        head.headers.append(Name::CONTENT_TYPE, content_type);
        assert_eq!(is_page(&head), expected, "{content_type}");
    }
}

#[test]
fn a_client_that_does_not_read_its_page_gets_on_with_its_own_body() {
    // Both waited for ever where it reads only behind its request: a long page goes out before the request has ended.
    let went_on = Rc::new(Cell::new(0));
    let mut body = Body::made(Length::Unknown, page_that_tells(Coding::Plain, [data("page")], Rc::clone(&went_on)));
    body.go_on(&mut Context::from_waker(Waker::noop()));
    assert_eq!(went_on.get(), 1);
}
