use std::{sync::atomic::Ordering, time::Duration};

use tokio::join;

use crate::{
    upstream::{
        Delivered, Outgoing,
        pretend::{Peer, Stage, data, fed, get, on_a_worker, post, request},
    },
    wire::{Body, Length, Name},
};

/// A connection that has carried a request.
async fn used(stage: &Stage) -> Peer {
    let backend = async {
        let mut peer = stage.accept().await;
        peer.head().await;
        peer.answer("ok").await;
        peer
    };
    let (answer, peer) = join!(stage.ask(get("/first")), backend);
    answer.unwrap();
    peer
}

/// How a backend breaks off.
#[derive(Clone, Copy)]
enum Break {
    End,
    Reset,
    Bytes(&'static str),
}

/// What becomes of a request whose used connection breaks off behind its head: the answer's body, or the error, and how often it was sent.
async fn broken(request: Outgoing, how: Break) -> (Result<String, (String, Delivered)>, usize) {
    let stage = Stage::new(|_| {});
    let mut peer = used(&stage).await;
    let backend = async {
        peer.head().await;
        match how {
            Break::End => drop(peer),
            Break::Reset => peer.reset(),
            Break::Bytes(bytes) => {
                peer.send(bytes).await;
                drop(peer);
            }
        }
        let mut again = stage.accept().await;
        again.head().await;
        again.answer("again").await;
    };
    let sending = stage.ask(request);
    let answer = tokio::select! {
        biased;
        answer = sending => answer,
        () = async { backend.await; std::future::pending().await } => unreachable!(),
    };
    let answer = answer.map(|(_, body)| body).map_err(|error| (error.to_string(), error.delivered));
    (answer, stage.net.dialled().len())
}

#[tokio::test(start_paused = true)]
async fn a_safe_request_is_sent_again_when_a_used_connection_breaks() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        for how in [Break::End, Break::Reset] {
            on_a_worker(async {
                let (answer, sent) = broken(request(method, "/2", &[], Body::empty()), how).await;
                assert_eq!(answer.unwrap(), if method == "HEAD" { "" } else { "again" });
                assert_eq!(sent, 2);
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_makes_an_empty_request_safe() {
    for name in [Name::IDEMPOTENCY_KEY, Name::X_IDEMPOTENCY_KEY] {
        on_a_worker(async {
            let (answer, sent) = broken(request("POST", "/2", &[(name, "k")], Body::empty()), Break::End).await;
            assert_eq!((answer.unwrap().as_str(), sent), ("again", 2));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_method_is_sent_again() {
    for method in ["DELETE", "PUT", "POST", "PATCH", "PROPFIND", "get"] {
        on_a_worker(async {
            let (answer, sent) = broken(request(method, "/2", &[], Body::empty()), Break::End).await;
            assert_eq!(answer.unwrap_err(), ("EOF".to_owned(), Delivered::Maybe));
            assert_eq!(sent, 1);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_request_with_a_body_is_sent_again() {
    let keyed = |body| request("GET", "/2", &[(Name::IDEMPOTENCY_KEY, "k")], body);
    for body in [Body::whole("x"), fed(Length::Unknown).1] {
        on_a_worker(async {
            let (answer, sent) = broken(keyed(body), Break::Reset).await;
            let (text, delivered) = answer.unwrap_err();
            assert_eq!(text, "read tcp 10.0.0.9:1024->10.0.0.1:80: read: connection reset by peer");
            assert_eq!((delivered, sent), (Delivered::Maybe, 1));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_behind_the_first_byte() {
    on_a_worker(async {
        let (answer, sent) = broken(get("/2"), Break::Bytes("HTTP/1.1 2")).await;
        let (text, delivered) = answer.unwrap_err();
        assert_eq!(text, "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"2\"");
        assert_eq!((delivered, sent), (Delivered::Maybe, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_behind_a_1xx() {
    on_a_worker(async {
        let (answer, sent) = broken(get("/2"), Break::Bytes("HTTP/1.1 103 Early Hints\r\n\r\n")).await;
        assert_eq!(answer.unwrap_err().1, Delivered::Maybe);
        assert_eq!(sent, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_on_a_new_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
        };
        let (answer, ()) = join!(stage.ask(get("/")), backend);
        let error = answer.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.delivered), ("EOF", Delivered::Maybe));
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_before_it_was_picked_costs_no_request_with_any_method() {
    for says in ["", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"] {
        on_a_worker(async {
            let stage = Stage::new(|_| {});
            let mut peer = used(&stage).await;
            peer.send(says).await;
            drop(peer);
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                assert_eq!(peer.bytes(5).await, "hello");
                peer.answer("ok").await;
            };
            let (answer, ()) = join!(stage.ask(post("/2", Body::whole("hello"))), backend);
            assert_eq!(answer.unwrap().1, "ok");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_failed_request_is_not_pulled_for_another_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut peer = used(&stage).await;
        let (feed, body) = fed(Length::Exactly(10));
        feed.send(data("hello")).unwrap();
        let backend = async {
            peer.head().await;
            assert_eq!(peer.bytes(5).await, "hello");
            drop(peer);
        };
        let (answer, ()) = join!(stage.ask(post("/2", body)), backend);
        assert_eq!(answer.unwrap_err().delivered, Delivered::Maybe);
        assert!(feed.send(data("world")).is_err());
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}

/// What becomes of a request on a used connection whose first write fails: the answer's body, or the error, and how often it was dialled.
async fn unwritten(request: Outgoing) -> (Result<String, (String, Delivered)>, usize) {
    let stage = Stage::new(|_| {});
    let _peer = used(&stage).await;
    stage.net.failing_writes.store(1, Ordering::Relaxed);
    let backend = async {
        let mut again = stage.accept().await;
        again.head().await;
        again.answer("again").await;
        std::future::pending().await
    };
    let sending = stage.ask(request);
    let answer = tokio::select! { biased; answer = sending => answer, () = backend => unreachable!() };
    let answer = answer.map(|(_, body)| body).map_err(|error| (error.to_string(), error.delivered));
    (answer, stage.net.dialled().len())
}

#[tokio::test(start_paused = true)]
async fn what_was_never_written_is_sent_again_with_any_method_but_not_with_a_body() {
    on_a_worker(async {
        for method in ["GET", "DELETE", "POST", "get"] {
            let (answer, dialled) = unwritten(request(method, "/2", &[], Body::empty())).await;
            assert_eq!((answer.unwrap().as_str(), dialled), ("again", 2));
        }
        let (answer, dialled) = unwritten(post("/2", Body::whole("hello"))).await;
        let text = "write tcp 10.0.0.9:1024->10.0.0.1:80: write: connection reset by peer".to_owned();
        assert_eq!(answer.unwrap_err(), (text, Delivered::Nothing));
        assert_eq!(dialled, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_new_connection_does_not_take_is_not_sent_again() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        stage.net.failing_writes.store(1, Ordering::Relaxed);
        let error = stage.ask(get("/")).await.unwrap_err();
        assert_eq!((error.delivered, stage.net.dialled().len()), (Delivered::Nothing, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_written_in_part_is_not_sent_again_when_the_rest_cannot_be_written() {
    on_a_worker(async {
        let stage = Stage::with_sockets(64, |_| {});
        let mut peer = used(&stage).await;
        let field = (Name::ACCEPT, "text/plain, text/html, application/json, application/yaml");
        let long = request("GET", "/2", &[field.clone(), field.clone(), field], Body::empty());
        let backend = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            stage.net.failing_writes.store(1, Ordering::Relaxed);
            // Room for more, which fails.
            peer.bytes(10).await;
            stage.accept().await.head().await;
        };
        let sending = stage.ask(long);
        let answer = tokio::select! { biased; answer = sending => answer, () = backend => panic!("it was sent again") };
        assert_eq!((answer.unwrap_err().delivered, stage.net.dialled().len()), (Delivered::Maybe, 1));
    })
    .await;
}
