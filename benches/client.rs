//! A client that keeps its connection and knows how answers are framed: by Content-Length.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A request of ten fields and a body of a hundred bytes.
pub const REQUEST: &[u8] = b"POST /apis/example.dev/v1/things?limit=500 HTTP/1.1\r\nHost: api.example.dev\r\nUser-Agent: bench/1\r\n\
Accept: application/json\r\nAccept-Encoding: identity\r\nAuthorization: Bearer abcdefghijklmnopqrstuvwxyz\r\nContent-Type: application/json\r\n\
X-Request-Id: 0123456789abcdef\r\nKubectl-Command: kubectl get\r\nX-Trace: 1\r\nContent-Length: 100\r\n\r\n\
0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

impl Client {
    /// Connects.
    pub fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("the contender listens");
        stream.set_nodelay(true).expect("a connected socket");
        Self { stream, buffer: vec![0; 16 * 1024] }
    }

    /// Sends [`REQUEST`] and reads the whole answer. Returns its length, head and all.
    pub fn ask(&mut self) -> usize {
        self.stream.write_all(REQUEST).expect("the contender reads");
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).expect("the contender answers");
            assert!(
                read > 0,
                "the contender closed the connection: {:?}",
                String::from_utf8_lossy(&self.buffer[..filled])
            );
            filled += read;
            if let Some(length) = whole_length(&self.buffer[..filled])
                && filled >= length
            {
                assert!(
                    self.buffer.starts_with(b"HTTP/1.1 200"),
                    "{:?}",
                    String::from_utf8_lossy(&self.buffer[..filled])
                );
                return filled;
            }
        }
    }
}

/// Head and body together, once the head is there.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).expect("an ASCII head");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
    });
    Some(head + length.expect("the answer declares its length"))
}
