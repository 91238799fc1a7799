//! The backend's end of a connection.

use std::io::{self, ErrorKind, Read as _, Write as _};

use mio::net::TcpStream;

/// A connection that the contender has made. It answers `/small` with a kilobyte, `/large` with [`LARGE_BYTES`], and whoever asks for
/// another protocol gets [`LARGE_BYTES`] for each message.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) stream: TcpStream,
    /// What came of the next request.
    input: Vec<u8>,
    /// What is left to send of a large answer.
    owed: usize,
    switched: bool,
}

impl Backend {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, input: Vec::new(), owed: 0, switched: false }
    }

    /// Reads what has come and answers it. True when the connection has ended.
    pub(crate) fn turn(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Ok(true),
                Ok(read) => {
                    self.take(&buffer[..read])?;
                    if read < buffer.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        self.send_owed().map(|()| false)
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.switched {
            self.owed += LARGE_BYTES;
            return Ok(());
        }
        let whole = if self.input.is_empty() && bytes.ends_with(END) {
            bytes
        } else {
            self.input.extend_from_slice(bytes);
            if !self.input.ends_with(END) {
                return Ok(());
            }
            &self.input
        };
        let head: &[u8] = if whole.starts_with(b"GET /small") {
            SMALL_ANSWER
        } else if whole.starts_with(b"GET /tunnel") {
            self.switched = true;
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: race\r\n\r\n"
        } else {
            self.owed = LARGE_BYTES;
            LARGE_HEAD
        };
        // A socket without anything in it takes so little at once.
        self.stream.write_all(head)?;
        self.input.clear();
        Ok(())
    }

    fn send_owed(&mut self) -> io::Result<()> {
        while self.owed > 0 {
            match self.stream.write(&PIECE[..self.owed.min(PIECE.len())]) {
                Ok(written) => self.owed -= written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The bytes of a large answer, and of one message through a tunnel.
pub(crate) const LARGE_BYTES: usize = 16 << 20;

const END: &[u8] = b"\r\n\r\n";
const LARGE_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 16777216\r\n\r\n";
static PIECE: [u8; 256 << 10] = [b'x'; 256 << 10];

/// A head and a kilobyte.
const SMALL_ANSWER: &[u8] = &{
    let head = *b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-cache, private\r\n\
Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 1024\r\n\r\n";
    let mut answer = [b'x'; 144 + 1024];
    let mut at = 0;
    while at < head.len() {
        answer[at] = head[at];
        at += 1;
    }
    answer
};
