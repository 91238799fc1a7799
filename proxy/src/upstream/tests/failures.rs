use std::{net::IpAddr, time::Duration};

use tokio::{join, time::Instant};

use crate::{
    upstream::{
        Delivered, Origin, Outgoing,
        pretend::{Dial, Stage, frame, get, on_a_worker, post, request},
    },
    wire::{Body, Cut, Name, ResponseHead},
};

/// The text of the error that a backend's bytes, and their end, lead to.
async fn told(answer: &'static str) -> String {
    let stage = Stage::new(|_| {});
    let backend = async {
        let mut peer = stage.accept().await;
        peer.head().await;
        peer.send(answer).await;
    };
    let (answer, ()) = join!(stage.ask(get("/")), backend);
    answer.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_is_told_as_go_tells_it() {
    on_a_worker(async {
        for (answer, text) in [
            ("", "EOF"),
            ("HTTP/1.1 20", "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"20\""),
            ("HTTP/2 200\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP version \"HTTP/2\""),
            ("FOO\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"FOO\""),
            (
                "HTTP/1.1 200 OK\r\nContent-Le",
                "net/http: HTTP/1.x transport connection broken: malformed MIME header: missing colon: \"Content-Le\"",
            ),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", "net/http: HTTP/1.x transport connection broken: unexpected EOF"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
                "net/http: HTTP/1.x transport connection broken: unsupported transfer encoding: \"identity\"",
            ),
        ] {
            assert_eq!(told(answer).await, text);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_beyond_the_bound_is_refused() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.head_bytes_max = 100);
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send(&format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(100))).await;
            assert_eq!(peer.rest().await, "");
        };
        let (answer, ()) = join!(stage.ask(get("/")), backend);
        assert_eq!(
            answer.unwrap_err().to_string(),
            "net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 100 bytes; aborted"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_1xx_head_is_told_and_counts_for_itself() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.head_bytes_max = 100);
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            for status in [100, 102, 103, 199] {
                peer.send(&format!("HTTP/1.1 {status} Wait\r\nX: {}\r\n\r\n", "x".repeat(50))).await;
            }
            peer.answer("ok").await;
        };
        let mut seen = Vec::new();
        let mut informed = |head: &ResponseHead| seen.push(head.status.as_u16());
        let (reply, ()) = join!(stage.transport.send(&stage.origin, get("/"), &mut informed), backend);
        reply.unwrap();
        assert_eq!(seen, [100, 102, 103, 199]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_does_not_answer_in_time_is_given_up() {
    on_a_worker(async {
        let stage = Stage::new(|config| config.response_header_timeout = Some(Duration::from_secs(5)));
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\n").await;
            assert_eq!(peer.rest().await, "");
        };
        let started = Instant::now();
        let (answer, ()) = join!(stage.ask(get("/")), backend);
        let error = answer.unwrap_err();
        assert_eq!(error.to_string(), "net/http: timeout awaiting response headers");
        assert_eq!((error.delivered, started.elapsed()), (Delivered::Maybe, Duration::from_secs(5)));
    })
    .await;
}

/// The error of a request whose dials go as planned, and when it came.
async fn undialled(plan: &[Dial], addresses: &[&str]) -> (String, Duration) {
    let stage = Stage::new(|_| {});
    stage.net.plan(plan.iter().copied());
    *stage.net.resolved.lock().unwrap() = addresses.iter().map(|address| address.parse::<IpAddr>().unwrap()).collect();
    let started = Instant::now();
    let error = stage.ask(get("/")).await.unwrap_err();
    assert_eq!(error.delivered, Delivered::Nothing);
    (error.to_string(), started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn dials_fail_as_go_tells_it() {
    on_a_worker(async {
        let refused = "dial tcp 10.0.0.1:80: connect: connection refused";
        assert_eq!(undialled(&[Dial::Refused], &["10.0.0.1"]).await, (refused.to_owned(), Duration::ZERO));
        let (silence, waited) = undialled(&[Dial::Silence], &["10.0.0.1"]).await;
        assert_eq!((silence.as_str(), waited.as_secs()), ("dial tcp 10.0.0.1:80: i/o timeout", 30));
        assert_eq!(undialled(&[], &[]).await.0, "dial tcp: lookup backend.test: no such host");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn addresses_share_the_time_and_the_first_error_is_told() {
    on_a_worker(async {
        let plan = [Dial::Silence, Dial::Refused, Dial::Silence];
        let (text, waited) = undialled(&plan, &["10.0.0.1", "10.0.0.2", "10.0.0.3"]).await;
        assert_eq!((text.as_str(), waited.as_secs()), ("dial tcp 10.0.0.1:80: i/o timeout", 30));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_second_family_of_addresses_starts_a_little_later() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        stage.net.plan([Dial::Silence]);
        *stage.net.resolved.lock().unwrap() = vec!["fd00::1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.answer("ok").await;
        };
        let started = Instant::now();
        let (answer, ()) = join!(stage.ask(get("/")), backend);
        assert_eq!((answer.unwrap().1.as_str(), started.elapsed()), ("ok", Duration::from_millis(300)));
        assert_eq!(stage.net.dialled(), ["[fd00::1]:80", "10.0.0.1:80"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_written_reaches_nobody() {
    let with = |change: fn(&mut Outgoing)| {
        let mut request = get("/");
        change(&mut request);
        request
    };
    on_a_worker(async {
        for (request, text) in [
            (
                with(|request| request.head.headers.append(Name::from_slice(b"bad name"), "x")),
                "net/http: invalid header field name \"bad name\"",
            ),
            (
                request("GET", "/", &[(Name::from_slice(b"x-bad"), "a\nb")], Body::empty()),
                "net/http: invalid header field value for \"X-Bad\"",
            ),
            (
                with(|request| request.head.target = "/\r\nx".into()),
                "net/http: can't write control character in Request.URL",
            ),
        ] {
            let stage = Stage::new(|_| {});
            assert_eq!(stage.ask(request).await.unwrap_err().to_string(), text);
            assert!(stage.net.dialled().is_empty());
        }
        let mut stage = Stage::new(|_| {});
        stage.origin = Origin { host: String::new(), ..stage.origin };
        assert_eq!(stage.ask(get("/")).await.unwrap_err().to_string(), "http: no Host in request URL");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_host_that_no_field_may_hold_is_left_empty() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let mut request = get("/");
        request.head.host = "a b".into();
        let backend = async {
            let mut peer = stage.accept().await;
            let head = peer.head().await;
            peer.answer("ok").await;
            head
        };
        let (answer, head) = join!(stage.ask(request), backend);
        answer.unwrap();
        assert!(head.starts_with("GET / HTTP/1.1\r\nHost: \r\n"), "{head}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_body_is_never_called_complete() {
    for (answer, reset) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\nhel", true),
    ] {
        on_a_worker(async {
            let stage = Stage::new(|_| {});
            let backend = async {
                let mut peer = stage.accept().await;
                peer.head().await;
                peer.send(answer).await;
                peer
            };
            let (incoming, peer) = join!(stage.respond(get("/")), backend);
            let mut body = incoming.unwrap().body;
            frame(&mut body).await.unwrap().unwrap();
            if reset {
                peer.reset();
            } else {
                drop(peer);
            }
            let cut = frame(&mut body).await.unwrap().unwrap_err();
            assert!(matches!(cut, Cut::BackendGone(_) | Cut::Malformed(_)), "{answer:?}: {cut}");
            // Nor is it later, by one who asks on against the rules.
            assert!(frame(&mut body).await.unwrap().is_err());
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_until_the_end_of_the_connection_ends_with_it() {
    on_a_worker(async {
        let stage = Stage::new(|_| {});
        let backend = async {
            let mut peer = stage.accept().await;
            peer.head().await;
            peer.send("HTTP/1.1 200 OK\r\n\r\nhello").await;
        };
        let (answer, ()) = join!(stage.ask(post("/", Body::whole("x"))), backend);
        assert_eq!(answer.unwrap().1, "hello");
        assert_eq!(stage.transport.idle_connections(), 0);
    })
    .await;
}
