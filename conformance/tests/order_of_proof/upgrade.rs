//! An upgrade with early bytes both ways.

use tokio::io::AsyncWriteExt as _;
use weir_conformance::{
    replay::{self, Certificates, Control, Venue, VenueBackend},
    scenario::Family,
    trace::Received,
};

use super::{
    http1::{self, End, Reader},
    place::Place,
    proxy::Between,
    tls,
};

/// Bytes that came behind the request, and bytes that came behind the 101, are the first of the tunnel; later ones follow, and the end of
/// one side leaves the other open.
pub(crate) fn early_bytes_pass_both_ways(place: Place, between: Between) {
    place.play(
        between,
        async move |client| {
            let (mut reader, mut writer) = http1::split(client.dial().await);
            writer.write_all(&[ASK, b"early ping"].concat()).await.expect("taken");
            let head = reader.head().await.expect("an answer");
            assert_eq!(head.start, "HTTP/1.1 101 Switching Protocols");
            assert_eq!(head.fields.get("upgrade"), Some("foo"));
            assert_comes(&mut reader, "early pong").await;
            writer.write_all(b", late ping").await.expect("taken");
            assert_comes(&mut reader, ", late pong").await;
            writer.shutdown().await.expect("a half close");
            assert_comes(&mut reader, ", last words").await;
            assert_eq!(reader.end().await, End::Fin);
            assert!(reader.untaken().is_empty());
        },
        async move |mut backend| {
            let (mut reader, mut writer) = http1::split(backend.connection().await);
            let head = reader.head().await.expect("a request");
            assert_eq!(head.fields.get("upgrade"), Some("foo"));
            assert!(reader.untaken().is_empty(), "early bytes wait for the 101");
            writer.write_all(&[SWITCHED, b"early pong"].concat()).await.expect("taken");
            assert_comes(&mut reader, "early ping").await;
            assert_comes(&mut reader, ", late ping").await;
            writer.write_all(b", late pong").await.expect("taken");
            assert_eq!(reader.end().await, End::Fin);
            assert!(reader.untaken().is_empty());
            writer.write_all(b", last words").await.expect("the other direction is open");
        },
    );
}

/// More early bytes than any buffer holds: both sides send them before they read.
pub(crate) fn many_early_bytes_pass_both_ways(place: Place, between: Between) {
    place.play(
        between,
        async move |client| {
            let (mut reader, mut writer) = http1::split(client.dial().await);
            writer.write_all(ASK).await.expect("taken");
            let read = async {
                reader.head().await.expect("an answer");
                assert!(reader.exactly(MANY).await.expect("all early bytes") == many(b'b'));
            };
            let (wrote, ()) = tokio::join!(async { writer.write_all(&many(b'c')).await }, read);
            wrote.expect("the bytes are taken");
        },
        async move |mut backend| {
            let (mut reader, mut writer) = http1::split(backend.connection().await);
            reader.head().await.expect("a request");
            writer.write_all(SWITCHED).await.expect("taken");
            let read = async { assert!(reader.exactly(MANY).await.expect("all early bytes") == many(b'c')) };
            let (wrote, ()) = tokio::join!(async { writer.write_all(&many(b'b')).await }, read);
            wrote.expect("the bytes are taken");
        },
    );
}

/// Bytes behind a request whose upgrade is refused are not read as the next request.
pub(crate) fn early_bytes_of_a_refused_one_are_no_request(place: Place, between: Between) {
    place.play(
        between,
        async move |client| {
            let (mut reader, mut writer) = http1::split(client.dial().await);
            writer.write_all(&[ASK, b"GET /smuggled HTTP/1.1\r\nHost: h.test\r\n\r\n"].concat()).await.expect("taken");
            let head = reader.head().await.expect("an answer");
            assert_eq!(head.start, "HTTP/1.1 403 Forbidden");
            assert_comes(&mut reader, "no").await;
            // Unread bytes make the proxy's close a reset; the answer is here already.
            reader.end().await;
            assert!(reader.untaken().is_empty(), "one answer and no other");
        },
        async move |mut backend| {
            let (mut reader, mut writer) = http1::split(backend.connection().await);
            reader.head().await.expect("a request");
            writer
                .write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
                .await
                .expect("taken");
            reader.end().await;
            assert!(reader.untaken().is_empty(), "nothing but the request");
        },
    );
}

/// HTTP/2 has no upgrade: a request for one gets Go's 400, and the backend does not hear of it; the connection goes on.
pub(crate) fn over_http2_is_refused(place: Place, between: Between) {
    place.play(
        between,
        async move |client| {
            let family = Family::parse("upgrade/http2", "upgrade over HTTP/2", OVER_HTTP2).expect("a scenario");
            let address = client.proxy.address;
            let venue = Venue {
                subject: address,
                backend: VenueBackend::None,
                backend_address: None,
                authority: String::new(),
                client: address.ip(),
                control: Control::default(),
            };
            let certificates = Certificates::read(&tls::folder()).expect("the certificates");
            let play = replay::play(&client.world, &family.cases[0], venue, &certificates).await;
            assert_eq!(play.faults, []);
            let [refused, answered] = &play.trace.client[0].awaited[..] else { panic!("{play:?}") };
            let Received::Events(events) = &refused.received else { panic!("{refused:?}") };
            assert!(events[0].starts_with(r#"HEADERS 1 [[":status", "400"]"#), "{events:?}");
            let Received::Events(events) = &answered.received else { panic!("{answered:?}") };
            assert!(events.iter().any(|event| event.starts_with(r#"HEADERS 3 [[":status", "200"]"#)), "{events:?}");
        },
        async move |mut backend| {
            let asking = backend.request().await;
            assert_eq!(asking.target, "/next");
            asking.ok().await;
        },
    );
}

fn many(byte: u8) -> Vec<u8> {
    vec![byte; MANY]
}

async fn assert_comes(reader: &mut Reader, text: &str) {
    let bytes = reader.exactly(text.len()).await.unwrap_or_else(|end| panic!("{end:?} before {text:?}"));
    assert_eq!(bytes, text);
}

const MANY: usize = 1 << 20;

const ASK: &[u8] = b"GET /x HTTP/1.1\r\nHost: h.test\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";
const SWITCHED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n";

const OVER_HTTP2: &str = r#"
about: An upgrade over HTTP/2.
subject: {kind: reverse-proxy, front: http2}
cases:
  - name: upgrade
    asks: What does a client get that asks for an upgrade over HTTP/2?
    client:
      - http2:
          - preface
          - {settings: {}}
          - {headers: {stream: 1, fields: [[":method", GET], [":scheme", https], [":path", /x], [":authority", h.test], [upgrade, foo]], end_stream: true}}
      - await: {stream: 1}
      - http2:
          - {headers: {stream: 3, fields: [[":method", GET], [":scheme", https], [":path", /next], [":authority", h.test]], end_stream: true}}
      - await: {stream: 3}
"#;
