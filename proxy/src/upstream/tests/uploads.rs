use std::sync::atomic::Ordering;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::join;

use crate::{
    upstream::{
        Compression, Outgoing,
        pretend::{Stage, data, fed, on_a_worker, post, request},
    },
    wire::{Body, Cut, Frame, Headers, Length, Name},
};

/// What a backend sees of a request: its head, and the rest up to `end`.
async fn seen(asked: Outgoing, end: &str) -> String {
    let stage = Stage::new(|_| {});
    let backend = async {
        let mut peer = stage.accept().await;
        let mut seen = peer.head().await;
        if !end.is_empty() {
            seen += &peer.until(end).await;
        }
        assert!(peer.is_quiet().await);
        peer.answer("ok").await;
        seen
    };
    let (answer, seen) = join!(stage.ask(asked), backend);
    answer.unwrap();
    seen
}

#[tokio::test(start_paused = true)]
async fn the_body_alone_decides_the_framing() {
    on_a_worker(async {
        let empty_and_unknown = || {
            let (feed, body) = fed(Length::Unknown);
            drop(feed);
            body
        };
        for (method, body, framing) in [
            ("GET", Body::empty(), ""),
            ("DELETE", Body::empty(), ""),
            ("FOO", Body::empty(), ""),
            ("POST", Body::empty(), "Content-Length: 0\r\n"),
            ("PUT", Body::empty(), "Content-Length: 0\r\n"),
            ("PATCH", Body::empty(), "Content-Length: 0\r\n"),
            ("GET", Body::whole("hello"), "Content-Length: 5\r\n"),
            ("POST", Body::whole("hello"), "Content-Length: 5\r\n"),
            ("GET", empty_and_unknown(), "Transfer-Encoding: chunked\r\n"),
            ("POST", empty_and_unknown(), "Transfer-Encoding: chunked\r\n"),
        ] {
            let end = match body.length() {
                Length::Unknown => "0\r\n\r\n",
                Length::Exactly(_) => "hello",
                Length::Empty | Length::UntilClose => "",
            };
            assert_eq!(
                seen(request(method, "/", &[], body), end).await,
                format!("{method} / HTTP/1.1\r\nHost: h.test\r\n{framing}Accept-Encoding: gzip\r\n\r\n{end}")
            );
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn gzip_is_asked_for_only_where_nothing_else_is() {
    on_a_worker(async {
        for (method, fields, asked) in [
            ("GET", [].as_slice(), true),
            ("GET", &[(Name::ACCEPT_ENCODING, "")], true),
            ("GET", &[(Name::ACCEPT_ENCODING, "br")], false),
            ("GET", &[(Name::RANGE, "bytes=0-1")], false),
            ("HEAD", &[], false),
        ] {
            let head = seen(request(method, "/", fields, Body::empty()), "").await;
            assert_eq!(head.ends_with("Accept-Encoding: gzip\r\n\r\n"), asked, "{head}");
        }
        let stage = Stage::new(|config| config.compression = Compression::Leave);
        let backend = async {
            let mut peer = stage.accept().await;
            let head = peer.head().await;
            peer.answer("ok").await;
            head
        };
        let (incoming, head) = join!(stage.respond(request("GET", "/", &[], Body::empty())), backend);
        assert!(!incoming.unwrap().gzip_was_ours);
        assert!(!head.contains("gzip"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn announced_trailers_are_named_and_their_values_never_sent() {
    on_a_worker(async {
        let (feed, body) = fed(Length::Unknown);
        let mut asked = post("/", body);
        asked.head.announced.extend([Name::from_slice(b"X-B"), Name::from_slice(b"X-A")]);
        let trailers: Headers = [(Name::from_slice(b"X-A"), Bytes::from_static(b"1"))].into_iter().collect();
        feed.send(data("hello")).unwrap();
        feed.send(Ok(Frame::Trailers(trailers))).unwrap();
        drop(feed);
        assert_eq!(
            seen(asked, "0\r\n\r\n").await,
            "POST / HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-A,X-B\r\nAccept-Encoding: gzip\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_piece_becomes_chunks_as_go_cuts_them() {
    on_a_worker(async {
        let (feed, body) = fed(Length::Unknown);
        feed.send(Ok(Frame::Data(vec![b'x'; 40_000].into()))).unwrap();
        drop(feed);
        let seen = seen(post("/", body), "0\r\n\r\n").await;
        let body = seen.split_once("\r\n\r\n").unwrap().1;
        let expected = format!("8000\r\n{}\r\n1c40\r\n{}\r\n0\r\n\r\n", "x".repeat(0x8000), "x".repeat(0x1c40));
        assert!(body == expected);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_and_a_small_body_leave_in_one_write() {
    on_a_worker(async {
        for length in [Length::Exactly(5), Length::Unknown] {
            let stage = Stage::new(|_| {});
            let (feed, body) = fed(length);
            feed.send(data("hello")).unwrap();
            drop(feed);
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                peer.until("hello").await;
                peer.answer("ok").await;
            };
            let (answer, ()) = join!(stage.ask(post("/", body)), backend);
            answer.unwrap();
            assert_eq!(stage.net.writes.load(Ordering::Relaxed), 1);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_does_not_wait_for_its_body() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (feed, body) = fed(Length::Exactly(5));
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            assert!(peer.is_quiet().await);
            feed.send(data("hello")).unwrap();
            drop(feed);
            assert_eq!(peer.bytes(5).await, "hello");
            peer.answer("ok").await;
        };
        let (answer, ()) = join!(stage.ask(post("/", body)), backend);
        answer.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_does_not_read_stops_the_body() {
    on_a_worker(async {
        let stage = Stage::with_sockets(1024, |_| {});
        let (feed, body) = fed(Length::Unknown);
        let pulled = std::rc::Rc::new(std::cell::Cell::new(0));
        drop(feed);
        let body = Body::made(Length::Unknown, Counted { left: 1 << 20, body, pulled: pulled.clone() });
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            pulled.get()
        };
        let sending = stage.ask(post("/", body));
        let pulled = tokio::select! { biased; _ = sending => panic!("answered"), pulled = backend => pulled };
        assert!(pulled <= 64 << 10, "{pulled} bytes were pulled");
    })
    .await;
}

/// A body that counts what is pulled of it.
struct Counted {
    left: usize,
    body: Body,
    pulled: std::rc::Rc<std::cell::Cell<usize>>,
}

impl crate::wire::Frames for Counted {
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame, Cut>>> {
        let piece = self.left.min(4096);
        if piece == 0 {
            return self.body.poll_frame(cx);
        }
        self.left -= piece;
        self.pulled.set(self.pulled.get() + piece);
        std::task::Poll::Ready(Some(Ok(Frame::Data(vec![b'x'; piece].into()))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_breaks_the_request_off_behind_what_came_before() {
    on_a_worker(async {
        // What has a length Go copies straight to the connection, and says so.
        let copied = "readfrom tcp 10.0.0.9:1024->10.0.0.1:80: ";
        for (length, expected, way) in [(Length::Exactly(10), "hello", copied), (Length::Unknown, "5\r\nhello\r\n", "")]
        {
            let stage = Stage::new(|_| {});
            let (feed, body) = fed(length);
            feed.send(data("hello")).unwrap();
            feed.send(Err(Cut::Malformed("invalid byte in chunk length"))).unwrap();
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                assert_eq!(peer.rest().await, expected);
            };
            let (answer, ()) = join!(stage.ask(post("/", body)), backend);
            assert_eq!(answer.unwrap_err().to_string(), format!("{way}invalid byte in chunk length"));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_it_said_never_looks_complete() {
    on_a_worker(async {
        for (given, told) in [("hell", 4), ("hello!", 6)] {
            let stage = Stage::new(|_| {});
            let (feed, body) = fed(Length::Exactly(5));
            feed.send(data(given)).unwrap();
            drop(feed);
            let backend = async {
                let mut peer = stage.accept().await;
                if let Ok(head) = tokio::time::timeout(std::time::Duration::from_secs(1), peer.rest()).await {
                    let sent = head.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                    assert!(sent.len() < 5, "{sent}");
                }
            };
            let (answer, ()) = join!(stage.ask(post("/", body)), backend);
            let text = answer.unwrap_err().to_string();
            assert!(text.ends_with(&format!("http: ContentLength=5 with Body length {told}")), "{text}");
        }
    })
    .await;
}

/// Takes chunks apart.
fn unchunked(mut bytes: &str) -> String {
    let mut out = String::new();
    while let Some((size, rest)) = bytes.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        out.push_str(&rest[..size]);
        assert_eq!(&rest[size..size + 2], "\r\n");
        bytes = &rest[size + 2..];
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_pieces_through_any_socket_arrive_whole(
        pieces in prop::collection::vec(1_usize..20_000, 0..12),
        socket in 1_usize..5_000,
        chunked in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(on_a_worker(async {
            let total: usize = pieces.iter().sum();
            let length = match (chunked, total) {
                (true, _) => Length::Unknown,
                (false, 0) => Length::Empty,
                (false, total) => Length::Exactly(total as u64),
            };
            let stage = Stage::with_sockets(socket, |_| {});
            let (feed, body) = fed(length);
            let mut whole = String::new();
            for (at, piece) in pieces.iter().enumerate() {
                let text = char::from(b'a' + at as u8).to_string().repeat(*piece);
                whole.push_str(&text);
                feed.send(Ok(Frame::Data(text.into()))).unwrap();
            }
            drop(feed);
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                let got = if chunked {
                    unchunked(&peer.until("0\r\n\r\n").await)
                } else {
                    peer.bytes(total).await
                };
                peer.answer(&whole).await;
                (got, peer)
            };
            let (answer, (got, _peer)) = join!(stage.ask(post("/", body)), backend);
            assert!(got == whole && answer.unwrap().1 == whole);
            assert_eq!(stage.transport.idle_connections(), 1);
        }));
    }
}
