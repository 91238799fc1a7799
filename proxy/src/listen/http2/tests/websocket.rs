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

/// A backend that has said all and reads nothing kept the tunnel of a client that had left.
#[test]
fn a_client_that_leaves_is_noticed_while_its_bytes_wait_for_a_backend_that_has_ended() {
    play(async {
        let (served, io) = start(open());
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &connect("websocket")).await;
        assert_eq!(raw.next().await.unwrap().kind, 1);
        let mut backend = served.seen.backend.take().unwrap();
        backend.shutdown().await.unwrap();
        assert_eq!(bytes(&mut raw, usize::MAX).await, ("early ".to_owned(), true));
        for _ in 0..10 {
            raw.frame(0, 0, 1, &[b'a'; 16 << 10]).await;
        }
        settle().await;
        drop(raw);
        let limits = Http2Limits::default();
        tokio::time::timeout(limits.linger, served.task).await.expect("the tunnel ends with its client").unwrap();
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

#[test]
fn an_answer_that_is_no_101_makes_no_tunnel() {
    play(async {
        // A 200 would say that there is one.
        for (path, status) in [("/", 502), ("/304", 304), ("/answer-cut", 0)] {
            let (_served, io) = start(open());
            let mut client = Client::connect(io).await;
            assert_eq!(client.get("/").await.status, 200);
            assert!(client.send.is_extended_connect_protocol_enabled());
            let mut request = request("CONNECT", path);
            request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
            let (response, _stream) = client.ask(request, false).await;
            let answered = response.await.map_or(0, |response| response.status().as_u16());
            assert_eq!(answered, status, "{path}");
        }
    });
}

#[test]
fn a_protocol_belongs_to_a_whole_connect() {
    play(async {
        let whole = connect("websocket");
        let malformed: [Vec<(&str, &str)>; 4] = [
            whole.iter().map(|field| if field.0 == ":method" { (":method", "GET") } else { *field }).collect(),
            whole.iter().filter(|field| field.0 != ":path").copied().collect(),
            whole.iter().filter(|field| field.0 != ":scheme").copied().collect(),
            whole.iter().chain([&(":protocol", "websocket")]).copied().collect(),
        ];
        for fields in malformed {
            let (served, io) = start(open());
            let mut raw = raw::Raw::connect(io).await;
            raw.open_headers(1, &fields).await;
            assert_eq!(raw.next().await, Some(raw::Frame::reset(1, 1)), "{fields:?}");
            assert_eq!(served.seen.called.get(), 0);
        }
    });
}
