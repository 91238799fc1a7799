mod changes;
mod upgrades;

use std::{rc::Rc, time::Duration};

use tokio::time::Instant;

use super::*;
use crate::{
    aggregate::{
        BadTls, Credential, Services,
        pretend::{Manner, Stage, api_service, exchange, ok, on_a_worker, put_external_name, read},
    },
    upstream::egress::tests::egress,
    wire::exchange::PeerTls,
    world::Planted,
};

/// A request for another protocol.
fn upgrade(protocol: &str) -> Exchange {
    let fields = [
        ("Connection", "keep-alive, Upgrade, X-Remote-User"),
        ("Upgrade", protocol),
        ("Keep-Alive", "1"),
        ("X-Remote-User", "root"),
    ];
    exchange("GET", "/apis/example.com/v1/x/exec?b=2&a=1", &fields)
}

#[tokio::test]
async fn a_backend_sees_what_gos_would_see() {
    on_a_worker(async {
        let stage = Stage::new(ok("hello"));
        let mut asked = exchange(
            "GET",
            "/apis/example.com/v1/a%2Fb?b=2&a=1;x&watch",
            &[
                ("Accept", "application/json"),
                ("Connection", "close, X-Remote-User, X-Secret"),
                ("X-Remote-User", "root"),
                ("X_Remote_Group", "system:masters"),
                ("X-Secret", "1"),
                ("X-Forwarded-For", "198.51.100.1"),
                ("X-Forwarded-Host", "forged"),
                ("Te", "trailers"),
            ],
        );
        assert_eq!(read(stage.send(&mut asked).await).await, (200, "hello".to_owned()));
        let seen = stage.backends.seen().remove(0);
        let expected = "GET /apis/example.com/v1/a/b?b=2&watch= HTTP/1.1\r\nHost: 10.0.0.1:443\r\nAccept: application/json\r\nTe: trailers\r\n\
             X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\nX-Forwarded-Host: 10.0.0.1:443\r\nX-Forwarded-Proto: https\r\n\
             X-Forwarded-Uri: /apis/example.com/v1/a/b\r\nX-Remote-Group: a\r\nX-Remote-User: jane\r\nAccept-Encoding: gzip\r\n\r\n";
        assert_eq!(seen.head, expected);
        assert_eq!((seen.server_name.as_str(), seen.alpn.as_str()), ("api.ns.svc", "http/1.1"));
        assert!(seen.shows_certificate);
    })
    .await;
}

/// Go: `handler_proxy.go` `ServeHTTP`. An earlier reason hides a later one.
#[tokio::test]
async fn reasons_to_refuse_come_in_gos_order() {
    on_a_worker(async {
        let mut stage = Stage::new(ok(""));
        let target = "/apis/example.com/v1/x";
        stage.services = Services::default();
        stage.publish();
        assert_eq!(
            stage.said(target).await,
            (503, "service unavailable\n".to_owned()),
            "nobody answers for the Service"
        );
        stage.user = None;
        assert_eq!(stage.said(target).await, (500, "missing user\n".to_owned()));
        stage.user = Some(User::default());
        assert_eq!(stage.said(target).await, (500, "missing user\n".to_owned()), "a user without a name is none");
        stage.service.spec.ca_bundle = b"no PEM".to_vec();
        stage.publish();
        assert_eq!(stage.said(target).await, (500, format!("{}\n", BadTls::NoPem)));
        stage.service.status.conditions.clear();
        stage.publish();
        assert_eq!(stage.said(target).await, (503, "service unavailable\n".to_owned()), "nobody has looked yet");
        stage.service.spec.service = None;
        stage.publish();
        assert_eq!(stage.said(target).await, (404, "\n".to_owned()));
        assert_eq!(stage.backends.connections(), 0);
    })
    .await;
}

/// One request to an APIService that led back to us went round until the probe found out: thousands of connections, gigabytes.
#[tokio::test]
async fn a_request_goes_through_aggregators_so_often_and_no_more() {
    on_a_worker(async {
        let stage = Stage::new(ok("round"));
        let (certificate, key) = stage.backends.authority().sign("front-proxy-client");
        let (stranger, _) = stage.backends.authority().sign("front-proxy-client");
        let ours = Credential::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        stage.aggregation.set_credential(Some(ours));
        let showing = |pem: &str, hops: usize| {
            let certificates = crate::wire::tls::certificates(pem.as_bytes()).unwrap();
            let through = vec!["192.0.2.1"; hops].join(", ");
            let mut asked = exchange("GET", "/apis/example.com/v1/x", &[("X-Forwarded-For", &through)]);
            asked.peer.tls = Some(Rc::new(PeerTls { certificates }));
            asked
        };
        let max = limits::AGGREGATED_HOPS_MAX;
        let (status, text) = read(stage.send(&mut showing(&certificate, max)).await).await;
        assert_eq!((status, text.as_str()), (503, "the request has come through too many aggregators\n"));
        assert_eq!(stage.backends.connections(), 0);
        for (pem, hops) in [(&certificate, max - 1), (&stranger, max)] {
            assert_eq!(read(stage.send(&mut showing(pem, hops)).await).await, (200, "round".to_owned()));
        }
    })
    .await;
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_told_in_gos_words() {
    on_a_worker(async {
        let mut stage = Stage::new(ok(""));
        put_external_name(&mut stage.services, "api", "10.0.0.2");
        stage.publish();
        let text = "error trying to reach service: dial tcp 10.0.0.2:443: connect: connection refused\n";
        assert_eq!(stage.said("/apis/example.com/v1/x").await, (503, text.to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_backend_with_a_wrong_certificate_hears_nothing() {
    on_a_worker(async {
        let stage = Stage::new(ok(""));
        stage.backends.put("10.0.0.1:443", "other.ns.svc", ok("stolen"));
        let (status, text) = stage.said("/apis/example.com/v1/x").await;
        assert_eq!(status, 503);
        let expected = "error trying to reach service: tls: failed to verify certificate: x509: ";
        assert!(text.starts_with(expected), "{text}");
        assert!(stage.backends.seen().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_insecure_api_service_takes_every_certificate_and_still_shows_ours() {
    on_a_worker(async {
        let mut stage = Stage::new(ok(""));
        stage.backends.put("10.0.0.1:443", "other.ns.svc", ok("fine"));
        stage.service.spec.ca_bundle.clear();
        stage.service.spec.insecure_skip_tls_verify = true;
        stage.publish();
        assert_eq!(stage.said("/apis/example.com/v1/x").await, (200, "fine".to_owned()));
        let seen = stage.backends.seen().remove(0);
        assert_eq!((seen.server_name.as_str(), seen.shows_certificate), ("api.ns.svc", true));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_document_of_a_version_has_five_seconds() {
    on_a_worker(async {
        let stage = Stage::new(Manner::Hangs(String::new()));
        let begun = Instant::now();
        let text = "error trying to reach service: context deadline exceeded\n";
        assert_eq!(stage.said("/apis/example.com/v1").await, (503, text.to_owned()));
        assert_eq!(begun.elapsed().as_secs(), 5);
        let resource = stage.get("/apis/example.com/v1/x");
        assert!(tokio::time::timeout(Duration::from_secs(60), resource).await.is_err(), "a resource takes its time");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_document_that_has_begun_is_cut_after_five_seconds_too() {
    on_a_worker(async {
        let stage = Stage::new(Manner::Hangs("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_owned()));
        assert_eq!(stage.said("/apis/example.com/v1/").await, (200, "half<cut: deadline exceeded>".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_backend_sends_no_client_elsewhere() {
    on_a_worker(async {
        for status in [300, 301, 302, 304, 307, 308, 399] {
            let stage = Stage::new(Manner::Says(format!("HTTP/1.1 {status} X\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n")));
            let answered = stage.get("/apis/example.com/v1/x").await;
            let Ok(Answer::Reply(head, _)) = &answered else { panic!("{status} has no reply") };
            assert!(!head.headers.contains(&Name::LOCATION), "{status} was passed on");
            let text = "the backend attempted to redirect this request, which is not permitted";
            assert_eq!(read(answered).await, (502, text.to_owned()));
        }
        let stage = Stage::new(Manner::Says("HTTP/1.1 304 X\r\n\r\n".to_owned()));
        assert_eq!(stage.said("/apis/example.com/v1/x").await, (304, String::new()), "it sends nobody anywhere");
        let stage = Stage::new(Manner::Says("HTTP/1.1 302 X\r\nLocation: %zz\r\nContent-Length: 0\r\n\r\n".to_owned()));
        let text = "Internal error occurred: error trying to parse Location header: parse \"%zz\": invalid URL escape \"%zz\"\n";
        assert_eq!(stage.said("/apis/example.com/v1/x").await, (503, text.to_owned()));
    })
    .await;
}

#[tokio::test]
async fn what_origins_may_read_is_not_the_backends_to_say() {
    on_a_worker(async {
        let fields =
            "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\nAccess-Control-Max-Age: 1\r\n";
        let stage = Stage::new(Manner::Says(format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n")));
        let Ok(Answer::Reply(head, _)) = stage.get("/apis/example.com/v1/x").await else { panic!("no reply") };
        let names: Vec<String> = head.headers.iter().map(|(name, _)| format!("{name:?}")).collect();
        assert_eq!(names, ["Access-Control-Max-Age"]);
    })
    .await;
}

/// Go takes proxies of the environment for requests, and dials by itself for upgrades.
#[tokio::test]
async fn requests_leave_through_the_proxy_of_the_environment_and_upgrades_do_not() {
    on_a_worker(async {
        let target = "/apis/example.com/v1/x";
        let stage = Stage::behind(ok("hello"), egress(&[("HTTPS_PROXY", "http://10.0.0.9:3128")]));
        let (status, text) = stage.said(target).await;
        assert_eq!(status, 503);
        assert!(text.contains("proxyconnect tcp: dial tcp 10.0.0.9:3128"), "{text}");
        let said = "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        let stage = Stage::behind(Manner::Echoes(said.to_owned()), egress(&[("HTTPS_PROXY", "http://10.0.0.9:3128")]));
        assert!(matches!(stage.send(&mut upgrade("websocket")).await, Ok(Answer::Switch(..))));
        let variables = &[("HTTPS_PROXY", "http://10.0.0.9:3128"), ("NO_PROXY", "10.0.0.0/24")];
        assert_eq!(Stage::behind(ok("hello"), egress(variables)).said(target).await, (200, "hello".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn what_a_user_is_called_cannot_end_a_line() {
    on_a_worker(async {
        for name in ["a\r\nX-Remote-Group: system:masters", "a\0", "a\nb"] {
            let mut stage = Stage::new(Manner::Says("HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n".to_owned()));
            stage.user = Some(User::named(name));
            assert_eq!(stage.said("/apis/example.com/v1/x").await.0, 503, "{name:?}");
            assert_eq!(read(stage.send(&mut upgrade("websocket")).await).await.0, 503, "{name:?}");
            assert!(stage.backends.seen().is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn the_planted_bug_sends_requests_to_another_backend() {
    on_a_worker(async {
        for (planted, expected) in [(Planted::none(), "mine"), (Planted::one(Bug::RoutesToTheOtherBackend), "other")] {
            let mut stage = Stage::in_world(ok("mine"), |world| world.planted = planted);
            stage.backends.put("10.0.0.2:443", "other.ns.svc", ok("other"));
            put_external_name(&mut stage.services, "other", "10.0.0.2");
            let mut other = api_service("another.com", "other");
            other.spec.ca_bundle = stage.service.spec.ca_bundle.clone();
            let both = [other, stage.service.clone()];
            stage.aggregation.publish(stage.registrar.table(&both, stage.services.clone()));
            assert_eq!(stage.said("/apis/example.com/v1/x").await.1, expected);
        }
    })
    .await;
}
