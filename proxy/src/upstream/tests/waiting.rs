use std::{num::NonZeroUsize, time::Duration};

use tokio::{join, time::sleep};

use super::{accept, serve};
use crate::upstream::pretend::{Dial, Stage, frame, get, on_a_worker};

#[tokio::test(start_paused = true)]
async fn a_request_takes_a_returned_connection_before_its_own_dial_and_keeps_the_dial() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        stage.net.plan([Dial::After(Duration::ZERO), Dial::After(Duration::from_secs(5))]);
        let (first, mut peer) = join!(stage.respond(get("/1")), accept(&stage));
        let mut body = first.unwrap().body;
        let second = async { stage.ask(get("/2")).await.unwrap().1 };
        let release = async {
            sleep(Duration::from_secs(1)).await;
            while frame(&mut body).await.is_some() {}
            serve(&mut peer).await
        };
        let started = tokio::time::Instant::now();
        let (answer, head) = join!(second, release);
        assert_eq!((answer.as_str(), started.elapsed()), ("ok", Duration::from_secs(1)));
        assert!(head.starts_with("GET /2 "));
        assert_eq!(stage.transport.idle_connections(), 1);
        sleep(Duration::from_secs(5)).await;
        assert!(stage.has_new_connection());
        assert_eq!(stage.transport.idle_connections(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_dial_of_a_request_that_left_is_kept_for_the_next() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        stage.net.plan([Dial::After(Duration::from_secs(2))]);
        let left = tokio::time::timeout(Duration::from_secs(1), stage.ask(get("/1"))).await;
        assert!(left.is_err());
        sleep(Duration::from_secs(2)).await;
        let (answer, _) = join!(stage.ask(get("/2")), accept(&stage));
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_bound_wait_in_line() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let backend = async {
            let mut peer = stage.accept().await;
            let first = serve(&mut peer).await;
            let second = serve(&mut peer).await;
            let third = serve(&mut peer).await;
            [first, second, third]
        };
        let (first, second, third, heads) =
            join!(stage.ask(get("/1")), stage.ask(get("/2")), stage.ask(get("/3")), backend);
        for answer in [first, second, third] {
            assert_eq!(answer.unwrap().1, "ok");
        }
        for (head, target) in heads.iter().zip(["/1", "/2", "/3"]) {
            assert!(head.starts_with(&format!("GET {target} ")), "{head}");
        }
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_makes_room_for_the_next_in_line() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let backend = async {
            for _ in 0..2 {
                let mut peer = stage.accept().await;
                peer.head().await;
                peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").await;
            }
        };
        let (first, second, ()) = join!(stage.ask(get("/1")), stage.ask(get("/2")), backend);
        assert_eq!((first.unwrap().1.as_str(), second.unwrap().1.as_str()), ("ok", "ok"));
        assert_eq!(stage.net.dialled().len(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_dial_makes_room_for_the_next_in_line() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        stage.net.plan([Dial::Refused]);
        let (first, second, _) = join!(stage.ask(get("/1")), stage.ask(get("/2")), accept(&stage));
        assert_eq!(first.unwrap_err().to_string(), "dial tcp 10.0.0.1:80: connect: connection refused");
        assert_eq!(second.unwrap().1, "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn one_who_leaves_the_line_does_not_take_the_place_along() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let (first, mut peer) = join!(stage.respond(get("/1")), accept(&stage));
        let mut body = first.unwrap().body;
        assert!(tokio::time::timeout(Duration::from_secs(1), stage.ask(get("/2"))).await.is_err());
        while frame(&mut body).await.is_some() {}
        let (third, _) = join!(stage.ask(get("/3")), serve(&mut peer));
        assert_eq!(third.unwrap().1, "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_dies_on_its_way_to_a_waiting_request_is_not_used() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let (first, mut peer) = join!(stage.respond(get("/1")), accept(&stage));
        let mut body = first.unwrap().body;
        let mut second = Box::pin(stage.ask(get("/2")));
        assert!(poll_once(&mut second).await.is_none());
        // Given to the second request, and dead before that one looks at it.
        while frame(&mut body).await.is_some() {}
        peer.answer("no").await;
        let (answer, _) = join!(second, accept(&stage));
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(stage.net.dialled().len(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_given_to_one_who_leaves_goes_back() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.connections_per_origin_max = NonZeroUsize::new(1));
        let (first, _peer) = join!(stage.respond(get("/1")), accept(&stage));
        let mut body = first.unwrap().body;
        let mut second = Box::pin(stage.ask(get("/2")));
        assert!(poll_once(&mut second).await.is_none());
        while frame(&mut body).await.is_some() {}
        assert_eq!(stage.transport.idle_connections(), 0);
        drop(second);
        assert_eq!(stage.transport.idle_connections(), 1);
    })
    .await;
}

/// Polls once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
