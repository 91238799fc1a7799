use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::probe::probe;
use crate::aggregate::{
    Endpoint,
    pretend::{Manner, Seen, Stage, ok, on_a_worker},
};

const URL: &str = "https://10.0.0.1:443/apis/example.com/v1";

fn endpoint(host: &str) -> Endpoint {
    Endpoint { host: host.to_owned(), port: 443 }
}

/// What a probe of these endpoints says.
async fn probed(stage: &Stage, hosts: &[&str]) -> Result<(), String> {
    let backend = stage.aggregation.table().backends().next().cloned().unwrap();
    let tls = Arc::clone(backend.tls.as_ref().unwrap().as_ref().unwrap());
    let endpoints: Vec<Endpoint> = hosts.iter().map(|host| endpoint(host)).collect();
    probe(&stage.proxy, &backend, &tls, &endpoints).await
}

#[tokio::test]
async fn a_backend_is_asked_for_its_document_in_the_name_of_the_aggregator() {
    on_a_worker(async {
        let stage = Stage::new(ok("<html>anything will do"));
        assert_eq!(probed(&stage, &["10.0.0.1"]).await, Ok(()));
        let Seen { head, .. } = stage.backends.seen().remove(0);
        let expected = "GET /apis/example.com/v1 HTTP/1.1\r\nHost: 10.0.0.1:443\r\nUser-Agent: Go-http-client/2.0\r\n\
             X-Remote-Group: system:masters\r\nX-Remote-User: system:kube-aggregator\r\nAccept-Encoding: gzip\r\n\r\n";
        assert_eq!(head, expected);
    })
    .await;
}

#[tokio::test]
async fn only_2xx_is_an_answer_and_nobody_is_followed() {
    on_a_worker(async {
        for status in [200, 201, 299] {
            let stage = Stage::new(Manner::Says(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")));
            assert_eq!(probed(&stage, &["10.0.0.1"]).await, Ok(()), "{status}");
        }
        for status in [300, 302, 304, 403, 404, 500, 503] {
            let said = format!("HTTP/1.1 {status} X\r\nLocation: https://10.0.0.2/\r\nContent-Length: 0\r\n\r\n");
            let stage = Stage::new(Manner::Says(said));
            stage.backends.put("10.0.0.2:443", "api.ns.svc", ok("elsewhere"));
            let text = format!("failing or missing response from {URL}: bad status from {URL}: {status}");
            assert_eq!(probed(&stage, &["10.0.0.1"]).await, Err(text));
            assert_eq!(stage.backends.connections(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn each_endpoint_is_asked_once_and_one_that_answers_is_enough() {
    on_a_worker(async {
        let stage = Stage::new(Manner::Says("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n".to_owned()));
        stage.backends.put("10.0.0.2:443", "api.ns.svc", ok(""));
        stage.backends.put("10.0.0.3:443", "api.ns.svc", Manner::Hangs(String::new()));
        assert_eq!(probed(&stage, &["10.0.0.1", "10.0.0.2", "10.0.0.3"]).await, Ok(()));
        let asked: Vec<String> = stage.backends.seen().into_iter().map(|seen| seen.address).collect();
        assert_eq!(asked.iter().filter(|address| *address == "10.0.0.1:443").count(), 1);
        assert_eq!(stage.backends.connections(), 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_says_nothing_has_five_seconds() {
    on_a_worker(async {
        let stage = Stage::new(Manner::Hangs(String::new()));
        let begun = Instant::now();
        let text = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        assert_eq!(
            probed(&stage, &["10.0.0.1"]).await,
            Err(format!("failing or missing response from {URL}: Get \"{URL}\": {text}"))
        );
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
    })
    .await;
}

#[tokio::test]
async fn a_rogue_backend_hears_nothing_of_who_asks() {
    on_a_worker(async {
        let stage = Stage::new(ok(""));
        stage.backends.put("10.0.0.1:443", "other.ns.svc", ok(""));
        let error = probed(&stage, &["10.0.0.1"]).await.unwrap_err();
        let expected =
            format!("failing or missing response from {URL}: Get \"{URL}\": tls: failed to verify certificate: x509: ");
        assert!(error.starts_with(&expected), "{error}");
        assert!(stage.backends.seen().is_empty());
    })
    .await;
}
