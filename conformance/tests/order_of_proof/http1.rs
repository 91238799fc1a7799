//! HTTP/1 by hand, bytes out and bytes in. It shares nothing with the code under test.

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use weir::world::Stream;

use super::{
    fields::Fields,
    message::{Cut, Piece, Size},
};

/// What comes on a connection.
#[derive(Debug)]
pub(crate) struct Reader {
    half: ReadHalf<Stream>,
    came: BytesMut,
}

/// What goes out on a connection.
pub(crate) type Writer = WriteHalf<Stream>;

/// How the other side ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
}

/// A start line with its fields.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) start: String,
    pub(crate) fields: Fields,
}

pub(crate) fn split(stream: Stream) -> (Reader, Writer) {
    let (half, writer) = tokio::io::split(stream);
    (Reader { half, came: BytesMut::new() }, writer)
}

impl Reader {
    /// Waits for more bytes.
    async fn more(&mut self) -> Result<(), End> {
        self.came.reserve(64 * 1024);
        match self.half.read_buf(&mut self.came).await {
            Ok(0) => Err(End::Fin),
            Ok(_) => Ok(()),
            Err(_) => Err(End::Reset),
        }
    }

    /// Takes all up to and with the mark.
    async fn until(&mut self, mark: &[u8]) -> Result<String, End> {
        loop {
            if let Some(at) = self.came.windows(mark.len()).position(|window| window == mark) {
                let taken = self.came.split_to(at + mark.len());
                return Ok(String::from_utf8(taken.into()).expect("heads are text"));
            }
            self.more().await?;
        }
    }

    pub(crate) async fn head(&mut self) -> Result<Head, End> {
        let text = self.until(b"\r\n\r\n").await?;
        let mut lines = text.trim_end_matches("\r\n").split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        Ok(Head { start, fields: Fields::of_lines(lines) })
    }

    /// Takes so many bytes.
    pub(crate) async fn exactly(&mut self, count: usize) -> Result<Bytes, End> {
        while self.came.len() < count {
            self.more().await?;
        }
        Ok(self.came.split_to(count).freeze())
    }

    /// What has come and was not taken.
    pub(crate) fn untaken(&self) -> &[u8] {
        &self.came
    }

    /// Reads to the end.
    pub(crate) async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.more().await {
                return end;
            }
        }
    }

    /// The whole connection again.
    pub(crate) fn rejoined(self, writer: Writer) -> Stream {
        self.half.unsplit(writer)
    }
}

/// A message's body, judged by its framing alone: it is complete when the framing says so, and cut when the connection ends before.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) reader: Reader,
    rest: Rest,
}

#[derive(Clone, Copy, Debug)]
enum Rest {
    Bytes(u64),
    /// Bytes of a chunk, and its line end.
    Chunk(u64),
    ChunkHead,
    UntilClose,
}

impl Body {
    /// The body behind a request's head.
    pub(crate) fn of_request(head: &Head, reader: Reader) -> Self {
        let rest = Rest::declared(head).unwrap_or(Rest::Bytes(0));
        Self { reader, rest }
    }

    /// The body behind an answer's head.
    pub(crate) fn of_answer(head: &Head, reader: Reader) -> Self {
        let rest = Rest::declared(head).unwrap_or(Rest::UntilClose);
        Self { reader, rest }
    }

    pub(crate) async fn piece(&mut self) -> Piece {
        self.framed().await.unwrap_or_else(|end| Piece::Cut(Cut::Connection(end)))
    }

    async fn framed(&mut self) -> Result<Piece, End> {
        loop {
            match self.rest {
                Rest::Bytes(0) => return Ok(Piece::End(Fields::default())),
                Rest::Bytes(left) => {
                    let bytes = self.at_most(left).await?;
                    self.rest = Rest::Bytes(left - bytes.len() as u64);
                    return Ok(Piece::Data(bytes));
                }
                Rest::Chunk(0) => {
                    assert_eq!(self.reader.exactly(2).await?, "\r\n", "a chunk ends with its line");
                    self.rest = Rest::ChunkHead;
                }
                Rest::Chunk(left) => {
                    let bytes = self.at_most(left).await?;
                    self.rest = Rest::Chunk(left - bytes.len() as u64);
                    return Ok(Piece::Data(bytes));
                }
                Rest::ChunkHead => {
                    let line = self.reader.until(b"\r\n").await?;
                    let size = u64::from_str_radix(line.trim_end(), 16);
                    match size.unwrap_or_else(|_| panic!("not the size of a chunk: {line:?}")) {
                        0 => return self.trailers().await,
                        size => self.rest = Rest::Chunk(size),
                    }
                }
                Rest::UntilClose => match self.at_most(u64::MAX).await {
                    Err(End::Fin) => self.rest = Rest::Bytes(0),
                    Err(End::Reset) => return Err(End::Reset),
                    Ok(bytes) => return Ok(Piece::Data(bytes)),
                },
            }
        }
    }

    async fn trailers(&mut self) -> Result<Piece, End> {
        let mut lines = Vec::new();
        loop {
            let line = self.reader.until(b"\r\n").await?;
            match line.trim_end() {
                "" => return Ok(Piece::End(Fields::of_lines(lines.iter().map(String::as_str)))),
                line => lines.push(line.to_owned()),
            }
        }
    }

    async fn at_most(&mut self, count: u64) -> Result<Bytes, End> {
        if !self.reader.came.has_remaining() {
            self.reader.more().await?;
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(self.reader.came.len());
        Ok(self.reader.came.split_to(count).freeze())
    }
}

impl Rest {
    fn declared(head: &Head) -> Option<Self> {
        if let Some(coding) = head.fields.get("transfer-encoding") {
            assert_eq!(coding, "chunked");
            return Some(Self::ChunkHead);
        }
        let length = head.fields.get("content-length")?;
        Some(Self::Bytes(length.parse().unwrap_or_else(|_| panic!("not a length: {length}"))))
    }
}

/// A head as bytes.
pub(crate) fn head(start: &str, fields: &[(&str, &str)], size: Size) -> Vec<u8> {
    let mut text = format!("{start}\r\n");
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    match size {
        Size::None => {}
        Size::Exactly(bytes) => text.push_str(&format!("content-length: {bytes}\r\n")),
        Size::Unknown => text.push_str("transfer-encoding: chunked\r\n"),
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A piece of a chunked body.
pub(crate) async fn send_chunk(writer: &mut Writer, bytes: &[u8]) -> std::io::Result<()> {
    writer.write_all(format!("{:x}\r\n", bytes.len()).as_bytes()).await?;
    writer.write_all(bytes).await?;
    writer.write_all(b"\r\n").await
}

/// The end of a chunked body.
pub(crate) async fn send_last_chunk(writer: &mut Writer, trailers: &[(&str, &str)]) -> std::io::Result<()> {
    let mut text = "0\r\n".to_owned();
    for (name, value) in trailers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    writer.write_all(text.as_bytes()).await
}
