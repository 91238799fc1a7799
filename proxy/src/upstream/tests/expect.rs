use std::time::Duration;

use tokio::{join, time::Instant};

use crate::{
    upstream::{
        Outgoing,
        pretend::{Peer, Stage, data, fed, frame, on_a_worker, request},
    },
    wire::{Body, Length, Name},
};

fn expecting(body: Body) -> Outgoing {
    request("POST", "/", &[(Name::EXPECT, "100-continue")], body)
}

/// A backend that has seen the head, and nothing else.
async fn headed(stage: &Stage) -> Peer {
    let mut peer = stage.accept().await;
    assert!(peer.head().await.contains("Expect: 100-continue\r\n"));
    assert!(peer.is_quiet().await);
    peer
}

#[tokio::test(start_paused = true)]
async fn the_body_waits_for_the_100_of_the_backend() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = headed(&stage).await;
            peer.send("HTTP/1.1 103 Early Hints\r\n\r\n").await;
            assert!(peer.is_quiet().await);
            peer.send("HTTP/1.1 100 Continue\r\n\r\n").await;
            assert_eq!(peer.bytes(5).await, "hello");
            peer.answer("ok").await;
        };
        let (answer, ()) = join!(stage.ask(expecting(Body::whole("hello"))), backend);
        assert_eq!(answer.unwrap().1, "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_body_is_not_even_pulled_before() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (feed, body) = fed(Length::Unknown);
        feed.send(data("hello")).unwrap();
        let backend = async {
            let mut peer = headed(&stage).await;
            peer.send("HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno").await;
            // The body is never sent: the connection ends behind the answer.
            assert_eq!(peer.rest().await, "");
        };
        let (answer, ()) = join!(stage.ask(expecting(body)), backend);
        assert_eq!(answer.unwrap().0.status, 417);
        assert_eq!(stage.transport.idle_connections(), 0);
        assert!(feed.is_closed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_goes_on_gets_the_body_all_the_same() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = headed(&stage).await;
            peer.answer("no").await;
            assert_eq!(peer.bytes(5).await, "hello");
            peer
        };
        let (answer, _peer) = join!(stage.ask(expecting(Body::whole("hello"))), backend);
        assert_eq!(answer.unwrap().1, "no");
        assert_eq!(stage.transport.idle_connections(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_backend_gets_the_body_after_a_second() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let started = Instant::now();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            assert_eq!(peer.bytes(5).await, "hello");
            assert_eq!(started.elapsed(), Duration::from_secs(1));
            peer.answer("ok").await;
        };
        let (answer, ()) = join!(stage.ask(expecting(Body::whole("hello"))), backend);
        assert_eq!(answer.unwrap().1, "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_a_time_to_wait_or_a_body_nothing_waits() {
    on_a_worker(async {
        for (wait, body, sent) in [(0, Body::whole("hello"), "hello"), (1, Body::empty(), "")] {
            let stage = Stage::new(|config| config.expect_continue_timeout = Duration::from_secs(wait));
            let started = Instant::now();
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                assert_eq!(peer.bytes(sent.len()).await, sent);
                peer.answer("ok").await;
            };
            let (answer, ()) = join!(stage.ask(expecting(body)), backend);
            assert_eq!(answer.unwrap().1, "ok");
            assert_eq!(started.elapsed(), Duration::ZERO);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_time_for_an_answer_starts_behind_the_body() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.response_header_timeout = Some(Duration::from_secs(5)));
        let started = Instant::now();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            assert_eq!(peer.rest().await, "hello");
        };
        let (answer, ()) = join!(stage.ask(expecting(Body::whole("hello"))), backend);
        assert_eq!(answer.unwrap_err().to_string(), "net/http: timeout awaiting response headers");
        assert_eq!(started.elapsed(), Duration::from_secs(6));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_download_sends_the_body_that_waited() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = headed(&stage).await;
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            assert_eq!(peer.bytes(5).await, "hello");
            peer.send("2\r\nok\r\n0\r\n\r\n").await;
        };
        let download = async {
            let mut incoming = stage.respond(expecting(Body::whole("hello"))).await.unwrap();
            while frame(&mut incoming.body).await.is_some() {}
        };
        join!(download, backend);
    })
    .await;
}
