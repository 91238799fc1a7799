//! A client that leaves ends the backend's connection promptly.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use http::Method;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use super::{
    backend::{Asking, Backend},
    client::{Asked, Client, Leaving},
    message::{Outgoing, Piece, Size},
    place::Place,
    proxy::Between,
};

/// While the backend works on its answer.
pub(crate) fn before_the_head(place: Place, between: Between) {
    each_way(place, between, Moment::BeforeHead);
}

/// While the backend pauses within its answer.
pub(crate) fn within_a_pausing_body(place: Place, between: Between) {
    each_way(place, between, Moment::Pausing);
}

/// While the backend sends more than the client takes.
pub(crate) fn within_a_flowing_body(place: Place, between: Between) {
    each_way(place, between, Moment::Flowing);
}

/// While the client itself sends: what has come of its request is not called complete.
pub(crate) fn within_its_upload(place: Place, between: Between) {
    each_way(place, between, Moment::Uploading(Size::Exactly(10)));
    each_way(place, between, Moment::Uploading(Size::Unknown));
}

/// While it sends more than the backend takes. HTTP/2 alone: with HTTP/1 the proxy does not read ahead, as Go does not, and learns nothing.
pub(crate) fn within_a_flowing_upload(place: Place, between: Between) {
    each_way(place, between, Moment::UploadFlowing);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    BeforeHead,
    Pausing,
    Flowing,
    Uploading(Size),
    UploadFlowing,
}

fn each_way(place: Place, between: Between, moment: Moment) {
    for how in Leaving::all(between.front) {
        is_noticed(place, between, moment, *how);
    }
}

fn is_noticed(place: Place, between: Between, moment: Moment, how: Leaving) {
    let (reached, is_reached) = oneshot::channel();
    let (leaves, has_left) = oneshot::channel();
    place.play(
        between,
        async move |mut client: Client| {
            let asked = client_until(moment, &mut client).await;
            is_reached.await.expect("the backend gets so far");
            leaves.send(()).expect("the backend waits");
            asked.leave(client, how);
        },
        async move |mut backend: Backend| {
            let asking = backend.request().await;
            let reached = || reached.send(()).expect("the client waits");
            let took = backend_until_given_up(moment, asking, reached, has_left).await;
            println!("{place:?} {between:?} {moment:?} {how:?}: noticed after {took:?}");
            assert!(took <= place.promptly(), "{moment:?} {how:?}: noticed after {took:?}");
        },
    );
}

/// The client's part up to the moment.
async fn client_until(moment: Moment, client: &mut Client) -> Asked {
    match moment {
        Moment::BeforeHead => client.get().await,
        Moment::Pausing | Moment::Flowing => {
            let mut asked = client.get().await;
            asked.head().await.expect("an answer");
            asked.body().piece().await;
            asked
        }
        Moment::Uploading(size) => {
            let mut asked = client.ask(Method::POST, size).await;
            asked.upload.data(Bytes::from_static(b"hello")).await.expect("the bytes are taken");
            asked
        }
        Moment::UploadFlowing => {
            let mut asked = client.ask(Method::POST, Size::Unknown).await;
            until_blocked(&mut asked.upload).await;
            asked
        }
    }
}

/// The backend's part: up to the moment, and from then on until the proxy has given the request up. How long that took
/// behind the client's leave.
async fn backend_until_given_up(
    moment: Moment,
    mut asking: Asking,
    reached: impl FnOnce(),
    has_left: oneshot::Receiver<()>,
) -> Duration {
    let left = async || {
        has_left.await.expect("the client leaves");
        Instant::now()
    };
    match moment {
        Moment::BeforeHead => {
            reached();
            let left = left().await;
            asking.given_up().await;
            left.elapsed()
        }
        Moment::Pausing => {
            asking.answer(&[], Size::Unknown).await;
            asking.download().data(Bytes::from_static(b"some")).await.expect("the bytes are taken");
            reached();
            let left = left().await;
            asking.given_up().await;
            left.elapsed()
        }
        Moment::Flowing => {
            asking.answer(&[], Size::Unknown).await;
            let block = Bytes::from(vec![b'x'; 64 * 1024]);
            let mut flow = pin!(async { while asking.download().data(block.clone()).await.is_ok() {} });
            timeout(QUIET, &mut flow).await.expect_err("the client takes no more, and the proxy neither");
            reached();
            let left = left().await;
            flow.await;
            left.elapsed()
        }
        Moment::Uploading(_) => {
            assert_eq!(asking.body.bytes(5).await, b"hello");
            reached();
            let left = left().await;
            let end = asking.body.piece().await;
            assert!(matches!(end, Piece::Cut(_)), "half a request was called complete: {end:?}");
            left.elapsed()
        }
        Moment::UploadFlowing => {
            asking.body.piece().await;
            reached();
            let left = left().await;
            let (_, end) = asking.body.rest().await;
            assert!(matches!(end, Piece::Cut(_)), "half a request was called complete: {end:?}");
            left.elapsed()
        }
    }
}

/// Sends until nobody takes more.
async fn until_blocked(out: &mut Outgoing) {
    let block = Bytes::from(vec![b'x'; 64 * 1024]);
    let flow = async { while out.data(block.clone()).await.is_ok() {} };
    timeout(QUIET, flow).await.expect_err("the other side takes no more, and the proxy neither");
}

/// As long as bytes flow freely, one write does not take so long.
const QUIET: Duration = Duration::from_millis(200);
