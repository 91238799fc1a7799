//! As much HTTP/1.1 as scripted clients and backends need, strict in what it takes: the proxy's words are held to it.

use std::{io, time::Duration};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::{
    history::{Checksum, Tunnelled},
    traffic::BodyPlan,
};

/// A message's first line and fields.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) first: String,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
}

/// How a body is delimited.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    Exactly(usize),
    Chunked,
    UntilClose,
}

/// Why a message could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// The connection ended cleanly before the first byte.
    #[error("closed")]
    Closed,
    /// The connection ended in the middle of it.
    #[error("ended in the middle")]
    Cut,
    /// The connection failed.
    #[error("{0}")]
    Failed(#[from] io::Error),
    /// That is not HTTP.
    #[error("not HTTP: {0}")]
    Nonsense(String),
}

impl Head {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// How the body behind this head is delimited.
    pub(crate) fn framing(&self, without: Framing) -> Result<Framing, Unread> {
        match (self.get("transfer-encoding"), self.get("content-length")) {
            (Some("chunked"), None) => Ok(Framing::Chunked),
            (None, Some(length)) => {
                length.parse().map(Framing::Exactly).map_err(|_| Unread::Nonsense(format!("length {length}")))
            }
            (None, None) => Ok(without),
            both => Err(Unread::Nonsense(format!("framing {both:?}"))),
        }
    }
}

/// Reads messages from a stream.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    from: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, buffer: BytesMut::new() }
    }

    /// The next head.
    pub(crate) async fn head(&mut self) -> Result<Head, Unread> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(Unread::Nonsense("a head without end".to_owned()));
            }
            let fresh = self.buffer.is_empty();
            if !self.fill().await? {
                return Err(if fresh { Unread::Closed } else { Unread::Cut });
            }
        };
        let text = self.buffer.split_to(end);
        self.buffer.advance(4);
        let text = String::from_utf8(text.to_vec()).map_err(|_| Unread::Nonsense("not text".to_owned()))?;
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let fields = lines.map(field).collect::<Result<_, _>>()?;
        Ok(Head { first, fields })
    }

    /// Reads a body and its trailers; `each` sees its bytes as they come, also those of one that is cut.
    pub(crate) async fn body(
        &mut self,
        framing: Framing,
        mut each: impl FnMut(&[u8]),
    ) -> Result<Vec<(String, String)>, Unread> {
        match framing {
            Framing::Exactly(bytes) => self.exactly(bytes, &mut each).await.map(|()| Vec::new()),
            Framing::UntilClose => loop {
                each(&self.buffer.split());
                if !self.fill().await? {
                    return Ok(Vec::new());
                }
            },
            Framing::Chunked => {
                loop {
                    let size = self.line().await?;
                    let bytes = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
                        .map_err(|_| Unread::Nonsense(format!("chunk size {size:?}")))?;
                    if bytes == 0 {
                        break;
                    }
                    self.exactly(bytes, &mut each).await?;
                    if !self.line().await?.is_empty() {
                        return Err(Unread::Nonsense("bytes behind a chunk".to_owned()));
                    }
                }
                let mut trailers = Vec::new();
                loop {
                    let line = self.line().await?;
                    if line.is_empty() {
                        return Ok(trailers);
                    }
                    trailers.push(field(&line)?);
                }
            }
        }
    }

    async fn exactly(&mut self, mut bytes: usize, each: &mut impl FnMut(&[u8])) -> Result<(), Unread> {
        while bytes > 0 {
            if self.buffer.is_empty() && !self.fill().await? {
                return Err(Unread::Cut);
            }
            let piece = self.buffer.split_to(bytes.min(self.buffer.len()));
            bytes -= piece.len();
            each(&piece);
        }
        Ok(())
    }

    async fn line(&mut self) -> Result<String, Unread> {
        let end = loop {
            if let Some(at) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                break at;
            }
            if !self.fill().await? {
                return Err(Unread::Cut);
            }
        };
        let line = self.buffer.split_to(end);
        self.buffer.advance(2);
        String::from_utf8(line.to_vec()).map_err(|_| Unread::Nonsense("a line that is not text".to_owned()))
    }

    async fn fill(&mut self) -> Result<bool, Unread> {
        Ok(self.from.read_buf(&mut self.buffer).await? > 0)
    }

    /// Waits until the other end sends nothing any more; what it sends meanwhile is kept.
    pub(crate) async fn gone(&mut self) {
        while self.buffer.len() < HEAD_BYTES_MAX {
            if !matches!(self.fill().await, Ok(true)) {
                return;
            }
        }
        std::future::pending().await
    }

    /// Whether bytes wait that nobody has asked for.
    pub(crate) fn has_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    pub(crate) fn into_inner(self) -> R {
        self.from
    }
}

fn field(line: &str) -> Result<(String, String), Unread> {
    match line.split_once(':') {
        Some((name, value)) => Ok((name.to_ascii_lowercase(), value.trim().to_owned())),
        None => Err(Unread::Nonsense(format!("field {line:?}"))),
    }
}

/// Reads all that comes through a tunnel.
pub(crate) async fn drain<R: AsyncRead + Unpin>(from: &mut Reader<R>) -> Tunnelled {
    let (mut bytes, mut sum) = (0, Checksum::EMPTY);
    let read = from
        .body(Framing::UntilClose, |piece| {
            bytes += piece.len();
            sum = sum.with(piece);
        })
        .await;
    Tunnelled { bytes, sum: sum.0, clean: read.is_ok() }
}

/// The field that announces a body.
pub(crate) fn announce(plan: &BodyPlan) -> String {
    if plan.chunked {
        "Transfer-Encoding: chunked\r\n".to_owned()
    } else {
        format!("Content-Length: {}\r\n", plan.bytes)
    }
}

/// Writes the first `until` bytes of a body as planned; the end and the trailers too if these are all.
pub(crate) async fn write_body(
    to: &mut (impl AsyncWrite + Unpin),
    plan: &BodyPlan,
    body: &[u8],
    until: usize,
    trailers: &str,
) -> io::Result<()> {
    for piece in body[..until].chunks(plan.piece) {
        if plan.chunked {
            to.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            to.write_all(piece).await?;
            to.write_all(b"\r\n").await?;
        } else {
            to.write_all(piece).await?;
        }
        to.flush().await?;
        if plan.pause > Duration::ZERO {
            tokio::time::sleep(plan.pause).await;
        }
    }
    if plan.chunked && until == plan.bytes {
        to.write_all(format!("0\r\n{trailers}\r\n").as_bytes()).await?;
    }
    to.flush().await
}

const HEAD_BYTES_MAX: usize = 64 * 1024;
