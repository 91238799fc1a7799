//! A cut body is never called complete.

use bytes::Bytes;
use h2::Reason;
use tokio::sync::oneshot;

use super::{
    backend::Backend,
    client::Client,
    message::{Cut, Http, Outgoing, Piece, Size},
    place::Place,
    proxy::{Between, Flush},
};

/// However a backend breaks off within its answer, the client learns that it is not complete; with HTTP/2 its connection goes on.
pub(crate) fn is_never_called_complete(place: Place, between: Between) {
    let ways = match between.back {
        Http::One => &OVER_HTTP1[..],
        Http::Two => &OVER_HTTP2,
    };
    for way in ways {
        println!("{way:?}");
        is_told(place, Between { flush: Flush::AtOnce, ..between }, *way);
    }
}

/// A backend breaks off before the proxy has sent anything of its answer: the client gets nothing, and no head of a
/// body that will not come.
pub(crate) fn before_anything_was_sent_gives_nothing(place: Place, between: Between) {
    place.play(
        between,
        async move |mut client: Client| {
            let mut asked = client.get().await;
            let head = asked.head().await;
            assert!(head.is_err(), "a head was sent: {head:?}");
        },
        async move |mut backend: Backend| {
            let mut asking = backend.request().await;
            asking.answer(&[], Size::Exactly(5)).await;
            asking.download().data(Bytes::from_static(b"part")).await.expect("the bytes are taken");
            asking.download().finish(&[]).await;
        },
    );
}

#[derive(Clone, Copy, Debug)]
enum Way {
    /// HTTP/1: the head, `part`, and behind what the client has heard of it, these bytes and this end of the connection.
    Bytes(Framing, &'static str, Ends),
    /// HTTP/2: the stream is reset.
    StreamReset(Reason),
    /// HTTP/2: the connection is closed.
    Closed,
    /// HTTP/2: the stream ends before its declared length.
    Short,
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    Chunked,
    Length5,
    UntilClose,
}

#[derive(Clone, Copy, Debug)]
enum Ends {
    Fin,
    Reset,
}

const OVER_HTTP1: [Way; 9] = [
    Way::Bytes(Framing::Chunked, "", Ends::Fin),
    Way::Bytes(Framing::Chunked, "", Ends::Reset),
    Way::Bytes(Framing::Chunked, "4\r\nha", Ends::Fin),
    Way::Bytes(Framing::Chunked, "4\r\nhalf", Ends::Fin),
    // The last chunk has come, the line that ends the trailers has not.
    Way::Bytes(Framing::Chunked, "0\r\n", Ends::Fin),
    Way::Bytes(Framing::Chunked, "0\r\nX-A: 1\r\n", Ends::Fin),
    Way::Bytes(Framing::Length5, "", Ends::Fin),
    Way::Bytes(Framing::Length5, "", Ends::Reset),
    // A body that ends with its connection is complete at a FIN, not at a reset.
    Way::Bytes(Framing::UntilClose, "", Ends::Reset),
];

const OVER_HTTP2: [Way; 5] = [
    Way::StreamReset(Reason::INTERNAL_ERROR),
    Way::StreamReset(Reason::CANCEL),
    // It sounds like an end, and is none.
    Way::StreamReset(Reason::NO_ERROR),
    Way::Closed,
    Way::Short,
];

fn is_told(place: Place, between: Between, way: Way) {
    let (tell, read) = oneshot::channel();
    place.play(
        between,
        async move |mut client: Client| {
            let mut asked = client.get().await;
            assert_eq!(asked.head().await.expect("an answer").status, 200);
            assert_eq!(asked.body().bytes(4).await, b"part");
            tell.send(()).expect("the backend waits");
            let (more, end) = asked.body().rest().await;
            let Piece::Cut(cut) = end else { panic!("{way:?} was called complete") };
            if between.front == Http::Two {
                assert_eq!(cut, Cut::Stream(Some(Reason::INTERNAL_ERROR)), "{way:?}");
            }
            assert!(b"half".starts_with(&more), "{way:?}: {more:?}");
            let mut next = client.get().await;
            assert_eq!(next.head().await.expect("the next answer").status, 200);
            assert_eq!(next.body().bytes(2).await, b"ok");
        },
        async move |mut backend: Backend| {
            break_off(&mut backend, way, read).await;
            backend.request().await.ok().await;
        },
    );
}

async fn break_off(backend: &mut Backend, way: Way, client_has_read: oneshot::Receiver<()>) {
    let client_has_read = async || client_has_read.await.expect("the client reads the first bytes");
    let mut asking = backend.request().await;
    if let Way::Bytes(framing, more, ends) = way {
        asking.raw(framing.start().as_bytes()).await;
        client_has_read().await;
        asking.raw(more.as_bytes()).await;
        return match ends {
            Ends::Fin => drop(asking),
            Ends::Reset => asking.reset(),
        };
    }
    let size = if matches!(way, Way::Short) { Size::Exactly(5) } else { Size::Unknown };
    asking.answer(&[], size).await;
    asking.download().data(Bytes::from_static(b"part")).await.expect("the bytes are taken");
    client_has_read().await;
    match (way, asking.download()) {
        (Way::StreamReset(reason), Outgoing::Two(stream)) => stream.send_reset(reason),
        (Way::Closed, _) => backend.hang_up(),
        (_, download) => download.finish(&[]).await,
    }
}

impl Framing {
    /// The head, and the first bytes.
    fn start(self) -> &'static str {
        match self {
            Self::Chunked => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
            Self::Length5 => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\npart",
            Self::UntilClose => "HTTP/1.1 200 OK\r\n\r\npart",
        }
    }
}
