//! Many bytes, sent as fast as they are taken, and known again at the other end.

use std::{cell::Cell, pin::pin, time::Duration};

use bytes::Bytes;
use tokio::{sync::oneshot, time::timeout};

use super::message::{Incoming, Outgoing, Piece};

/// How many bytes are on their way.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    sent: Cell<u64>,
    received: Cell<u64>,
    most: Cell<u64>,
}

/// Sends so many bytes, and tells when nobody takes them. If that never happens, `blocked` is dropped.
pub(crate) async fn pour(out: &mut Outgoing, total: u64, flight: &Flight, blocked: oneshot::Sender<()>) {
    let pattern = Pattern::new();
    let mut blocked = Some(blocked);
    while flight.sent.get() < total {
        let sent = flight.sent.get();
        let bytes = pattern.at(sent, PIECE.min((total - sent) as usize));
        let mut sending = pin!(out.data(bytes));
        let done = match timeout(QUIET, &mut sending).await {
            Ok(done) => done,
            Err(_) => {
                if let Some(blocked) = blocked.take() {
                    // Not everybody wants to know.
                    let _ = blocked.send(());
                }
                sending.await
            }
        };
        done.unwrap_or_else(|_| panic!("cut after {sent} bytes"));
        flight.add(PIECE.min((total - sent) as usize), 0);
    }
}

/// Reads a body of so many bytes, each as it was sent.
pub(crate) async fn swallow(body: &mut Incoming, total: u64, flight: &Flight) {
    let pattern = Pattern::new();
    loop {
        match body.piece().await {
            Piece::Data(bytes) => {
                let at = flight.received.get();
                assert!(bytes == pattern.at(at, bytes.len()), "other bytes than were sent, near {at}");
                flight.add(0, bytes.len());
            }
            Piece::End(_) => break,
            Piece::Cut(why) => panic!("cut after {} bytes: {why:?}", flight.received.get()),
        }
    }
    assert_eq!(flight.received.get(), total);
}

impl Flight {
    /// How many bytes have arrived.
    pub(crate) fn received(&self) -> u64 {
        self.received.get()
    }

    /// How many bytes were on their way at most.
    pub(crate) fn most(&self) -> u64 {
        self.most.get()
    }

    fn add(&self, sent: usize, received: usize) {
        self.sent.set(self.sent.get() + sent as u64);
        self.received.set(self.received.get() + received as u64);
        // A piece may arrive in part before all of it has left.
        self.most.set(self.most.get().max(self.sent.get().saturating_sub(self.received.get())));
    }
}

/// Bytes that tell where they stand: their row repeats after a prime number of them.
struct Pattern(Bytes);

impl Pattern {
    fn new() -> Self {
        Self((0..PERIOD + 2 * PIECE).map(|at| (at % PERIOD) as u8).collect())
    }

    fn at(&self, offset: u64, count: usize) -> Bytes {
        let start = (offset % PERIOD as u64) as usize;
        self.0.slice(start..start + count)
    }
}

const PERIOD: usize = 251;
const PIECE: usize = 64 * 1024;

/// As long as bytes flow freely, one write does not take so long.
const QUIET: Duration = Duration::from_millis(300);
