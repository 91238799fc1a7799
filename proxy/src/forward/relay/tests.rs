use std::{collections::VecDeque, io::Write as _};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use super::*;
use crate::wire::{Body, Length, Name};

/// A download that gives these frames.
struct Given(VecDeque<Frame>);

impl Frames for Given {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// A download that is played from a text: d(ata), t(railers), c(ut), and a dot where it waits.
struct Played(std::str::Chars<'static>);

impl Frames for Played {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(match self.0.next() {
            None => None,
            Some('d') => Some(Ok(Frame::Data(Bytes::from_static(b"ok")))),
            Some('t') => Some(Ok(Frame::Trailers(trailers()))),
            Some('.') => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(_) => Some(Err(Cut::Malformed("broken"))),
        })
    }
}

/// What leaves of it when each piece is flushed; f is a flush.
async fn flushed(played: &'static str, end: EndOfBody) -> String {
    let relay = Relay::new(Played(played.chars()), end, FlushInterval::Always, false, Gone::default());
    let mut body = Body::made(Length::Unknown, relay);
    let mut order = String::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(_)) => order.push('d'),
            Ok(Frame::Flush) => order.push('f'),
            Ok(Frame::Trailers(_)) => order.push('t'),
            Err(_) => return order + "c",
        }
    }
    order
}

fn packed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

fn trailers() -> Headers {
    [(Name::ETAG, Bytes::from_static(b"x"))].into_iter().collect()
}

/// What the client gets of a packed body, as text.
async fn unpacked(frames: impl IntoIterator<Item = Frame>) -> String {
    let download = Given(frames.into_iter().collect());
    let relay = Relay::new(download, EndOfBody::Any, FlushInterval::Never, true, Gone::default());
    let mut body = Body::made(Length::Unknown, relay);
    let mut said = String::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(bytes)) => said.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(Frame::Flush) => {}
            Ok(Frame::Trailers(_)) => said.push_str(", trailers"),
            Err(_) => return said + ", cut",
        }
    }
    said
}

#[tokio::test]
async fn trailers_come_behind_the_last_unpacked_bytes() {
    // They came before them.
    let frames = [Frame::Data(packed(b"hello")), Frame::Trailers(trailers())];
    assert_eq!(unpacked(frames).await, "hello, trailers");
}

#[tokio::test]
async fn a_packed_body_that_breaks_off_before_trailers_is_cut() {
    // The trailers went out: they call a body complete.
    let whole = packed(b"hello");
    let frames = [Frame::Data(whole.slice(..whole.len() - 4)), Frame::Trailers(trailers())];
    assert_eq!(unpacked(frames).await, "hello, cut");
}

#[tokio::test]
async fn an_empty_body_that_is_called_gzip_is_empty_as_in_go() {
    // It was cut: it has not even a header of gzip.
    assert_eq!(unpacked([]).await, "");
}

#[tokio::test]
async fn the_head_leaves_before_the_first_bytes_only_if_their_read_waits() {
    const SMALL: EndOfBody = EndOfBody::With(2);
    const LARGE: EndOfBody = EndOfBody::With(1);
    for (played, end, order) in [
        ("d", SMALL, "fdf"),
        ("dt", SMALL, "fdfft"),
        ("d", LARGE, "df"),
        ("d", EndOfBody::Any, "fdf"),
        ("c", EndOfBody::Any, "fc"),
        ("d.", SMALL, "df"),
        ("dd", SMALL, "dfdf"),
        ("d", EndOfBody::Behind, "df"),
        (".d", SMALL, "fdf"),
        (".d", EndOfBody::Behind, "fdf"),
        ("", SMALL, "f"),
        ("c", SMALL, "c"),
        (".c", SMALL, "fc"),
        ("dc", SMALL, "dfc"),
    ] {
        assert_eq!(flushed(played, end).await, order, "{played}, {end:?}");
    }
}

/// A download that waits for ever.
struct Silent;

impl Frames for Silent {
    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_waits_for_is_cut_though_its_backend_is_silent() {
    let gone = Gone::default();
    let relay = Relay::new(Silent, EndOfBody::Any, FlushInterval::Never, false, gone.clone());
    let mut body = Body::made(Length::Unknown, relay);
    let leaves = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        gone.set();
    };
    let (frame, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(2), body.frame()), leaves);
    assert!(matches!(frame, Ok(Some(Err(Cut::ClientGone)))), "{frame:?}");
}

/// A download of so many pieces, each of which holds packed streams of nothing, all of them there.
struct Nothings {
    left: usize,
    piece: Bytes,
}

impl Frames for Nothings {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::Data(self.piece.clone()))))
    }
}

#[tokio::test]
async fn packed_streams_of_nothing_let_others_have_their_turn() {
    // A worker unpacked them for seconds and served nobody else.
    let nothings = Nothings { left: 30, piece: packed(b"").repeat(1000).into() };
    let relay = Relay::new(nothings, EndOfBody::Any, FlushInterval::Never, true, Gone::default());
    let mut body = Body::made(Length::Unknown, relay);
    let mut turns = 0;
    let end = std::future::poll_fn(|cx| {
        turns += 1;
        body.poll_frame(cx)
    });
    assert!(end.await.is_none());
    assert!(turns > 5, "{turns}");
}
