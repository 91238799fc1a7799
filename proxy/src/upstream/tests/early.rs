use std::{future::poll_fn, pin::Pin, sync::atomic::Ordering, task::Poll, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    join,
    time::{Instant, sleep},
};

use crate::{
    upstream::{
        Reply,
        pretend::{Stage, data, fed, frame, on_a_worker, post, read, request},
    },
    wire::{Body, Cut, Frame, Frames as _, Length, Name},
};

#[tokio::test(start_paused = true)]
async fn an_answer_within_the_upload_is_told_and_the_upload_goes_on() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (feed, body) = fed(Length::Exactly(10));
        feed.send(data("hello")).unwrap();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            assert_eq!(peer.bytes(5).await, "hello");
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok").await;
            assert_eq!(peer.bytes(5).await, "world");
            peer.send("ok").await;
            peer
        };
        let client = async {
            let mut incoming = stage.respond(post("/", body)).await.unwrap();
            frame(&mut incoming.body).await.unwrap().unwrap();
            feed.send(data("world")).unwrap();
            drop(feed);
            assert_eq!(read(incoming.body).await.unwrap(), "ok");
        };
        let ((), _peer) = join!(client, backend);
        // Both sides ended cleanly: the connection can be used again.
        assert_eq!(stage.transport.idle_connections(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_outlasts_the_answer_costs_the_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (feed, body) = fed(Length::Exactly(10));
        feed.send(data("hello")).unwrap();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.answer("ok").await;
            assert_eq!(peer.rest().await, "hello");
        };
        let started = Instant::now();
        let (answer, ()) = join!(stage.ask(post("/", body)), backend);
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(started.elapsed(), Duration::from_millis(50));
        assert_eq!(stage.transport.idle_connections(), 0);
        assert!(feed.is_closed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_ends_soon_behind_the_answer_keeps_the_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        for head in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"] {
            let (feed, body) = fed(Length::Unknown);
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                peer.send(head).await;
                sleep(Duration::from_millis(30)).await;
                drop(feed);
                assert_eq!(peer.bytes(5).await, "0\r\n\r\n");
                peer
            };
            let (answer, mut peer) = join!(stage.ask(post("/", body)), backend);
            answer.unwrap();
            assert_eq!(stage.transport.idle_connections(), 1);
            peer.end().await;
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_gets_through_although_the_backend_never_reads_the_body() {
    on_a_worker(async {
        let stage = Stage::with_sockets(1024, |_| {});
        let (feed, body) = fed(Length::Exactly(1 << 20));
        for _ in 0..32 {
            feed.send(Ok(Frame::Data(vec![b'x'; 32 << 10].into()))).unwrap();
        }
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n").await;
            for _ in 0..50 {
                peer.send(&"n".repeat(100)).await;
            }
            peer
        };
        let (answer, _peer) = join!(stage.ask(post("/", body)), backend);
        assert_eq!(answer.unwrap().1.len(), 5000);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_echo_larger_than_all_buffers_does_not_stall() {
    on_a_worker(async {
        let stage = Stage::with_sockets(1024, |_| {});
        let (feed, body) = fed(Length::Exactly(1 << 20));
        for _ in 0..32 {
            feed.send(Ok(Frame::Data(vec![b'x'; 32 << 10].into()))).unwrap();
        }
        drop(feed);
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n").await;
            for _ in 0..(1 << 20) / 512 {
                let piece = peer.bytes(512).await;
                peer.send(&piece).await;
            }
            peer
        };
        let (answer, _peer) = join!(stage.ask(post("/", body)), backend);
        assert_eq!(answer.unwrap().1.len(), 1 << 20);
        assert_eq!(stage.transport.idle_connections(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_the_upload_goes_on_while_nobody_takes_the_answer() {
    // It moved only while the answer was pulled: a client that did not read stalled its own upload.
    on_a_worker(async {
        let stage = Stage::with_sockets(1024, |_| {});
        let (feed, body) = fed(Length::Exactly(1 << 20));
        for _ in 0..32 {
            feed.send(Ok(Frame::Data(vec![b'x'; 32 << 10].into()))).unwrap();
        }
        drop(feed);
        let asking = async {
            let mut answer = stage.respond(post("/", body)).await.unwrap().body;
            poll_fn::<(), _>(|cx| {
                Pin::new(&mut answer).go_on(cx);
                Poll::Pending
            })
            .await;
        };
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await;
            for _ in 0..(1 << 20) / 512 {
                peer.bytes(512).await;
            }
        };
        tokio::select! {
            biased;
            () = asking => unreachable!("it is asked on for ever"),
            () = backend => {}
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_although_the_backend_takes_no_more_of_the_request() {
    on_a_worker(async {
        let stage = Stage::with_sockets(1024, |_| {});
        let (feed, body) = fed(Length::Exactly(10_000));
        feed.send(Ok(Frame::Data(vec![b'x'; 10_000].into()))).unwrap();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno").await;
        };
        let (answer, ()) = join!(stage.ask(post("/", body)), backend);
        assert_eq!(answer.unwrap().1, "no");
    })
    .await;
}

/// A backend that refuses a long body and closes: on a real socket its answer can be behind the failure of our write.
#[tokio::test(start_paused = true)]
async fn an_answer_wins_over_the_write_that_fails_before_it() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        stage.net.failing_writes.store(1, Ordering::Relaxed);
        let backend = async {
            let mut peer = stage.accept().await;
            sleep(Duration::from_millis(10)).await;
            peer.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno").await;
        };
        let (answer, ()) = join!(stage.ask(post("/", Body::whole("hello"))), backend);
        assert_eq!(answer.unwrap().0.status, 413);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_breaks_off_behind_the_head_of_its_answer_cuts_the_answer() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (feed, body) = fed(Length::Exactly(10));
        feed.send(data("hello")).unwrap();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok").await;
            assert_eq!(peer.rest().await, "hello");
        };
        let client = async {
            let mut incoming = stage.respond(post("/", body)).await.unwrap();
            frame(&mut incoming.body).await.unwrap().unwrap();
            feed.send(Err(Cut::ClientGone)).unwrap();
            assert!(matches!(frame(&mut incoming.body).await, Some(Err(Cut::ClientGone))));
        };
        join!(client, backend);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_hands_the_connection_over_with_what_came_behind_it() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut asking = request("POST", "/", &[], Body::whole("hello"));
        asking.head.headers.ask_upgrade("chat".into());
        let backend = async {
            let mut peer = stage.accept().await;
            let head = peer.head().await;
            assert!(head.contains("Connection: Upgrade\r\n") && head.contains("Upgrade: chat\r\n"), "{head}");
            assert_eq!(peer.bytes(5).await, "hello");
            peer.send("HTTP/1.1 101 Talk\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nearly").await;
            assert_eq!(peer.bytes(4).await, "ping");
            peer.send("pong").await;
            assert_eq!(peer.rest().await, "");
        };
        let client = async {
            let Reply::Switched(head, mut tunnel) = stage.send(asking).await.unwrap() else { panic!("no switch") };
            assert_eq!((&head.reason[..], &tunnel.early[..]), (&b"Talk"[..], &b"early"[..]));
            tunnel.backend.write_all(b"ping").await.unwrap();
            let mut pong = [0; 4];
            tunnel.backend.read_exact(&mut pong).await.unwrap();
            assert_eq!(&pong, b"pong");
        };
        join!(client, backend);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_switch_within_the_body_waits_for_the_body() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (feed, body) = fed(Length::Exactly(10));
        let mut asking = request("POST", "/", &[(Name::EXPECT, "100-continue")], body);
        asking.head.headers.ask_upgrade("chat".into());
        feed.send(data("hello")).unwrap();
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 101 Talk\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n").await;
            assert_eq!(peer.bytes(5).await, "hello");
            feed.send(data("world")).unwrap();
            drop(feed);
            assert_eq!(peer.bytes(5).await, "world");
            peer
        };
        let (reply, _peer) = join!(stage.send(asking), backend);
        assert!(matches!(reply, Ok(Reply::Switched(..))));
    })
    .await;
}
