use std::time::Duration;

use tokio::{join, time::sleep};

use super::{accept, serve};
use crate::upstream::{
    Reuse,
    pretend::{Peer, Stage, frame, get, on_a_worker},
    tls::{Trust, client_config},
};

/// A connection that idles in the pool, seen from its other end.
async fn idle(stage: &Stage) -> Peer {
    let (answer, peer) = join!(stage.ask(get("/")), accept(stage));
    assert_eq!(answer.unwrap().1, "ok");
    peer
}

/// So many idle connections, in the order in which they were given back.
async fn idle_many<const N: usize>(stage: &Stage) -> [Peer; N] {
    let requests: [_; N] = std::array::from_fn(|_| stage.respond(get("/")));
    let peers = async {
        let mut peers = Vec::new();
        for _ in 0..N {
            let mut peer = stage.accept().await;
            peer.head().await;
            peers.push(peer);
        }
        for peer in &mut peers {
            peer.answer("ok").await;
        }
        peers
    };
    let all = async {
        let mut requests = requests.map(Box::pin);
        let mut answers: Vec<Option<_>> = (0..N).map(|_| None).collect();
        std::future::poll_fn(|cx| {
            for (request, answer) in requests.iter_mut().zip(&mut answers) {
                if answer.is_none()
                    && let std::task::Poll::Ready(ready) = request.as_mut().poll(cx)
                {
                    *answer = Some(ready.unwrap());
                }
            }
            if answers.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        for answer in answers.into_iter().flatten() {
            let mut body = answer.body;
            while frame(&mut body).await.is_some() {}
            sleep(Duration::from_millis(1)).await;
        }
    };
    let (peers, ()) = join!(peers, all);
    peers.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_connection_carries_one_request_after_the_other() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut peer = idle(&stage).await;
        let (second, head) = join!(stage.ask(get("/2")), serve(&mut peer));
        assert_eq!(second.unwrap().1, "ok");
        assert_eq!(head, "GET /2 HTTP/1.1\r\nHost: h.test\r\nAccept-Encoding: gzip\r\n\r\n");
        assert_eq!(stage.net.dialled(), ["10.0.0.1:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_connection_given_back_last_is_used_first() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let [mut first, mut second] = idle_many::<2>(&stage).await;
        let (answer, _) = join!(stage.ask(get("/3")), serve(&mut second));
        assert_eq!(answer.unwrap().1, "ok");
        assert!(first.is_quiet().await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn no_more_connections_idle_than_may() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let [mut first, mut second, mut third] = idle_many::<3>(&stage).await;
        assert_eq!(stage.transport.idle_connections(), 2);
        assert_eq!(third.rest().await, "");
        assert!(first.is_quiet().await && second.is_quiet().await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_of_all_the_one_that_idles_longest_goes() {
    on_a_worker(async {
        let stage = Stage::new(|config| {
            config.idle_connections_max = 2;
            config.idle_connections_per_origin_max = 3;
        });
        let [mut first, mut second, mut third] = idle_many::<3>(&stage).await;
        assert_eq!(first.rest().await, "");
        assert!(second.is_quiet().await && third.is_quiet().await);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_idles_too_long_is_closed() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut peer = idle(&stage).await;
        sleep(Duration::from_secs(89)).await;
        assert_eq!(stage.transport.idle_connections(), 1);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(stage.transport.idle_connections(), 0);
        assert_eq!(peer.rest().await, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_used_now_and_then_does_not_grow_old() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut peer = idle(&stage).await;
        for _ in 0..3 {
            sleep(Duration::from_secs(60)).await;
            let (answer, _) = join!(stage.ask(get("/")), serve(&mut peer));
            assert_eq!(answer.unwrap().1, "ok");
        }
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_end_while_idle_is_noticed_at_once() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut peer = idle(&stage).await;
        peer.end().await;
        sleep(Duration::from_millis(1)).await;
        assert_eq!(stage.transport.idle_connections(), 0);
        assert_eq!(peer.rest().await, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unasked_bytes_end_an_idle_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut peer = idle(&stage).await;
        peer.answer("no").await;
        // Nobody has had the time to notice: the request itself must.
        let (answer, _second) = join!(stage.ask(get("/2")), accept(&stage));
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(peer.rest().await, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn bytes_behind_an_answer_end_the_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA").await;
            peer
        };
        let (answer, mut peer) = join!(stage.ask(get("/1")), backend);
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(stage.transport.idle_connections(), 0);
        assert_eq!(peer.rest().await, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_given_back_with_the_last_byte() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let (incoming, _peer) = join!(stage.respond(get("/")), accept(&stage));
        let mut body = incoming.unwrap().body;
        frame(&mut body).await.unwrap().unwrap();
        assert_eq!(stage.transport.idle_connections(), 1);
        assert!(frame(&mut body).await.is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_body_is_given_back_with_the_head() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").await;
            peer
        };
        let (incoming, _peer) = join!(stage.respond(get("/")), backend);
        assert_eq!(incoming.unwrap().head.content_length, Some(5));
        assert_eq!(stage.transport.idle_connections(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_download_dropped_before_its_end_closes_the_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").await;
            peer
        };
        let (incoming, mut peer) = join!(stage.respond(get("/")), backend);
        let mut body = incoming.unwrap().body;
        frame(&mut body).await.unwrap().unwrap();
        drop(body);
        assert_eq!(peer.rest().await, "");
        assert_eq!(stage.transport.idle_connections(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_request_dropped_before_its_answer_closes_the_connection() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut sending = Box::pin(stage.ask(get("/")));
        let accepting = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer
        };
        let mut peer = tokio::select! { biased; _ = &mut sending => panic!("answered"), peer = accepting => peer };
        drop(sending);
        assert_eq!(peer.rest().await, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn closing_words_of_either_side_end_the_connection() {
    for head in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ] {
        on_a_worker(async {
            let stage = Stage::new(|_| {});
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                peer.send(head).await;
                peer
            };
            let (answer, mut peer) = join!(stage.ask(get("/")), backend);
            assert_eq!(answer.unwrap().1, "ok");
            assert_eq!(peer.rest().await, "");
        })
        .await;
    }
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut request = get("/");
        request.head.close = true;
        let (answer, mut peer) = join!(stage.ask(request), accept(&stage));
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(peer.rest().await, "");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_reuse_every_request_says_so_last() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.reuse = Reuse::Once);
        let backend = async {
            let mut peer = stage.accept().await;
            let head = serve(&mut peer).await;
            assert_eq!(peer.rest().await, "");
            head
        };
        let (answer, head) = join!(stage.ask(get("/")), backend);
        assert_eq!(answer.unwrap().1, "ok");
        assert_eq!(head, "GET / HTTP/1.1\r\nHost: h.test\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn connections_of_an_earlier_trust_are_not_used_again() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut idles = idle(&stage).await;
        let (busy, mut works) = join!(stage.respond(get("/")), serve(&mut idles));
        let _ = &mut works;
        let world = crate::world::real::world([1; 32]);
        stage.transport.renew_tls(&client_config(&world, Trust::Anyone, None).unwrap());
        let mut body = busy.unwrap().body;
        while frame(&mut body).await.is_some() {}
        assert_eq!(stage.transport.idle_connections(), 0);
        assert_eq!(idles.rest().await, "");
    })
    .await;
}
