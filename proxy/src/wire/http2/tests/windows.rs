use std::{collections::BTreeMap, task::Poll};

use super::*;
use crate::wire::{Frame as BodyFrame, Length, ResponseHead};

/// A client that uploads as much as its windows let it, and keeps to them.
struct Uploader {
    end: End,
    connection: i64,
    initial: i64,
    streams: BTreeMap<u32, i64>,
}

impl Uploader {
    fn new(bounds: Bounds) -> Self {
        let connection = Rc::new(RefCell::new(Connection::new(Role::Server, bounds)));
        let mut uploader =
            Self { end: End::of(connection), connection: 65_535, initial: 65_535, streams: BTreeMap::new() };
        uploader.end.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        uploader.end.frame(4, 0, 0, &[]);
        uploader.hear();
        uploader
    }

    /// Takes in what the server says of windows.
    fn hear(&mut self) {
        self.end.written();
        while let Some(frame) = self.end.said.next(&mut self.end.input, usize::MAX).unwrap() {
            match frame {
                Frame::Settings(settings) => {
                    for (_, value) in settings.iter().filter(|(number, _)| *number == 4) {
                        let growth = i64::from(*value) - self.initial;
                        self.initial += growth;
                        self.streams.values_mut().for_each(|window| *window += growth);
                    }
                    self.end.frame(4, 1, 0, &[]);
                    self.end.written();
                }
                Frame::WindowUpdate { stream: 0, increment } => self.connection += i64::from(increment),
                Frame::WindowUpdate { stream, increment } => {
                    *self.streams.get_mut(&stream).unwrap() += i64::from(increment);
                }
                Frame::SettingsAck => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn open(&mut self, stream: u32) -> (Handle, Incoming) {
        self.end.post(stream);
        self.streams.insert(stream, self.initial);
        let (handle, asked) = self.end.accept();
        let Asked::Request(request) = asked else { panic!("{asked:?}") };
        let body = handle.request_body(&request);
        (handle, body)
    }

    /// Sends what the windows take, and tells how much that was.
    fn fill(&mut self, stream: u32) -> i64 {
        let mut sent = 0;
        loop {
            let piece = self.streams[&stream].min(self.connection).min(16 << 10);
            if piece <= 0 {
                return sent;
            }
            self.end.frame(0, 0, stream, &vec![b'a'; piece as usize]);
            *self.streams.get_mut(&stream).unwrap() -= piece;
            self.connection -= piece;
            sent += piece;
            self.hear();
        }
    }
}

const LARGE: Bounds = Bounds {
    streams_max: 250,
    stream_window_bytes: 1 << 20,
    connection_window_bytes: 8 << 20,
    held_bytes_max: 4 << 20,
    ..BOUNDS
};

#[test]
fn uploads_that_nobody_reads_leave_room_for_those_that_are_read() {
    let mut uploader = Uploader::new(LARGE);
    let mut stuck = Vec::new();
    let mut held = 0;
    for number in 0..249 {
        stuck.push(uploader.open(2 * number + 1));
        held += uploader.fill(2 * number + 1);
    }
    // What one connection can make us hold.
    assert!(held <= 24 << 20, "{held}");
    let (_handle, mut body) = uploader.open(501);
    let mut sent = 0;
    for _ in 0..100 {
        let more = uploader.fill(501);
        assert!(more > 0, "starved behind {sent} bytes");
        sent += more;
        while let Poll::Ready(Some(Ok(BodyFrame::Data(_)))) = body.poll_frame(&mut context()) {}
        uploader.hear();
    }
    assert!(sent > 1 << 20, "{sent}");
    // Those that were stuck go on where they were.
    let (_first, mut first) = stuck.swap_remove(0);
    while let Poll::Ready(Some(Ok(BodyFrame::Data(_)))) = first.poll_frame(&mut context()) {}
    uploader.hear();
    assert!(uploader.fill(1) > 0);
    assert!(uploader.end.connection.borrow().over().is_none());
}

#[test]
fn windows_stay_as_large_as_they_are_while_uploads_are_read() {
    let mut uploader = Uploader::new(LARGE);
    let mut handles = Vec::new();
    for number in 0..5 {
        let (handle, mut body) = uploader.open(2 * number + 1);
        assert_eq!(uploader.fill(2 * number + 1), 1 << 20);
        while let Poll::Ready(Some(Ok(BodyFrame::Data(_)))) = body.poll_frame(&mut context()) {}
        uploader.hear();
        handles.push(handle);
    }
    assert_eq!(uploader.initial, 1 << 20);
}

#[test]
fn an_end_waits_for_no_window() {
    let mut end = End::server();
    // The window of the connection is for one stream alone.
    let mut handles = Vec::new();
    for stream in [1, 3, 5] {
        end.get(stream);
        let (handle, _) = end.accept();
        handle.respond(&ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
        handles.push(handle);
    }
    handles[0].send(Bytes::from(vec![b'a'; 100_000]), Follows::Nothing).unwrap();
    end.frame(8, 0, 1, &200_000_u32.to_be_bytes());
    let heard = end.heard();
    assert_eq!(heard.last().unwrap(), "DATA 1 16383");
    handles[1].send(Bytes::new(), Follows::Nothing).unwrap();
    let mut trailers = crate::wire::headers::Headers::new();
    trailers.append(Name::from_slice(b"x-a"), "b");
    handles[2].send_trailers(trailers).unwrap();
    assert_eq!(end.heard(), ["DATA 3 0 end", "HEADERS 5 end"]);
}

#[test]
fn nothing_is_said_behind_the_goaway_of_a_fault() {
    let mut end = End::server();
    end.get(1);
    let (handle, _) = end.accept();
    end.frame(6, 0, 0, &[0; 7]);
    handle.respond(&ResponseHead::new(http::StatusCode::OK), Framing::default(), Follows::More).unwrap();
    handle.send(Bytes::from(vec![b'a'; 50_000]), Follows::Nothing).unwrap();
    drop(handle);
    assert_eq!(end.heard(), ["GOAWAY 1 FRAME_SIZE_ERROR"]);
}

/// A stream on which a body comes: the upload of a client, or the answer of a backend.
fn opened(role: Role) -> (End, Handle, Option<Incoming>) {
    let mut end = End::new(role, BOUNDS);
    if role == Role::Client {
        let handle = end.ask(Follows::More);
        end.frame(1, 4, handle.number(), &[0x88]);
        let body = handle.response_body(Length::Unknown);
        return (end, handle, Some(body));
    }
    end.post(1);
    let (handle, asked) = end.accept();
    let Asked::Request(request) = asked else { panic!("{asked:?}") };
    let body = handle.request_body(&request);
    (end, handle, Some(body))
}

/// By how much the window of the connection was opened.
fn given_back(end: &mut End) -> u32 {
    let mut bytes = 0;
    end.written();
    while let Some(frame) = end.said.next(&mut end.input, usize::MAX).unwrap() {
        if let Frame::WindowUpdate { stream: 0, increment } = frame {
            bytes += increment;
        }
    }
    bytes
}

#[test]
fn however_a_stream_ends_its_connection_gets_the_window_back() {
    type Ends = fn(&mut End, &mut Option<Handle>, &mut Option<Incoming>);
    let ends: [(&str, Ends); 6] = [
        ("nobody reads on", |_, _, body| *body = None),
        ("nobody reads on, and nobody holds it", |_, handle, body| (*body, *handle) = (None, None)),
        ("nobody holds it, and somebody would read on", |_, handle, _| *handle = None),
        ("the peer resets it", |end, _, _| end.frame(3, 0, 1, &8_u32.to_be_bytes())),
        ("the peer breaks the rules on it", |end, _, _| end.frame(8, 0, 1, &0_u32.to_be_bytes())),
        ("it is answered, and its end comes", |end, handle, _| {
            // Its reader never was.
            end.frame(0, 1, 1, &[]);
            let _ = handle.as_ref().unwrap().send(Bytes::new(), Follows::Nothing);
            *handle = None;
        }),
    ];
    for role in [Role::Server, Role::Client] {
        for (name, ends) in ends {
            let (mut end, handle, mut body) = opened(role);
            let mut handle = Some(handle);
            given_back(&mut end);
            end.frame(0, 0, 1, &[b'a'; 10_000]);
            for _ in 0..40 {
                // Half of it is padding.
                end.frame(0, 8, 1, &[&[255][..], &[0; 500]].concat());
            }
            ends(&mut end, &mut handle, &mut body);
            for _ in 0..2 {
                // They were on their way.
                end.frame(0, 0, 1, &[b'a'; 10_000]);
            }
            let (sent, given) = (3 * 10_000 + 40 * 501, given_back(&mut end));
            assert!(given <= sent && given + 4096 > sent, "{role:?}, {name}: {given} of {sent}");
            assert!(end.connection.borrow().over().is_none(), "{role:?}, {name}");
        }
    }
}
