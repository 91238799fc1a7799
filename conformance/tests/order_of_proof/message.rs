//! Bodies on their way, in either version of HTTP: what comes in, and what goes out.

use std::{future::poll_fn, task::Poll};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use tokio::io::AsyncWriteExt as _;

use super::{
    fields::{Fields, map_of},
    http1,
};

/// A version of HTTP, and how it is reached here: HTTP/1 in the clear, HTTP/2 through TLS by ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

/// How large a body is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// There is none.
    None,
    Exactly(u64),
    /// Chunked on HTTP/1.
    Unknown,
}

/// What comes of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Data(Bytes),
    /// It is complete, with these trailers.
    End(Fields),
    /// It is not complete, and nothing more will come.
    Cut(Cut),
}

/// How a body broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// HTTP/1: its connection ended.
    Connection(http1::End),
    /// HTTP/2: its stream was reset, or, without a reason, its connection is gone.
    Stream(Option<Reason>),
}

/// A body that comes in.
#[derive(Debug)]
pub(crate) enum Incoming {
    One(http1::Body),
    Two(RecvStream),
}

impl Incoming {
    pub(crate) async fn piece(&mut self) -> Piece {
        match self {
            Self::One(body) => body.piece().await,
            Self::Two(stream) => piece(stream).await.unwrap_or_else(|error| Piece::Cut(Cut::Stream(error.reason()))),
        }
    }

    /// So many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.piece().await {
                Piece::Data(bytes) => all.extend_from_slice(&bytes),
                other => panic!("after {} of {count} bytes: {other:?}", all.len()),
            }
        }
        assert_eq!(all.len(), count, "no more than that");
        all
    }

    /// All that comes, and how it ends.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, Piece) {
        let mut all = Vec::new();
        loop {
            match self.piece().await {
                Piece::Data(bytes) => all.extend_from_slice(&bytes),
                end => return (all, end),
            }
        }
    }
}

async fn piece(stream: &mut RecvStream) -> Result<Piece, h2::Error> {
    while let Some(bytes) = stream.data().await {
        let bytes = bytes?;
        stream.flow_control().release_capacity(bytes.len())?;
        if !bytes.is_empty() {
            return Ok(Piece::Data(bytes));
        }
    }
    let trailers = stream.trailers().await?;
    Ok(Piece::End(trailers.map(|map| Fields::of_map(&map)).unwrap_or_default()))
}

/// A body that goes out.
pub(crate) enum Outgoing {
    One(http1::Writer, Size),
    Two(SendStream<Bytes>),
}

/// Nobody takes the body any more.
#[derive(Debug)]
pub(crate) struct Unwanted;

impl Outgoing {
    /// Sends bytes; waits for as long as the other side does not take them.
    pub(crate) async fn data(&mut self, bytes: Bytes) -> Result<(), Unwanted> {
        match self {
            Self::One(writer, Size::Unknown) => http1::send_chunk(writer, &bytes).await.map_err(|_| Unwanted),
            Self::One(writer, _) => writer.write_all(&bytes).await.map_err(|_| Unwanted),
            Self::Two(stream) => send(stream, bytes).await,
        }
    }

    /// Ends it.
    pub(crate) async fn finish(&mut self, trailers: &[(&'static str, &'static str)]) {
        match self {
            Self::One(writer, Size::Unknown) => {
                http1::send_last_chunk(writer, trailers).await.expect("the last chunk is taken");
            }
            Self::One(..) => assert!(trailers.is_empty(), "a body with a length has no trailers"),
            Self::Two(stream) if trailers.is_empty() => stream.send_data(Bytes::new(), true).expect("an open stream"),
            Self::Two(stream) => stream.send_trailers(map_of(trailers)).expect("an open stream"),
        }
    }
}

async fn send(stream: &mut SendStream<Bytes>, mut bytes: Bytes) -> Result<(), Unwanted> {
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let room = poll_fn(|cx| {
            if let Poll::Ready(Ok(_) | Err(_)) = stream.poll_reset(cx) {
                return Poll::Ready(None);
            }
            stream.poll_capacity(cx)
        });
        match room.await {
            Some(Ok(room)) => {
                let now = bytes.split_to(room.min(bytes.len()));
                stream.send_data(now, false).map_err(|_| Unwanted)?;
            }
            Some(Err(_)) | None => return Err(Unwanted),
        }
    }
    Ok(())
}

/// Waits until the other side has reset a stream, or the connection is gone.
pub(crate) async fn reset_of(stream: &mut SendStream<Bytes>) -> Option<Reason> {
    poll_fn(|cx| stream.poll_reset(cx)).await.ok()
}
