//! A large body in little memory, while the one who sends is faster than the one who reads.

use std::{cell::Cell, pin::pin, rc::Rc, time::Duration};

use bytes::Bytes;
use http::Method;
use tokio::{sync::oneshot, time::timeout};

use super::{
    client::Client,
    message::{Incoming, Outgoing, Piece, Size},
    place::Place,
    process::Memory,
    proxy::Between,
};

/// What the proxy may keep of a body: its memory, or, in the simulator, the bytes that were sent and not yet received.
const BOUND: u64 = 8 << 20;

/// An answer, of known length.
pub(crate) fn down(place: Place, between: Between) {
    let total = total(place);
    let (flight, (blocked, is_blocked)) = (Rc::new(Flight::default()), oneshot::channel());
    let sender = Rc::clone(&flight);
    place.play(
        between,
        async move |mut client: Client| {
            let before = warmed_up(&mut client).await;
            let mut asked = client.get().await;
            assert_eq!(asked.head().await.expect("an answer").status, 200);
            is_blocked.await.expect("the backend sends");
            swallow(asked.body(), total, &flight).await;
            assert_bounded(place, between, &flight, before, client.proxy.process);
        },
        async move |mut backend| {
            backend.request().await.ok().await;
            let mut asking = backend.request().await;
            asking.answer(&[], Size::Exactly(total)).await;
            pour(asking.download(), total, &sender, blocked).await;
            asking.download().finish(&[]).await;
        },
    );
}

/// A request, of unknown length.
pub(crate) fn up(place: Place, between: Between) {
    let total = total(place);
    let (flight, (blocked, is_blocked)) = (Rc::new(Flight::default()), oneshot::channel());
    let sender = Rc::clone(&flight);
    place.play(
        between,
        async move |mut client: Client| {
            let before = warmed_up(&mut client).await;
            let mut asked = client.ask(Method::POST, Size::Unknown).await;
            pour(&mut asked.upload, total, &sender, blocked).await;
            asked.upload.finish(&[]).await;
            assert_eq!(asked.head().await.expect("an answer").status, 200);
            assert_bounded(place, between, &sender, before, client.proxy.process);
        },
        async move |mut backend| {
            backend.request().await.ok().await;
            let mut asking = backend.request().await;
            is_blocked.await.expect("the client sends");
            swallow(&mut asking.body, total, &flight).await;
            asking.ok().await;
        },
    );
}

fn total(place: Place) -> u64 {
    match (place, std::env::var_os("WEIR_EFFORT")) {
        (Place::Simulator, _) => 64 << 20,
        (_, Some(effort)) if effort == "full" => 1 << 30,
        (..) => 100 << 20,
    }
}

/// How many bytes are on their way.
#[derive(Debug, Default)]
struct Flight {
    sent: Cell<u64>,
    received: Cell<u64>,
    most: Cell<u64>,
}

/// One small conversation, so that all that is there once is there; then the memory of the proxy's process.
async fn warmed_up(client: &mut Client) -> Option<Memory> {
    let mut asked = client.get().await;
    assert_eq!(asked.head().await.expect("an answer").status, 200);
    assert!(matches!(asked.body().rest().await, (_, Piece::End(_))));
    client.proxy.process.map(Memory::of)
}

fn assert_bounded(place: Place, between: Between, flight: &Flight, before: Option<Memory>, process: Option<u32>) {
    let grown = match (before, process.map(Memory::of)) {
        (Some(before), Some(after)) => {
            println!("{place:?} {between:?}: before {before:?}, after {after:?}");
            after.peak - before.resident
        }
        _ => flight.most.get(),
    };
    println!("{place:?} {between:?}: {} KiB for {} MiB", grown >> 10, flight.received.get() >> 20);
    assert!(grown < BOUND, "{grown} bytes were kept of {}", flight.received.get());
}

/// Sends so many bytes, and tells when nobody takes them.
async fn pour(out: &mut Outgoing, total: u64, flight: &Flight, blocked: oneshot::Sender<()>) {
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
                    blocked.send(()).expect("the other end waits");
                }
                sending.await
            }
        };
        done.unwrap_or_else(|_| panic!("cut after {sent} bytes"));
        flight.add(PIECE.min((total - sent) as usize), 0);
    }
    assert!(blocked.is_none(), "everything was taken though nobody read");
}

/// Reads a body of so many bytes, each as it was sent.
async fn swallow(body: &mut Incoming, total: u64, flight: &Flight) {
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
