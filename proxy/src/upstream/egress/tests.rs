mod environment;
mod socks;

use std::{ffi::OsString, io, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    join,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    upstream::{
        SendError,
        pretend::{Stage, get, on_a_worker},
    },
    wire::tls::{WorldTime, certificates, private_key, provider},
    world::{LocalTask, Process, Running, Signals, real},
};

/// A process whose environment is all there is to it.
#[derive(Debug)]
struct Variables(&'static [(&'static str, &'static str)]);

impl Process for Variables {
    fn workers(&self) -> usize {
        1
    }

    fn start(&self, _name: &str, _body: LocalTask) -> Running {
        Running::new(Box::pin(async { true }))
    }

    fn signals(&self) -> io::Result<Signals> {
        Ok(Signals::new(tokio::sync::mpsc::channel(1).1))
    }

    fn env(&self, name: &str) -> Option<OsString> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
    }
}

fn try_egress(variables: &'static [(&'static str, &'static str)]) -> Result<Egress, BadProxy> {
    let mut world = real::world([1; 32]);
    world.process = Arc::new(Variables(variables));
    Egress::from_environment(&world)
}

/// What an environment of these variables says.
pub(crate) fn egress(variables: &'static [(&'static str, &'static str)]) -> Egress {
    try_egress(variables).unwrap()
}

fn origin(tls: bool, host: &str, port: u16) -> Origin {
    Origin { tls, host: host.to_owned(), port, address: None, alpn: Alpn::Http1 }
}

/// A backend behind a proxy.
fn stage(tls: bool, variables: &'static [(&'static str, &'static str)]) -> Stage {
    let mut stage = Stage::new(|config| config.egress = egress(variables));
    stage.origin = origin(tls, "b.test", 8080);
    stage
}

async fn fails(stage: &Stage) -> String {
    let sent: Result<_, SendError> = stage.send(get("/x")).await;
    sent.unwrap_err().to_string()
}

#[test]
fn the_environment_names_proxies_as_it_does_for_go() {
    let lower = egress(&[("http_proxy", "p.test:3128"), ("https_proxy", "http://s.test"), ("HTTP_PROXY", "")]);
    assert_eq!(format!("{:?} {:?}", lower.http, lower.https), "Some(Http p.test:3128) Some(Http s.test:80)");
    let upper =
        egress(&[("HTTP_PROXY", "socks5h://u:secret@p.test"), ("http_proxy", "other"), ("HTTPS_PROXY", "https://p")]);
    assert_eq!(format!("{:?} {:?}", upper.http, upper.https), "Some(Socks5 p.test:1080) Some(Https p:443)");
    assert_eq!(upper.http.unwrap().authorization().unwrap(), format!("Basic {}", STANDARD.encode("u:secret")));
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_without_its_password() {
    let told = try_egress(&[("HTTPS_PROXY", "ftp://me:secret@p.test")]).unwrap_err().to_string();
    assert_eq!(
        told,
        "HTTPS_PROXY=ftp://p.test: expected http://HOST[:PORT], https://HOST[:PORT] or socks5://HOST[:PORT]"
    );
    assert!(try_egress(&[("HTTP_PROXY", "http://p.test:0")]).is_err());
    assert!(try_egress(&[("HTTP_PROXY", "garbage://")]).is_err());
}

#[test]
fn no_proxy_exempts_what_it_exempts_in_go() {
    let list = "a.test, .b.test ,*.c.test,d.test:81,10.0.0.0/8,192.0.2.1:82,[2001:db8::1]:83,2001:db8::2,:84,E.test";
    let exempt = Exempt::parse(list);
    for (host, port, is_covered) in [
        ("a.test", 80, true),
        ("x.a.test", 80, true),
        ("xa.test", 80, false),
        ("b.test", 80, false),
        ("x.b.test", 80, true),
        ("c.test", 80, false),
        ("x.c.test", 80, true),
        ("d.test", 81, true),
        ("d.test", 80, false),
        ("10.9.8.7", 80, true),
        ("::ffff:10.9.8.7", 80, true),
        ("11.0.0.1", 80, false),
        ("192.0.2.1", 82, true),
        ("192.0.2.1", 80, false),
        ("2001:db8::1", 83, true),
        ("2001:db8::1", 80, false),
        ("2001:db8::2", 80, true),
        ("E.TEST", 80, true),
        ("localhost", 80, true),
        ("127.9.9.9", 80, true),
        ("::1", 80, true),
        ("other.test", 84, false),
    ] {
        assert_eq!(exempt.covers(host, port), is_covered, "{host}:{port}");
    }
    assert!(Exempt::parse("a, * ,b").covers("anything", 1));
    assert!(!Exempt::default().covers("anything", 1));
}

#[test]
fn a_proxy_that_a_client_might_have_chosen_is_refused() {
    let egress = egress(&[("HTTP_PROXY", "p.test"), ("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "p.test")]);
    assert!(matches!(egress.way(&origin(false, "b.test", 80)), Err(SendCause::ProxyFromClient)));
    assert!(matches!(egress.way(&origin(true, "b.test", 443)), Ok(Way::Connect(_))));
}

#[tokio::test(start_paused = true)]
async fn an_http_proxy_is_told_the_origin_and_not_the_host_that_the_client_chose() {
    on_a_worker(async {
        let stage = stage(false, &[("HTTP_PROXY", "http://u:p@p.test:3128")]);
        let proxy = async {
            let mut peer = stage.accept().await;
            let head = peer.head().await;
            assert!(head.starts_with("GET http://b.test:8080/x HTTP/1.1\r\nHost: b.test:8080\r\n"), "{head}");
            assert!(head.ends_with("Accept-Encoding: gzip\r\nProxy-Authorization: Basic dTpw\r\n\r\n"), "{head}");
            peer.answer("ok").await;
        };
        let (answer, ()) = join!(stage.ask(get("/x")), proxy);
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(stage.net.dialled(), ["10.0.0.1:3128"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_is_asked_for_and_tls_begins_behind_the_answer() {
    on_a_worker(async {
        let stage = stage(true, &[("HTTPS_PROXY", "http://u:p@p.test:3128")]);
        let proxy = async {
            let mut peer = stage.accept().await;
            let head = "CONNECT b.test:8080 HTTP/1.1\r\nHost: b.test:8080\r\nUser-Agent: Go-http-client/1.1\r\n\
                        Proxy-Authorization: Basic dTpw\r\n\r\n";
            assert_eq!(peer.head().await, head);
            assert!(peer.is_quiet().await, "TLS waits for the answer");
            peer.send("HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n").await;
            let mut hello = [0; 3];
            let mut stream = peer.into_stream();
            stream.read_exact(&mut hello).await.unwrap();
            assert_eq!(hello, [22, 3, 1], "a ClientHello");
        };
        let (told, ()) = join!(fails(&stage), proxy);
        assert_eq!(told, "EOF");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_makes_no_tunnel_is_told_in_gos_words() {
    for (answer, text) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "Proxy Authentication Required"),
        ("HTTP/1.1 204 No Content\r\n\r\n", "No Content"),
        ("", "unexpected EOF"),
        ("HTTP/1.1 200 OK\r\n\r\nearly", "proxy sent bytes behind its answer to CONNECT"),
        ("nonsense\r\n\r\n", "malformed HTTP response \"nonsense\""),
    ] {
        on_a_worker(async {
            let stage = stage(true, &[("HTTPS_PROXY", "p.test:3128")]);
            let proxy = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                peer.send(answer).await;
                if answer.is_empty() {
                    peer.end().await;
                }
                peer.rest().await
            };
            let (told, rest) = join!(fails(&stage), proxy);
            assert_eq!((told.as_str(), rest.as_str()), (text, ""));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_proxy_is_given_a_minute() {
    on_a_worker(async {
        let stage = stage(true, &[("HTTPS_PROXY", "p.test:3128")]);
        let start = Instant::now();
        let (told, _peer) = join!(fails(&stage), stage.accept());
        assert_eq!((told.as_str(), start.elapsed().as_secs()), ("context deadline exceeded", 60));
    })
    .await;
}

/// Somebody who speaks TLS with the certificate of the tests.
fn acceptor() -> TlsAcceptor {
    let clock = real::world([1; 32]).clock;
    let builder = ServerConfig::builder_with_details(provider(), WorldTime::of(&clock));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let chain = certificates(include_bytes!("../../../../fixtures/certs/serving.pem")).unwrap();
    let key = private_key(include_bytes!("../../../../fixtures/certs/serving-key.pem")).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

async fn head(io: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test(start_paused = true)]
async fn tls_to_an_origin_runs_within_tls_to_its_proxy() {
    on_a_worker(async {
        let stage = stage(true, &[("HTTPS_PROXY", "https://user:pw@proxy.test:8443")]);
        let proxy = async {
            let mut outer = acceptor().accept(stage.accept().await.into_stream()).await.unwrap();
            assert_eq!(outer.get_ref().1.server_name(), Some("proxy.test"));
            let asked = head(&mut outer).await;
            assert!(asked.starts_with("CONNECT b.test:8080 HTTP/1.1\r\nHost: b.test:8080\r\n"), "{asked}");
            assert!(asked.contains("Proxy-Authorization: Basic dXNlcjpwdw==\r\n"), "{asked}");
            outer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            outer.flush().await.unwrap();
            let mut inner = acceptor().accept(outer).await.unwrap();
            assert_eq!(inner.get_ref().1.server_name(), Some("b.test"));
            for _ in 0..2 {
                let asked = head(&mut inner).await;
                assert!(asked.starts_with("GET / HTTP/1.1\r\n") && !asked.contains("Proxy-"), "{asked}");
                inner.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                inner.flush().await.unwrap();
            }
            inner
        };
        let client = async {
            for _ in 0..2 {
                assert_eq!(stage.ask(get("/")).await.unwrap().1, "ok");
            }
        };
        let ((), mut inner) = join!(client, proxy);
        assert_eq!(stage.transport.idle_connections(), 1);
        // Without close_notify of the inner one this read would be an error.
        assert_eq!(inner.read(&mut [0]).await.unwrap(), 0);
    })
    .await;
}
