//! Trailers of an answer pass, whether they were announced or not.

use bytes::Bytes;

use super::{
    message::{Piece, Size},
    place::Place,
    proxy::Between,
};

/// An announced trailer and one that nobody announced; the head announces the first alone.
pub(crate) fn announced_and_others_pass(place: Place, between: Between) {
    trailers_pass(place, between, Some("X-Announced"), &[("x-announced", "1"), ("x-other", "2")]);
}

/// Trailers of which the head said nothing.
pub(crate) fn unannounced_pass(place: Place, between: Between) {
    trailers_pass(place, between, None, &[("x-other", "2")]);
}

fn trailers_pass(
    place: Place,
    between: Between,
    announced: Option<&'static str>,
    trailers: &'static [(&'static str, &'static str)],
) {
    place.play(
        between,
        async move |mut client| {
            let mut asked = client.get().await;
            let head = asked.head().await.expect("an answer");
            assert_eq!((head.status, head.fields.get("trailer")), (200, announced));
            let (body, end) = asked.body().rest().await;
            assert_eq!(body, b"ok");
            let Piece::End(came) = end else { panic!("{end:?}") };
            assert_eq!(came, *trailers);
        },
        async move |mut backend| {
            let mut asking = backend.request().await;
            let fields: Vec<_> = announced.map(|names| ("trailer", names)).into_iter().collect();
            asking.answer(&fields, Size::Unknown).await;
            asking.download().data(Bytes::from_static(b"ok")).await.expect("the bytes are taken");
            asking.download().finish(trailers).await;
        },
    );
}
