use std::{num::NonZeroUsize, time::Duration};

use super::*;
use crate::upstream::pretend::{Dial, read};

#[tokio::test(start_paused = true)]
async fn requests_share_a_connection_side_by_side() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let first = send(&stage, get("/1"));
        let mut backend = Backend::accept(&stage).await;
        let (_, one) = backend.request().await;
        let second = send(&stage, get("/2"));
        let (_, two) = backend.request().await;
        answer(two, "two");
        assert_eq!(read(second.await.unwrap().unwrap().body).await.unwrap(), "two");
        answer(one, "one");
        assert_eq!(read(first.await.unwrap().unwrap().body).await.unwrap(), "one");
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_dials_at_the_same_time_shares_the_first_connection() {
    on_a_worker(async {
        let stage = stage(|_| {});
        stage.net.plan((1..=5).map(|second| Dial::After(Duration::from_secs(second))));
        let sent: Vec<_> = (0..5).map(|_| send(&stage, get("/x"))).collect();
        let mut backend = Backend::accept(&stage).await;
        for _ in 0..5 {
            answer(backend.request().await.1, "ok");
        }
        for sent in sent {
            assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
        }
        // Dials that had begun end, and what they made is closed.
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(!backend.driver.is_finished());
        while stage.has_new_connection() {
            assert_eq!(stage.accept().await.rest().await, "");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_full_connection_gets_a_second_one_and_the_emptier_is_used() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(2);
        let mut held = Vec::new();
        let first = send(&stage, get("/1"));
        let mut one = Backend::accept_with(&stage, &builder).await;
        held.push((first, one.request().await.1));
        // SETTINGS of the backend are known from here on.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let second = send(&stage, get("/2"));
        held.push((second, one.request().await.1));
        let third = send(&stage, get("/3"));
        let mut two = Backend::accept_with(&stage, &builder).await;
        held.push((third, two.request().await.1));
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (second, respond) = held.remove(1);
        answer(respond, "ok");
        read(second.await.unwrap().unwrap().body).await.unwrap();
        let (first, respond) = held.remove(0);
        answer(respond, "ok");
        read(first.await.unwrap().unwrap().body).await.unwrap();
        // The first one carries none now, the second one carries one.
        let fourth = send(&stage, get("/4"));
        answer(one.request().await.1, "ok");
        fourth.await.unwrap().unwrap();
        assert_eq!(stage.net.dialled().len(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_may_not_dial_waits_for_room_on_the_connection() {
    on_a_worker(async {
        let stage = stage(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(1);
        let first = send(&stage, get("/1"));
        let mut backend = Backend::accept_with(&stage, &builder).await;
        let (_, one) = backend.request().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        let second = send(&stage, get("/2"));
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(!stage.has_new_connection() && backend.requests.is_empty());
        answer(one, "one");
        assert_eq!(read(first.await.unwrap().unwrap().body).await.unwrap(), "one");
        answer(backend.request().await.1, "two");
        assert_eq!(read(second.await.unwrap().unwrap().body).await.unwrap(), "two");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn new_trust_is_a_new_connection() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/1"));
        let mut old = Backend::accept(&stage).await;
        let (_, one) = old.request().await;
        let tls = crate::upstream::tls::client_config(
            &crate::world::real::world([0; 32]),
            crate::upstream::tls::Trust::Anyone,
            None,
        );
        stage.transport.renew_tls(&tls.unwrap());
        let second = send(&stage, get("/2"));
        let mut new = Backend::accept(&stage).await;
        answer(new.request().await.1, "new");
        assert_eq!(read(second.await.unwrap().unwrap().body).await.unwrap(), "new");
        // What ran goes on to its end, and then the old connection ends.
        answer(one, "old");
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "old");
        old.driver.await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_is_gone_leaves_no_connection_behind() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/1"));
        let mut backend = Backend::accept(&stage).await;
        answer(backend.request().await.1, "ok");
        read(sent.await.unwrap().unwrap().body).await.unwrap();
        drop(stage);
        backend.driver.await.unwrap();
    })
    .await;
}
