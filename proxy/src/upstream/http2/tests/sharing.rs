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
async fn room_that_is_told_to_one_who_leaves_is_the_next_one_s() {
    on_a_worker(async {
        let stage = stage(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let mut builder = h2::server::Builder::new();
        builder.max_concurrent_streams(1);
        let first = send(&stage, get("/1"));
        let mut backend = Backend::accept_with(&stage, &builder).await;
        let (_, one) = backend.request().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut second = Box::pin(stage.respond(get("/2")));
        // Past the time in which it would look around by itself.
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut second).await.is_err());
        let third = send(&stage, get("/3"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        answer(one, "one");
        // The second is told, and its client leaves before it looks.
        assert_eq!(read(first.await.unwrap().unwrap().body).await.unwrap(), "one");
        drop(second);
        let served = tokio::time::timeout(Duration::from_secs(1), backend.request()).await;
        answer(served.expect("the third has its turn").1, "three");
        assert_eq!(read(third.await.unwrap().unwrap().body).await.unwrap(), "three");
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

#[tokio::test(start_paused = true)]
async fn requests_are_spread_over_connections_before_one_of_them_is_filled() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut sent = Vec::new();
        let mut backends: Vec<Backend> = Vec::new();
        let mut held = Vec::new();
        for number in 0..50 {
            sent.push(send(&stage, get("/watch")));
            // One after the other, and the last twenty at once.
            if number < 30 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            while stage.has_new_connection() {
                backends.push(Backend::accept(&stage).await);
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut loads = Vec::new();
        for backend in &mut backends {
            tokio::time::sleep(Duration::from_millis(1)).await;
            loads.push(backend.requests.len());
            while let Ok(request) = backend.requests.try_recv() {
                held.push(request);
            }
        }
        assert_eq!(loads, [13, 13, 12, 12]);
        assert_eq!(stage.net.dialled().len(), 4);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_requests_is_spread_too() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let _sent: Vec<_> = (0..60).map(|_| send(&stage, get("/watch"))).collect();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut loads = Vec::new();
        while stage.has_new_connection() {
            let io = stage.accept().await;
            let builder = h2::server::Builder::new();
            let Ok(Ok(mut connection)) =
                tokio::time::timeout(Duration::from_millis(1), builder.handshake::<_, Bytes>(io.into_stream())).await
            else {
                continue;
            };
            let mut requests = 0;
            while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::from_millis(1), connection.accept()).await {
                requests += 1;
            }
            loads.push(requests);
        }
        loads.retain(|load| *load > 0);
        assert_eq!(loads.iter().sum::<usize>(), 60, "{loads:?}");
        assert!(loads.len() >= 4 && loads.iter().all(|load| *load <= 20), "{loads:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_further_connection_that_does_not_come_holds_up_nobody_for_long() {
    on_a_worker(async {
        for second in [Dial::After(Duration::from_secs(20)), Dial::Silence, Dial::Refused] {
            let stage = stage(|_| {});
            stage.net.plan([Dial::After(Duration::ZERO), second]);
            let first = send(&stage, get("/0"));
            let mut backend = Backend::accept(&stage).await;
            let mut held = vec![backend.request().await];
            let mut sent = vec![first];
            for _ in 1..8 {
                sent.push(send(&stage, get("/x")));
                held.push(backend.request().await);
            }
            let before = tokio::time::Instant::now();
            sent.push(send(&stage, get("/ninth")));
            let (request, respond) = backend.request().await;
            assert_eq!(request.uri().path(), "/ninth");
            assert!(before.elapsed() <= Duration::from_millis(101), "{:?}", before.elapsed());
            answer(respond, "ok");
            sent.pop().unwrap().await.unwrap().unwrap();
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_bound_is_advertised_to_a_backend() {
    on_a_worker(async {
        for (head_bytes_max, list) in [(10 << 20, 10 << 20), (1000, 1320)] {
            let stage = stage(|config| config.head_bytes_max = head_bytes_max);
            let _sent = send(&stage, get("/x"));
            let mut io = stage.accept().await.into_stream();
            tokio::io::AsyncReadExt::read_exact(&mut io, &mut [0; 24]).await.unwrap();
            let settings = [(2, 0), (4, 4 << 20), (5, 16 << 10), (6, list)];
            assert_eq!(raw::settings(&mut io).await, settings);
        }
    })
    .await;
}
