//! What travels inside a simulated connection: turmoil's TCP carries frames, so that resets, windows and half closes cross the link like
//! bytes do.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead as _, ReadBuf};
use turmoil::net::TcpStream;

/// One message between the two ends of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The listener's machine has taken the connection.
    Hello,
    /// Bytes of the stream.
    Data(Bytes),
    /// The receiver has read so many bytes: the sender may send as many more.
    Room(usize),
    /// The sender will send no more bytes (FIN).
    End,
    /// The connection is void (RST).
    Reset,
}

/// Why no more frames will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The other end is gone and said nothing.
    Closed,
    /// Nobody at the other end knows the connection.
    Void,
}

/// A turmoil connection that carries frames.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    raw: BytesMut,
    scratch: Box<[u8]>,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, raw: BytesMut::new(), scratch: vec![0; SCRATCH_BYTES].into_boxed_slice() }
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Gives a frame to the link. Fails when nobody at the other end knows the connection.
    pub(super) fn send(&mut self, frame: &Frame) -> io::Result<()> {
        let (kind, number, bytes) = match frame {
            Frame::Hello => (b'H', 0, &[][..]),
            Frame::Data(bytes) => (b'D', bytes.len(), &bytes[..]),
            Frame::Room(room) => (b'W', *room, &[][..]),
            Frame::End => (b'E', 0, &[][..]),
            Frame::Reset => (b'R', 0, &[][..]),
        };
        let mut out = Vec::with_capacity(HEAD_BYTES + bytes.len());
        out.put_u8(kind);
        out.put_u32(u32::try_from(number).expect("a window is far below 4 GiB"));
        out.extend_from_slice(bytes);
        self.tcp.try_write(&out).map(drop)
    }

    /// The next frame.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Frame, Over>> {
        loop {
            if let Some(frame) = self.whole() {
                return Poll::Ready(Ok(frame));
            }
            let mut into = ReadBuf::new(&mut self.scratch);
            match ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut into)) {
                Ok(()) if into.filled().is_empty() => return Poll::Ready(Err(Over::Closed)),
                Ok(()) => self.raw.extend_from_slice(into.filled()),
                Err(_) => return Poll::Ready(Err(Over::Void)),
            }
        }
    }

    fn whole(&mut self) -> Option<Frame> {
        let kind = *self.raw.first()?;
        let number = u32::from_be_bytes(self.raw.get(1..HEAD_BYTES)?.try_into().ok()?) as usize;
        let body = if kind == b'D' { number } else { 0 };
        if self.raw.len() < HEAD_BYTES + body {
            return None;
        }
        self.raw.advance(HEAD_BYTES);
        Some(match kind {
            b'H' => Frame::Hello,
            b'D' => Frame::Data(self.raw.split_to(body).freeze()),
            b'W' => Frame::Room(number),
            b'E' => Frame::End,
            _ => Frame::Reset,
        })
    }
}

const HEAD_BYTES: usize = 5;
const SCRATCH_BYTES: usize = 16 * 1024;
