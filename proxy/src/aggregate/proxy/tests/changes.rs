use super::*;
use crate::aggregate::pretend::Backends;

#[tokio::test]
async fn a_changed_table_is_seen_whole_by_each_request() {
    on_a_worker(async {
        let mut stage = Stage::new(ok("one"));
        stage.backends.put("10.0.0.2:443", "api.ns.svc", ok("two"));
        for turn in 0..200 {
            let (host, expected) = if turn % 2 == 0 { ("10.0.0.1", "one") } else { ("10.0.0.2", "two") };
            let (before, said_before) = (stage.destination(), stage.said("/apis/example.com/v1/x").await.1);
            put_external_name(&mut stage.services, "api", host);
            stage.publish();
            assert_eq!(stage.said("/apis/example.com/v1/x").await.1, expected);
            let mut late = exchange("GET", "/apis/example.com/v1/x", &[]);
            let answered = read(stage.send_to(&before, &mut late).await).await;
            assert_eq!(answered, (200, said_before), "a request that met the table before is served by that table");
        }
        assert_eq!(stage.backends.connections(), 2, "the same TLS shares its connections");
    })
    .await;
}

/// The Service was looked up in the newest table: a request between two of them was refused although either would have served it.
#[tokio::test]
async fn a_service_that_has_gone_is_there_for_requests_that_were_routed_before() {
    on_a_worker(async {
        let mut stage = Stage::new(ok("fine"));
        let before = stage.destination();
        stage.services = Services::default();
        stage.publish();
        let mut late = exchange("GET", "/apis/example.com/v1/x", &[]);
        assert_eq!(read(stage.send_to(&before, &mut late).await).await, (200, "fine".to_owned()));
        assert_eq!(stage.said("/apis/example.com/v1/x").await.0, 503);
    })
    .await;
}

#[tokio::test]
async fn a_changed_ca_bundle_counts_from_the_next_request_on() {
    on_a_worker(async {
        let mut stage = Stage::new(ok("fine"));
        assert_eq!(stage.said("/apis/example.com/v1/x").await.0, 200);
        let other = Backends::new();
        let good = std::mem::replace(&mut stage.service.spec.ca_bundle, other.authority().pem().into_bytes());
        stage.publish();
        assert_eq!(stage.said("/apis/example.com/v1/x").await.0, 503, "the idle connection is not used");
        stage.service.spec.ca_bundle = good;
        stage.publish();
        assert_eq!(stage.said("/apis/example.com/v1/x").await.0, 200);
        assert_eq!(stage.backends.connections(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_new_credential_is_shown_on_new_connections() {
    on_a_worker(async {
        let mut stage = Stage::new(ok("fine"));
        stage.registrar.set_credential(None);
        stage.publish();
        stage.said("/apis/example.com/v1/x").await;
        stage.registrar.set_credential(Some(Arc::new(stage.backends.credential())));
        stage.publish();
        stage.said("/apis/example.com/v1/x").await;
        let shown: Vec<bool> = stage.backends.seen().iter().map(|seen| seen.shows_certificate).collect();
        assert_eq!(shown, [false, true]);
    })
    .await;
}
