mod renegotiation;

use std::{rc::Rc, time::Duration};

use http::StatusCode;
use rustls::{ClientConfig, HandshakeKind, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    task::LocalSet,
    time::Instant,
};
use tokio_rustls::TlsConnector;

use super::*;
use crate::{
    chain::Handler,
    config::limits,
    listen::{Server, Settings, Stopper},
    refusal::Refusal,
    wire::{
        Answer, Body, Channel, Exchange, ResponseHead,
        pipe::pipe,
        tls::{certificates, private_key},
    },
    world::{pretend::SetClock, real},
};

const CA: &[u8] = include_bytes!("../../../../fixtures/certs/ca.pem");
const SERVING: &[u8] = include_bytes!("../../../../fixtures/certs/serving.pem");
const SERVING_KEY: &[u8] = include_bytes!("../../../../fixtures/certs/serving-key.pem");
const CLIENT: &[u8] = include_bytes!("../../../../fixtures/certs/client.pem");
const CLIENT_KEY: &[u8] = include_bytes!("../../../../fixtures/certs/client-key.pem");

/// A world in the year of the certificates.
fn world() -> World {
    World { clock: SetClock::in_year(2026), ..real::world([0; 32]) }
}

fn asking() -> Arc<ServerConfig> {
    asking_server_config(&world(), certificates(SERVING).unwrap(), private_key(SERVING_KEY).unwrap(), Vec::new())
        .unwrap()
}

fn client() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    certificates(CA).unwrap().into_iter().for_each(|root| roots.add(root).unwrap());
    let config = ClientConfig::builder_with_details(provider(), WorldTime::of(&world().clock))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(CLIENT).unwrap(), private_key(CLIENT_KEY).unwrap())
        .unwrap();
    TlsConnector::from(Arc::new(config))
}

fn name() -> ServerName<'static> {
    ServerName::try_from("proxy.test").unwrap()
}

/// Shakes hands as this client does; how it was done, and how many certificates of the client the server knows of.
async fn shake(serving: &Serving, client: &TlsConnector) -> (HandshakeKind, usize) {
    let (end, channel) = pipe(64 << 10);
    let Channel::Plain(stream) = channel else { unreachable!("a pipe is plain") };
    let server = async {
        let mut tls = accept(stream, serving.current()).await.unwrap();
        tls.write_all(b"x").await.unwrap();
        tls.flush().await.unwrap();
        let (_, session) = tls.get_ref();
        (session.handshake_kind().unwrap(), session.peer_certificates().map_or(0, <[_]>::len))
    };
    let client = async {
        // Tickets come in front of the first byte.
        client.connect(name(), end).await.unwrap().read_u8().await.unwrap()
    };
    tokio::join!(server, client).0
}

#[tokio::test(start_paused = true)]
async fn a_session_is_resumed_but_not_behind_new_authorities() {
    // CVE-2025-68121: whom an authority had let in came in again when the authority was gone.
    let (serving, client) = (Serving::new(asking()), client());
    assert_eq!(shake(&serving, &client).await, (HandshakeKind::Full, 1));
    // The certificate is there to be looked at for every request.
    assert_eq!(shake(&serving, &client).await, (HandshakeKind::Resumed, 1));
    serving.replace(asking());
    assert_eq!(shake(&serving, &client).await, (HandshakeKind::Full, 1));
}

/// Answers everything.
struct Ok200;

impl Handler for Ok200 {
    async fn serve(&self, _: &mut Exchange) -> Result<Answer, Refusal> {
        Ok(Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::empty()))
    }
}

/// Plays a client against a server; gives what the client gives, and how long the connection lived.
async fn play<T>(pipe_bytes: usize, client: impl AsyncFnOnce(DuplexStream) -> T) -> (T, Duration) {
    let (end, channel) = pipe(pipe_bytes);
    let Channel::Plain(stream) = channel else { unreachable!("a pipe is plain") };
    let server = Rc::new(Server::new(Rc::new(Ok200), Settings::bounded(Some(asking())), world()));
    let (_stopper, stop) = Stopper::new();
    let before = Instant::now();
    let served = async {
        server.serve_stream(stream, stop).await;
        before.elapsed()
    };
    LocalSet::new()
        .run_until(async {
            let (lived, said) = tokio::join!(served, client(end));
            (said, lived)
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_come_byte_by_byte() {
    // RUSTSEC-2024-0399: a record that came in pieces was a panic.
    let (answer, _) = play(64 << 10, async |end| {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (mut from_client, mut to_client) = tokio::io::split(theirs);
        let (mut from_server, mut to_server) = tokio::io::split(end);
        let bytes = async {
            while let Ok(byte) = from_client.read_u8().await {
                to_server.write_u8(byte).await.unwrap();
                // The server has read it before the next one comes.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let talk = async {
            let mut tls = client().connect(name(), ours).await.unwrap();
            tls.write_all(b"GET / HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            tls.read_to_string(&mut answer).await.unwrap();
            answer
        };
        tokio::select! {
            biased;
            answer = talk => answer,
            _ = async { tokio::join!(bytes, tokio::io::copy(&mut from_server, &mut to_client)) } => unreachable!("the client ends first"),
        }
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_handshake_ends_at_once() {
    // RUSTSEC-2024-0336: a close_notify within the handshake was read for ever.
    let hello_of_nothing = [&[22, 3, 1, 2, 0][..], &[1; 512]].concat();
    for bytes in [
        &[21, 3, 1, 0, 2, 1, 0][..],
        &[22, 3, 1, 0, 0, 22, 3, 1, 0, 0],
        &[22, 3, 1, 255, 255],
        &[22, 3, 1, 0, 4, 1, 255, 255, 255, 22, 3, 1, 0, 4, 0, 0, 0, 0],
        &[23, 3, 3, 0, 1, 0],
        &hello_of_nothing,
    ] {
        let ((), lived) = play(64 << 10, async |mut end| {
            end.write_all(bytes).await.unwrap();
            end.shutdown().await.unwrap();
            let _an_alert = end.read_to_end(&mut Vec::new()).await;
        })
        .await;
        assert_eq!(lived, Duration::ZERO, "{bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_handshake_is_not_waited_for() {
    for bytes in [&[][..], &[22], &[22, 3, 1, 1, 0], &[22, 3, 1, 1, 0, 1, 0, 0, 252]] {
        let ((), lived) = play(64 << 10, async |mut end| {
            end.write_all(bytes).await.unwrap();
            let _an_end = end.read_to_end(&mut Vec::new()).await;
        })
        .await;
        assert_eq!(lived, Settings::bounded(None).tls_handshake_timeout, "{bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn key_updates_without_end_end_the_connection() {
    // CVE-2026-32283: each asks for an answer, and for new keys.
    let (asked, lived) = play(64 << 10, async |end| {
        let mut tls = client().connect(name(), end).await.unwrap();
        for asked in 0..10_000 {
            tls.get_mut().1.refresh_traffic_keys().unwrap();
            if tls.flush().await.is_err() {
                return asked;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        10_000
    })
    .await;
    assert!(asked < 100, "{asked}");
    assert!(lived < Duration::from_secs(1), "{lived:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_not_even_the_close_is_not_waited_for() {
    // It had its answer, or so the kernel said, and close_notify found no more room: the connection and its task stayed for ever.
    let hour = Duration::from_secs(3600);
    for pipe_bytes in (300..800).step_by(10) {
        let ((), lived) = play(pipe_bytes, async |end| {
            let mut tls = client().connect(name(), end).await.unwrap();
            tls.write_all(b"GET / HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n").await.unwrap();
            tls.flush().await.unwrap();
            tokio::time::sleep(hour).await;
        })
        .await;
        assert!(lived <= limits::SEND_TIMEOUT + limits::TLS_CLOSE_TIMEOUT, "{pipe_bytes}: {lived:?}");
    }
}
