//! A large body in little memory, while the one who sends is faster than the one who reads.

use std::rc::Rc;

use http::Method;
use tokio::sync::oneshot;

use super::{
    bulk::{Flight, pour, swallow},
    client::Client,
    memory::Memory,
    message::{Piece, Size},
    place::Place,
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
            is_blocked.await.expect("somebody holds the backend back");
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
            is_blocked.await.expect("somebody holds the client back");
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
        _ => flight.most(),
    };
    println!("{place:?} {between:?}: {} KiB for {} MiB", grown >> 10, flight.received() >> 20);
    assert!(grown < BOUND, "{grown} bytes were kept of {}", flight.received());
}
