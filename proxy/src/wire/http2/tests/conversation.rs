use proptest::prelude::*;
use std::task::Poll;

use super::*;
use crate::wire::{Cut, Frame as BodyFrame, ResponseHead, headers::Headers};

fn ok() -> ResponseHead {
    ResponseHead::new(http::StatusCode::OK)
}

#[test]
fn a_server_says_what_go_s_says_first() {
    let mut connection = Connection::new(Role::Server, Bounds { connection_window_bytes: 1 << 20, ..BOUNDS });
    let mut slices = [std::io::IoSlice::new(&[]); 2];
    assert_eq!(connection.slices(&mut slices), 1);
    let mut input = BytesMut::from(&slices[0][..]);
    let mut reader = FrameReader::new(1 << 20);
    let settings = [(5, 1 << 20), (3, 10), (6, 4096), (1, 4096), (4, 1 << 16)];
    assert_eq!(reader.next(&mut input, 0).unwrap(), Some(Frame::Settings(settings.into_iter().collect())));
    let more = Frame::WindowUpdate { stream: 0, increment: (1 << 20) - 65535 };
    assert_eq!(reader.next(&mut input, 0).unwrap(), Some(more));
    connection.end(Over::Gone);
}

#[test]
fn a_request_is_answered_and_forgotten() {
    let mut end = End::server();
    end.get(1);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    assert_eq!((request.head.method.as_str(), &request.head.target.raw[..]), ("GET", &b"/x"[..]));
    handle.respond(&ok(), Framing::default(), Follows::More).unwrap();
    handle.send(Bytes::from_static(b"hello"), Follows::Nothing).unwrap();
    drop(handle);
    assert_eq!(end.heard(), ["HEADERS 1", "DATA 1 5 end"]);
    assert!(end.connection.borrow().is_idle());
}

#[test]
fn large_bodies_take_turns() {
    let mut end = End::server();
    end.frame(8, 0, 0, &(1_u32 << 20).to_be_bytes());
    let mut handles = Vec::new();
    for stream in [1, 3] {
        end.get(stream);
        let (handle, _) = end.accept();
        handle.respond(&ok(), Framing::default(), Follows::More).unwrap();
        handles.push(handle);
    }
    end.heard();
    for handle in &handles {
        handle.send(Bytes::from(vec![b'a'; 50_000]), Follows::Nothing).unwrap();
    }
    assert_eq!(
        end.heard(),
        [
            // As much as the output takes; from then on each has its turn.
            "DATA 1 16384",
            "DATA 1 16384",
            "DATA 1 16384",
            "DATA 3 16384",
            "DATA 1 848 end",
            "DATA 3 16384",
            "DATA 3 16384",
            "DATA 3 848 end"
        ]
    );
}

#[test]
fn a_stream_without_a_window_holds_up_no_other() {
    let mut end = End::server();
    // INITIAL_WINDOW_SIZE of 10.
    end.frame(4, 0, 0, &[0, 4, 0, 0, 0, 10]);
    let mut handles = Vec::new();
    for stream in [1, 3] {
        end.get(stream);
        let (handle, _) = end.accept();
        handle.respond(&ok(), Framing::default(), Follows::More).unwrap();
        handles.push(handle);
    }
    handles[0].send(Bytes::from_static(&[b'a'; 100]), Follows::Nothing).unwrap();
    assert!(handles[0].poll_room(&context()).is_pending());
    handles[1].send(Bytes::from_static(b"b"), Follows::Nothing).unwrap();
    assert!(handles[1].poll_room(&context()).is_ready());
    assert_eq!(end.heard(), ["HEADERS 1", "HEADERS 3", "DATA 1 10", "DATA 3 1 end"]);
    // Both ways to open a window.
    end.frame(8, 0, 1, &50_u32.to_be_bytes());
    assert_eq!(end.heard(), ["DATA 1 50"]);
    end.frame(4, 0, 0, &[0, 4, 0, 0, 0, 20]);
    assert_eq!(end.heard(), ["DATA 1 10"]);
    // Below zero, and up again.
    end.frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    end.frame(8, 0, 1, &15_u32.to_be_bytes());
    assert_eq!(end.heard(), [""; 0]);
    end.frame(8, 0, 1, &100_u32.to_be_bytes());
    assert_eq!(end.heard(), ["DATA 1 30 end"]);
}

#[test]
fn no_100_follows_the_final_head() {
    let mut end = End::server();
    end.headers(1, 4, &[&POST[..], &[("expect", "100-continue")]].concat());
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    let mut body = handle.request_body(&request);
    handle.respond(&ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
    assert!(body.poll_frame(&mut context()).is_pending());
    assert_eq!(end.heard(), ["HEADERS 1"]);
}

#[test]
fn a_body_opens_its_windows_as_it_is_read() {
    let mut end = End::server();
    end.post(1);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    let mut body = handle.request_body(&request);
    let piece = vec![b'a'; 32 << 10];
    end.frame(0, 0, 1, &piece);
    end.frame(0, 0, 1, &piece);
    let mut read = 0;
    while let Poll::Ready(Some(Ok(BodyFrame::Data(bytes)))) = body.poll_frame(&mut context()) {
        read += bytes.len();
    }
    assert_eq!(read, 64 << 10);
    end.frame(0, 0, 1, &piece);
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(BodyFrame::Data(_))))));
    end.frame(0, 0, 1, &piece);
    end.frame(0, 0, 1, &piece);
    assert_eq!(end.heard(), [""; 0]);
    end.frame(0, 0, 1, &piece);
    assert_eq!(end.heard(), ["RST_STREAM 1 FLOW_CONTROL_ERROR"]);
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(_)))));
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(_)))));
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Err(Cut::Malformed(_))))));
}

#[test]
fn padding_counts_and_is_given_back() {
    let mut end = End::server();
    end.post(1);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    let mut body = handle.request_body(&request);
    for _ in 0..1000 {
        let mut payload = vec![200];
        payload.extend([b'a'; 10]);
        payload.extend([0; 200]);
        end.frame(0, 8, 1, &payload);
        assert!(
            matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(BodyFrame::Data(bytes)))) if bytes.len() == 10)
        );
    }
    assert_eq!(end.heard(), [""; 0]);
}

#[test]
fn trailers_are_those_that_were_announced() {
    let mut end = End::server();
    let fields = [&POST[..], &[("trailer", "x-a")]].concat();
    end.headers(1, 4, &fields);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    let mut body = handle.request_body(&request);
    end.frame(0, 0, 1, b"hello");
    end.headers(1, 5, &[("x-a", "1"), ("x-b", "2")]);
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(BodyFrame::Data(_))))));
    let Poll::Ready(Some(Ok(BodyFrame::Trailers(trailers)))) = body.poll_frame(&mut context()) else { panic!() };
    assert_eq!(trailers.len(), 1);
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(None)));
}

#[test]
fn a_large_head_is_continued_and_read_again() {
    let mut end = End::server();
    end.get(1);
    let (handle, _) = end.accept();
    let mut head = ok();
    for number in 0..3000 {
        head.headers.append(Name::from_slice(format!("x-{number}").as_bytes()), "a value that is no number");
    }
    handle.respond(&head, Framing::default(), Follows::Nothing).unwrap();
    let heard = end.heard();
    assert_eq!(heard[0], "HEADERS 1 end");
    assert!(heard.len() > 2 && heard[1..].iter().all(|frame| frame.starts_with("Continuation")), "{heard:?}");
}

#[test]
fn who_asks_reads_heads_body_and_trailers() {
    let mut end = End::new(Role::Client, BOUNDS);
    let asked = ToSend {
        method: &http::Method::GET,
        tls: true,
        host: &Bytes::from_static(b"h.test"),
        target: &Bytes::from_static(b"/x"),
        headers: &Headers::new(),
        announced: &Default::default(),
        content_length: None,
        asks_gzip: true,
    };
    let sendable = Sendable::new(asked, 1 << 20).unwrap();
    let mut handle = Handle::open(&end.connection, &sendable, Follows::Nothing, AnswerBody::Possible).unwrap();
    assert_eq!(end.heard(), ["HEADERS 1 end"]);
    assert!(handle.poll_head(&context()).is_pending());
    end.headers(1, 4, &[(":status", "103"), ("link", "</a>")]);
    end.headers(1, 4, &[(":status", "200"), ("content-length", "5")]);
    end.frame(0, 0, 1, b"hello");
    end.headers(1, 5, &[("x-a", "1")]);
    let Poll::Ready(Ok((early, _))) = handle.poll_head(&context()) else { panic!() };
    assert_eq!((early.status.as_u16(), early.headers.len()), (103, 1));
    let Poll::Ready(Ok((head, length))) = handle.poll_head(&context()) else { panic!() };
    assert_eq!((head.status.as_u16(), length), (200, crate::wire::Length::Exactly(5)));
    let mut body = handle.response_body(length);
    assert!(
        matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(BodyFrame::Data(bytes)))) if bytes == "hello")
    );
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(Some(Ok(BodyFrame::Trailers(_))))));
    assert!(matches!(body.poll_frame(&mut context()), Poll::Ready(None)));
    drop((body, handle));
    assert_eq!(end.heard(), [""; 0]);
    assert!(end.connection.borrow().is_idle());
}

/// What a whole conversation does, whatever the pieces in which it comes.
fn played(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut end = End::new(Role::Server, BOUNDS);
    let mut events = Vec::new();
    let mut bodies = Vec::new();
    let mut start = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        let cut = cut.clamp(start, bytes.len());
        end.say(&bytes[start..cut]);
        start = cut;
        while let Some((handle, asked)) = Handle::accept(&end.connection) {
            match asked {
                Asked::Request(request) => {
                    events.push(format!("{} {:?}", handle.number(), request.head));
                    bodies.push((handle.request_body(&request), Vec::new(), handle));
                }
                other => events.push(format!("{} {other:?}", handle.number())),
            }
        }
    }
    for (mut body, mut read, handle) in bodies {
        let last = loop {
            match body.poll_frame(&mut context()) {
                Poll::Ready(Some(Ok(BodyFrame::Data(bytes)))) => read.extend_from_slice(&bytes),
                last => break format!("{last:?}"),
            }
        };
        events.push(format!("{} {} {last}", handle.number(), String::from_utf8_lossy(&read)));
    }
    events.push(format!("{:?}", end.connection.borrow().over()));
    events
}

/// The same of a server's side, to a client that has asked twice.
fn answered(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut end = End::new(Role::Client, BOUNDS);
    let (host, target, headers, announced) =
        (Bytes::from_static(b"h.test"), Bytes::from_static(b"/x"), Headers::new(), Default::default());
    let asked = ToSend {
        method: &http::Method::GET,
        tls: true,
        host: &host,
        target: &target,
        headers: &headers,
        announced: &announced,
        content_length: None,
        asks_gzip: true,
    };
    let sendable = Sendable::new(asked, 1 << 20).unwrap();
    let open = || Handle::open(&end.connection, &sendable, Follows::Nothing, AnswerBody::Possible).unwrap();
    let mut handles = [open(), open()];
    let mut start = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        let cut = cut.clamp(start, bytes.len());
        end.say(&bytes[start..cut]);
        start = cut;
    }
    let mut events = Vec::new();
    for handle in &mut handles {
        let head = loop {
            let head = handle.poll_head(&context());
            events.push(format!("{} {head:?}", handle.number()));
            match head {
                Poll::Ready(Ok((head, _))) if head.status.is_informational() => {}
                head => break head,
            }
        };
        let Poll::Ready(Ok((_, length))) = head else { continue };
        let (mut body, mut read) = (handle.response_body(length), Vec::new());
        let last = loop {
            match body.poll_frame(&mut context()) {
                Poll::Ready(Some(Ok(BodyFrame::Data(bytes)))) => read.extend_from_slice(&bytes),
                last => break format!("{last:?}"),
            }
        };
        events.push(format!("{} {} {last}", handle.number(), String::from_utf8_lossy(&read)));
    }
    events.push(format!("{:?}", end.connection.borrow().over()));
    events
}

/// Frames that mean something, and some that do not.
fn conversation() -> impl Strategy<Value = Vec<u8>> {
    let stream = || prop_oneof![Just(1_u32), Just(3), Just(5), 0..8_u32];
    let block = prop_oneof![
        Just(b"\x82\x87\x84\x41\x01h".to_vec()),
        Just(b"\x83\x87\x84\x41\x01h\x40\x03x-a\x01b".to_vec()),
        Just(b"\x83\x87\x84\xbe\x00\x01X\x01b".to_vec()),
        Just(b"\x88\x0f\x0d\x015".to_vec()),
        Just(b"\x08\x03103\x40\x03x-a\x01b".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    let frame = prop_oneof![
        4 => (stream(), block, 0..8_u8).prop_map(|(stream, block, flags)| (1_u8, flags, stream, block)),
        4 => (stream(), proptest::collection::vec(any::<u8>(), 0..50), 0..2_u8).prop_map(|(s, p, f)| (0, f, s, p)),
        1 => (stream(), proptest::collection::vec(any::<u8>(), 0..12), any::<u8>(), 0..12_u8).prop_map(|(s, p, f, k)| (k, f, s, p)),
    ];
    proptest::collection::vec(frame, 0..12).prop_map(|frames| {
        let mut bytes = Vec::new();
        for (kind, flags, stream, payload) in frames {
            bytes.extend(&(payload.len() as u32).to_be_bytes()[1..]);
            bytes.extend([kind, flags]);
            bytes.extend(stream.to_be_bytes());
            bytes.extend(payload);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn the_pieces_in_which_bytes_come_mean_nothing(
        bytes in conversation(),
        mut cuts in proptest::collection::vec(0..400_usize, 0..6),
    ) {
        cuts.sort_unstable();
        prop_assert_eq!(played(&bytes, &cuts), played(&bytes, &[]));
    }

    #[test]
    fn the_pieces_in_which_answers_come_mean_nothing(
        bytes in conversation(),
        mut cuts in proptest::collection::vec(0..400_usize, 0..6),
    ) {
        cuts.sort_unstable();
        prop_assert_eq!(answered(&bytes, &cuts), answered(&bytes, &[]));
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        played(&bytes, &[]);
        let mut end = End::new(Role::Client, BOUNDS);
        end.say(&bytes);
    }
}
