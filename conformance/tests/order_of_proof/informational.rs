//! A 1xx passes through.

use tokio::sync::oneshot;

use super::{message::Piece, place::Place, proxy::Between};

/// A 103 reaches the client while the backend still works on its answer, and the answer does not repeat its fields.
pub(crate) fn passes_before_the_answer(place: Place, between: Between) {
    let (tell, read) = oneshot::channel();
    place.play(
        between,
        async move |mut client| {
            let mut asked = client.get().await;
            let early = asked.head().await.expect("a 1xx");
            assert_eq!((early.status, early.fields.get("link")), (103, Some("</a>; rel=preload")));
            tell.send(()).expect("the backend waits");
            let head = asked.head().await.expect("an answer");
            assert_eq!((head.status, head.fields.get("link")), (200, None));
            let (body, end) = asked.body().rest().await;
            assert_eq!((&body[..], matches!(end, Piece::End(_))), (&b"ok"[..], true));
        },
        async move |mut backend| {
            let mut asking = backend.request().await;
            asking.inform(103, &[("link", "</a>; rel=preload")]).await;
            read.await.expect("the client reads the 1xx first");
            asking.ok().await;
        },
    );
}

/// Several 1xx reach the client in their order, each with its own fields.
pub(crate) fn several_pass_in_order(place: Place, between: Between) {
    place.play(
        between,
        async move |mut client| {
            let mut asked = client.get().await;
            let first = asked.head().await.expect("a 1xx");
            assert_eq!((first.status, first.fields.get("x-a")), (102, Some("1")));
            let second = asked.head().await.expect("a 1xx");
            assert_eq!((second.status, second.fields.get("x-a"), second.fields.get("link")), (103, None, Some("</b>")));
            assert_eq!(asked.head().await.expect("an answer").status, 200);
        },
        async move |mut backend| {
            let mut asking = backend.request().await;
            asking.inform(102, &[("x-a", "1")]).await;
            asking.inform(103, &[("link", "</b>")]).await;
            asking.ok().await;
        },
    );
}
