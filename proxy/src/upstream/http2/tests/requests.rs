use super::*;
use crate::upstream::pretend::{data, fed};

#[tokio::test(start_paused = true)]
async fn a_request_s_fields_are_sorted_and_its_cookies_apart() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let fields = [
            (Name::USER_AGENT, "curl/8"),
            (Name::from_slice(b"X-B"), "2"),
            (Name::COOKIE, "a=1;  b=2"),
            (Name::from_slice(b"X-A"), "1"),
            (Name::TE, "trailers"),
            (Name::USER_AGENT, "other"),
        ];
        let sent = send(&stage, request("GET", "/x?a=1", &fields, Body::empty()));
        let mut backend = Backend::accept(&stage).await;
        let (seen, respond) = backend.request().await;
        assert_eq!(seen.method(), "GET");
        assert_eq!(seen.uri(), "http://h.test/x?a=1");
        assert_eq!(
            lines(seen.headers()),
            [
                "cookie: a=1",
                "cookie: b=2",
                "te: trailers",
                "user-agent: curl/8",
                "x-a: 1",
                "x-b: 2",
                "accept-encoding: gzip"
            ]
        );
        assert!(seen.body().is_end_stream());
        answer(respond, "ok");
        assert!(sent.await.unwrap().unwrap().gzip_was_ours);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_out_with_its_length_and_trailers_without_their_values() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut backend = None;
        let (feed, body) = fed(Length::Unknown);
        let mut with_trailers = post("/x", body);
        with_trailers.head.announced.push(Name::from_slice(b"X-T"));
        with_trailers.head.announced.push(Name::from_slice(b"X-S"));
        for (request, length, text) in [
            (post("/x", Body::whole("hello")), Some("5"), "hello"),
            (post("/x", Body::empty()), Some("0"), ""),
            (with_trailers, None, "hello"),
        ] {
            let sent = send(&stage, request);
            if backend.is_none() {
                backend = Some(Backend::accept(&stage).await);
            }
            let (seen, respond) = backend.as_mut().unwrap().request().await;
            let declared = seen.headers().get("content-length").map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(declared.as_deref(), length);
            if length.is_none() {
                assert_eq!(seen.headers()["trailer"], "X-S,X-T");
                let mut trailers = crate::wire::Headers::new();
                trailers.append(Name::from_slice(b"X-T"), "1");
                for frame in [data("hel"), Ok(Frame::Flush), data("lo"), Ok(Frame::Trailers(trailers))] {
                    feed.send(frame).unwrap();
                }
            }
            assert_eq!(whole(seen.into_body()).await, (text.to_owned(), None));
            answer(respond, "ok");
            sent.await.unwrap().unwrap();
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_http_2_cannot_say_is_refused_in_go_s_words() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, request("GET", "/x", &[(Name::ACCEPT, "*/*")], Body::empty()));
        let mut backend = Backend::accept(&stage).await;
        answer(backend.request().await.1, "ok");
        sent.await.unwrap().unwrap();
        let mut upgrade = get("/x");
        upgrade.head.headers.ask_upgrade("foo".into());
        let error = stage.respond(upgrade).await.unwrap_err();
        assert_eq!(error.to_string(), "http2: invalid Upgrade request header: [\"foo\"]");
        assert_eq!(error.delivered, Delivered::Nothing);
        let error = stage.respond(get("x")).await.unwrap_err();
        assert_eq!(error.to_string(), "http2: invalid request :path \"x\"");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_waits_for_100_or_for_a_second() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let expecting = || request("POST", "/x", &[(Name::EXPECT, "100-continue")], Body::whole("hello"));
        let sent = send(&stage, expecting());
        let mut backend = Backend::accept(&stage).await;
        let (seen, mut respond) = backend.request().await;
        let mut body = seen.into_body();
        assert!(tokio::time::timeout(std::time::Duration::from_millis(900), body.data()).await.is_err());
        respond.send_informational(Response::builder().status(100).body(()).unwrap()).unwrap();
        let at_once = tokio::time::timeout(std::time::Duration::from_millis(10), body.data()).await;
        assert_eq!(at_once.unwrap().unwrap().unwrap(), "hello");
        answer(respond, "ok");
        sent.await.unwrap().unwrap();

        let sent = send(&stage, expecting());
        let (seen, respond) = backend.request().await;
        let before = tokio::time::Instant::now();
        assert_eq!(whole(seen.into_body()).await.0, "hello");
        assert_eq!(before.elapsed().as_millis(), 1000);
        answer(respond, "ok");
        sent.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_resets_the_stream() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut backend = None;
        let (short, short_body) = fed(Length::Exactly(10));
        let (long, long_body) = fed(Length::Exactly(3));
        let (cut, cut_body) = fed(Length::Unknown);
        short.send(data("hello")).unwrap();
        long.send(data("hello")).unwrap();
        cut.send(data("hello")).unwrap();
        cut.send(Err(Cut::ClientGone)).unwrap();
        drop(short);
        for (body, text) in [
            (short_body, "http2: request body shorter than specified content length"),
            (long_body, "http2: request body larger than specified content length"),
            (cut_body, "context canceled"),
        ] {
            let sent = send(&stage, post("/x", body));
            if backend.is_none() {
                backend = Some(Backend::accept(&stage).await);
            }
            let (_seen, mut respond) = backend.as_mut().unwrap().request().await;
            assert_eq!(reset_of(&mut respond).await, 8);
            let error = sent.await.unwrap().unwrap_err();
            assert_eq!((error.to_string().as_str(), error.delivered), (text, Delivered::Maybe));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_is_pulled_no_faster_than_the_backend_reads() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let pulled = Rc::new(std::cell::Cell::new(0));
        let body = Body::made(Length::Exactly(64 << 20), Counted { left: 64 << 20, pulled: Rc::clone(&pulled) });
        let sent = send(&stage, post("/x", body));
        let mut backend = Backend::accept(&stage).await;
        let (seen, respond) = backend.request().await;
        let mut stream = seen.into_body();
        let mut read = 0;
        let mut ahead_most = 0;
        while let Some(bytes) = stream.data().await {
            let bytes = bytes.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            ahead_most = ahead_most.max(pulled.get() - read);
            read += bytes.len();
            stream.flow_control().release_capacity(bytes.len()).unwrap();
        }
        assert_eq!(read, 64 << 20);
        // The backend's window, the pipe, the send buffer and two frames of 32 KiB.
        assert!(ahead_most <= (64 + 64 + 32 + 64) << 10, "{ahead_most}");
        answer(respond, "ok");
        sent.await.unwrap().unwrap();
    })
    .await;
}

/// Makes 32 KiB at a time, and counts them.
struct Counted {
    left: usize,
    pulled: Rc<std::cell::Cell<usize>>,
}

impl crate::wire::Frames for Counted {
    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame, Cut>>> {
        if self.left == 0 {
            return std::task::Poll::Ready(None);
        }
        self.left -= 32 << 10;
        self.pulled.set(self.pulled.get() + (32 << 10));
        std::task::Poll::Ready(Some(Ok(Frame::Data(Bytes::from(vec![b'a'; 32 << 10])))))
    }
}
