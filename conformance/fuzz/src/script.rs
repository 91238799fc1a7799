//! How an input tells what several connections say, and when.
//!
//! `\n====\n` stands between connections, `\n----\n` between what is said on one of them without waiting: behind it comes a pause, or the
//! next request. What is said last may be `END`: the side is ended.

use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

const NEXT_CONNECTION: &[u8] = b"\n====\n";
const NEXT_PIECE: &[u8] = b"\n----\n";
const END: &[u8] = b"END";

/// Words of the format, for mutations.
pub(crate) const WORDS: [&[u8]; 3] = [NEXT_CONNECTION, NEXT_PIECE, b"\n----\nEND"];

/// Between two pieces.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// What each connection says.
pub(crate) fn connections(input: &[u8]) -> Vec<&[u8]> {
    split(input, NEXT_CONNECTION)
}

/// The pieces that one connection says, and whether it ends behind them.
pub(crate) fn pieces(connection: &[u8]) -> (Vec<&[u8]>, bool) {
    let mut pieces = split(connection, NEXT_PIECE);
    let ends = pieces.last() == Some(&END);
    if ends {
        pieces.pop();
    }
    (pieces, ends)
}

/// Joins what connections say to one input.
pub(crate) fn join(connections: &[Vec<u8>]) -> Vec<u8> {
    connections.join(NEXT_CONNECTION)
}

/// Joins pieces to what one connection says.
pub(crate) fn join_pieces(pieces: &[Vec<u8>]) -> Vec<u8> {
    pieces.join(NEXT_PIECE)
}

/// Says these pieces with pauses between them, to whoever still listens.
pub(crate) async fn say(to: &mut (impl AsyncWrite + Unpin), pieces: &[impl AsRef<[u8]>]) {
    for piece in pieces {
        if to.write_all(piece.as_ref()).await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn split<'a>(mut input: &'a [u8], at: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(found) = input.windows(at.len()).position(|window| window == at) {
        parts.push(&input[..found]);
        input = &input[found + at.len()..];
    }
    parts.push(input);
    parts
}
