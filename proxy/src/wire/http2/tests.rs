mod conversation;
mod dribbles;
mod floods;
mod honest;
mod messages;
mod windows;

use std::{cell::RefCell, rc::Rc, task::Context};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::{
    connection::{Bounds, Connection, Role, Tunnels},
    frame::{Frame, FrameReader},
    hpack::Encoder,
    *,
};
use crate::wire::headers::Name;

/// Bounds of a server, small enough to be met.
const BOUNDS: Bounds = Bounds {
    streams_max: 10,
    header_list_bytes_max: 4096,
    frame_bytes_max: 1 << 20,
    stream_window_bytes: 1 << 16,
    connection_window_bytes: 1 << 20,
    held_bytes_max: 1 << 19,
    informational_bytes_max: 1024,
    wasted_streams_max: 10,
    crumbs_max: 10_000,
    tunnels: Tunnels::Refused,
};

/// One end of a connection, whose other end is written by hand.
struct End {
    connection: Shared,
    encoder: Encoder,
    said: FrameReader,
    input: BytesMut,
    /// It stands still while nobody moves it.
    now: Instant,
}

impl End {
    fn new(role: Role, bounds: Bounds) -> Self {
        let connection = Rc::new(RefCell::new(Connection::new(role, bounds)));
        let mut end = Self::of(connection);
        if role == Role::Server {
            end.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        } else {
            let preface = end.written().split_to(24);
            assert_eq!(&preface[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        }
        end.frame(4, 0, 0, &[]);
        end.frame(4, 1, 0, &[]);
        end.heard();
        end
    }

    fn of(connection: Shared) -> Self {
        let (said, input) = (FrameReader::new(1 << 24), BytesMut::new());
        Self { connection, encoder: Encoder::new(), said, input, now: Instant::now() }
    }

    fn server() -> Self {
        Self::new(Role::Server, BOUNDS)
    }

    fn say(&mut self, bytes: &[u8]) {
        let mut connection = self.connection.borrow_mut();
        connection.input().extend_from_slice(bytes);
        connection.take_in(self.now);
    }

    fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(payload);
        self.say(&bytes);
    }

    fn block(&mut self, fields: &[(&str, &str)]) -> BytesMut {
        let mut out = BytesMut::new();
        let mut block = self.encoder.block(&mut out);
        for (name, value) in fields {
            match hpack::Pseudo::of(name.as_bytes()) {
                Some(pseudo) => block.pseudo(pseudo, value.as_bytes()),
                None => block.field(&Name::from_slice(name.as_bytes()), value.as_bytes()),
            }
        }
        out
    }

    /// HEADERS: 1 ends the stream, 4 the block.
    fn headers(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) {
        let block = self.block(fields);
        self.frame(1, flags, stream, &block);
    }

    fn get(&mut self, stream: u32) {
        self.headers(stream, 5, &GET);
    }

    fn post(&mut self, stream: u32) {
        self.headers(stream, 4, &POST);
    }

    /// What the connection wants to have written.
    fn written(&mut self) -> &mut BytesMut {
        let mut connection = self.connection.borrow_mut();
        while connection.has_output() {
            let mut slices = [std::io::IoSlice::new(&[]); 8];
            let count = connection.slices(&mut slices);
            let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            self.input.extend_from_slice(&bytes);
            connection.written(bytes.len());
        }
        drop(connection);
        &mut self.input
    }

    /// The frames that it wants to have written, settings and updates of windows aside.
    fn heard(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        self.written();
        while let Some(frame) = self.said.next(&mut self.input, usize::MAX).unwrap() {
            frames.extend(shown(&frame));
        }
        frames
    }

    /// A request of ours, of a client.
    fn ask(&mut self, follows: Follows) -> Handle {
        let (host, target) = (Bytes::from_static(b"h.test"), Bytes::from_static(b"/"));
        let headers = crate::wire::headers::Headers::new();
        let asked = ToSend {
            method: &http::Method::POST,
            tls: true,
            host: &host,
            target: &target,
            headers: &headers,
            announced: &crate::wire::trailers::Announced::new(),
            content_length: None,
            asks_gzip: false,
        };
        let sendable = Sendable::new(asked, usize::MAX).unwrap();
        Handle::open(&self.connection, &sendable, follows, AnswerBody::Possible).unwrap()
    }

    fn accept(&mut self) -> (Handle, Asked) {
        Handle::accept(&self.connection).expect("a request came")
    }
}

fn shown(frame: &Frame) -> Option<String> {
    Some(match frame {
        Frame::Settings(_) | Frame::SettingsAck | Frame::WindowUpdate { .. } => return None,
        Frame::Reset { stream, code } => format!("RST_STREAM {stream} {code}"),
        Frame::GoAway { last, code, .. } => format!("GOAWAY {last} {code}"),
        Frame::Headers { stream, ends_stream, .. } => format!("HEADERS {stream}{}", end(*ends_stream)),
        Frame::Data { stream, bytes, ends_stream, .. } => format!("DATA {stream} {bytes}{}", end(*ends_stream)),
        Frame::Payload(_) => return None,
        other => format!("{other:?}"),
    })
}

fn end(ends_stream: bool) -> &'static str {
    if ends_stream { " end" } else { "" }
}

fn context() -> Context<'static> {
    Context::from_waker(std::task::Waker::noop())
}

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/x")];
const POST: [(&str, &str); 4] = [(":method", "POST"), (":scheme", "https"), (":authority", "h.test"), (":path", "/x")];
