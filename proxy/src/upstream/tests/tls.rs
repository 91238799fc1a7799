use std::{sync::Arc, time::Duration};

use rustls::{HandshakeKind, RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    join,
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    upstream::{
        pretend::{Peer, Stage, get, on_a_worker},
        tls::{Identity, Trust, client_config},
    },
    wire::tls::{WorldTime, certificates, private_key, provider},
    world::{Clock, World, pretend::SetClock, real},
};

const CA: &[u8] = include_bytes!("../../../../fixtures/certs/ca.pem");
const OTHER_CA: &[u8] = include_bytes!("../../../../fixtures/certs/front-proxy-ca.pem");
const SERVING: &[u8] = include_bytes!("../../../../fixtures/certs/serving.pem");
const SERVING_KEY: &[u8] = include_bytes!("../../../../fixtures/certs/serving-key.pem");
const CLIENT: &[u8] = include_bytes!("../../../../fixtures/certs/client.pem");
const CLIENT_KEY: &[u8] = include_bytes!("../../../../fixtures/certs/client-key.pem");

fn roots(pem: &[u8]) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).unwrap() {
        roots.add(certificate).unwrap();
    }
    Arc::new(roots)
}

/// A stage whose backend is spoken to through TLS, in a world whose clock shows this year.
fn stage(trust: Trust, identity: Option<Identity>, year: u64) -> Stage {
    let mut stage = Stage::new(|config| {
        let world = World { clock: SetClock::in_year(year), ..real::world([3; 32]) };
        config.tls = Arc::new(client_config(&world, trust, identity).unwrap());
    });
    stage.origin.tls = true;
    stage
}

fn trusting(pem: &[u8]) -> Stage {
    stage(Trust::Roots(roots(pem)), None, 2026)
}

/// What a backend shows, and whom it asks for a certificate.
fn server(client_ca: Option<&[u8]>) -> Arc<ServerConfig> {
    let clock: Arc<dyn Clock> = SetClock::in_year(2026);
    let builder = ServerConfig::builder_with_details(provider(), WorldTime::of(&clock));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match client_ca {
        Some(pem) => builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(roots(pem), provider()).build().unwrap(),
        ),
        None => builder.with_no_client_auth(),
    };
    Arc::new(builder.with_single_cert(certificates(SERVING).unwrap(), private_key(SERVING_KEY).unwrap()).unwrap())
}

/// The backend's side of a handshake.
async fn shake(peer: Peer, client_ca: Option<&[u8]>) -> std::io::Result<TlsStream<DuplexStream>> {
    TlsAcceptor::from(server(client_ca)).accept(peer.into_stream()).await
}

/// Serves one request.
async fn serve(tls: &mut TlsStream<DuplexStream>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tls.read_u8().await.unwrap());
    }
    tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
    tls.flush().await.unwrap();
}

/// The text of the error that a backend with our certificate leads to.
async fn told(stage: &Stage, client_ca: Option<&[u8]>) -> String {
    let backend = async {
        let Ok(mut tls) = shake(stage.accept().await, client_ca).await else { return };
        // A client learns behind its handshake that its certificate was refused.
        drop(tls.read_u8().await);
    };
    join!(stage.ask(get("/")), backend).0.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn a_connection_through_tls_is_used_again_and_closed_in_good_order() {
    on_a_worker(async {
        let stage = trusting(CA);
        let backend = async {
            let mut tls = shake(stage.accept().await, None).await.unwrap();
            serve(&mut tls).await;
            serve(&mut tls).await;
            tls
        };
        let client = async {
            for _ in 0..2 {
                assert_eq!(stage.ask(get("/")).await.unwrap().1, "ok");
            }
        };
        let ((), mut tls) = join!(client, backend);
        assert_eq!(stage.transport.idle_connections(), 1);
        // Without close_notify this read would be an error.
        assert_eq!(tls.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_session_with_a_backend_is_resumed_but_not_under_another_trust() {
    // CVE-2025-68121: a backend whose authority was taken away went on to be believed.
    on_a_worker(async {
        let stage = trusting(CA);
        let backend = TlsAcceptor::from(server(None));
        let ask = async || {
            let answer = async {
                let mut tls = backend.accept(stage.accept().await.into_stream()).await.unwrap();
                let kind = tls.get_ref().1.handshake_kind().unwrap();
                serve(&mut tls).await;
                tls.shutdown().await.unwrap();
                kind
            };
            join!(stage.ask(get("/")), answer).1
        };
        assert_eq!(ask().await, HandshakeKind::Full);
        assert_eq!(ask().await, HandshakeKind::Resumed);
        let world = World { clock: SetClock::in_year(2026), ..real::world([3; 32]) };
        stage.transport.renew_tls(&client_config(&world, Trust::Roots(roots(CA)), None).unwrap());
        assert_eq!(ask().await, HandshakeKind::Full);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_offered_where_http1_alone_is_spoken_and_the_name_is_asked_for() {
    on_a_worker(async {
        let stage = trusting(CA);
        let backend = async {
            let mut tls = shake(stage.accept().await, None).await.unwrap();
            let session = tls.get_ref().1;
            assert_eq!((session.alpn_protocol(), session.server_name()), (None, Some("backend.test")));
            serve(&mut tls).await;
        };
        join!(stage.ask(get("/")), backend).0.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_not_good_is_told_as_go_tells_it() {
    on_a_worker(async {
        let prefix = "tls: failed to verify certificate: x509: ";
        let unknown = told(&trusting(OTHER_CA), None).await;
        assert_eq!(unknown, format!("{prefix}certificate signed by unknown authority"));
        let mut wrong = trusting(CA);
        wrong.origin.host = "wrong.test".to_owned();
        assert!(told(&wrong, None).await.ends_with(", *.default.svc, not wrong.test"));
        let late = stage(Trust::Roots(roots(CA)), None, 2150);
        assert_eq!(told(&late, None).await, format!("{prefix}certificate has expired or is not yet valid"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_who_trusts_anyone_takes_any_certificate() {
    on_a_worker(async {
        let mut stage = stage(Trust::Anyone, None, 2150);
        stage.origin.host = "wrong.test".to_owned();
        let backend = async { serve(&mut shake(stage.accept().await, None).await.unwrap()).await };
        assert_eq!(join!(stage.ask(get("/")), backend).0.unwrap().1, "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn we_show_who_we_are_to_backends_that_ask() {
    on_a_worker(async {
        let identity = || Identity { chain: certificates(CLIENT).unwrap(), key: private_key(CLIENT_KEY).unwrap() };
        let known = stage(Trust::Roots(roots(CA)), Some(identity()), 2026);
        let backend = async {
            let mut tls = shake(known.accept().await, Some(CA)).await.unwrap();
            assert_eq!(tls.get_ref().1.peer_certificates().unwrap(), certificates(CLIENT).unwrap());
            serve(&mut tls).await;
        };
        assert_eq!(join!(known.ask(get("/")), backend).0.unwrap().1, "ok");
        assert_eq!(told(&trusting(CA), Some(CA)).await, "remote error: tls: certificate required");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_does_not_speak_tls_is_told_as_go_tells_it() {
    on_a_worker(async {
        for (says, text) in
            [("HTTP/1.1 400 Bad Request\r\n\r\n", "tls: first record does not look like a TLS handshake"), ("", "EOF")]
        {
            let stage = trusting(CA);
            let backend = async {
                let mut peer = stage.accept().await;
                peer.send(says).await;
                peer.end().await;
                peer
            };
            let (answer, _peer) = join!(stage.ask(get("/")), backend);
            assert_eq!(answer.unwrap_err().to_string(), text);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_take_ten_seconds() {
    on_a_worker(async {
        let stage = trusting(CA);
        let started = Instant::now();
        let error = stage.ask(get("/")).await.unwrap_err();
        assert_eq!(error.to_string(), "net/http: TLS handshake timeout");
        assert_eq!(started.elapsed(), Duration::from_secs(10));
    })
    .await;
}
