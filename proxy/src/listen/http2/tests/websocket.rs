use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::wire::http2::Tunnels;

fn open() -> Http2Limits {
    Http2Limits { tunnels: Tunnels::Taken, ..Http2Limits::default() }
}

fn connect(protocol: &str) -> [(&str, &str); 5] {
    [
        (":method", "CONNECT"),
        (":protocol", protocol),
        (":scheme", "https"),
        (":authority", "h.test"),
        (":path", "/switch"),
    ]
}

/// What comes of a stream's body, to its end or to so many bytes.
async fn bytes(raw: &mut raw::Raw, least: usize) -> (String, bool) {
    let mut text = Vec::new();
    while text.len() < least {
        let frame = raw.next().await.unwrap();
        assert_eq!((frame.kind, frame.stream), (0, 1), "{frame:?}");
        text.extend(frame.payload);
        if frame.flags & 1 == 1 {
            return (String::from_utf8(text).unwrap(), true);
        }
    }
    (String::from_utf8(text).unwrap(), false)
}

#[test]
fn a_websocket_is_an_upgrade_for_the_handler_and_a_tunnel_for_the_client() {
    play(async {
        let (served, io) = start(open());
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &connect("websocket")).await;
        raw.frame(0, 0, 1, b"to the backend").await;
        let head = raw.next().await.unwrap();
        // 200, and no END_STREAM.
        assert_eq!((head.kind, head.flags & 1, head.payload[0]), (1, 0, 0x88));
        assert_eq!(*served.seen.notes.borrow(), ["GET Empty websocket 24"]);
        let mut backend = served.seen.backend.take().unwrap();
        let mut read = [0; 14];
        backend.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"to the backend");
        backend.write_all(b"to the client").await.unwrap();
        assert_eq!(bytes(&mut raw, 19).await, ("early to the client".to_owned(), false));
        // Each side ends for itself.
        raw.frame(0, 1, 1, b"last").await;
        let mut rest = Vec::new();
        backend.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"last");
        backend.write_all(b"words").await.unwrap();
        drop(backend);
        assert_eq!(bytes(&mut raw, 6).await, ("words".to_owned(), true));
    });
}

#[test]
fn a_reset_of_the_client_ends_the_backend() {
    play(async {
        let (served, io) = start(open());
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &connect("websocket")).await;
        assert_eq!(raw.next().await.unwrap().kind, 1);
        raw.reset(1, 8).await;
        let mut backend = served.seen.backend.take().unwrap();
        assert_eq!(backend.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    });
}

#[test]
fn another_protocol_is_a_501_and_none_is_taken_unless_it_is_opened() {
    play(async {
        let (served, io) = start(open());
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &connect("connect-udp")).await;
        assert_eq!(raw.next().await.unwrap().kind, 1);
        assert_eq!(served.seen.called.get(), 0);

        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &connect("websocket")).await;
        assert_eq!(raw.next().await, Some(raw::Frame::reset(1, 1)));
        assert_eq!(served.seen.called.get(), 0);
    });
}
