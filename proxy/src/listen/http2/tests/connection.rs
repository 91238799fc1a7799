use super::*;

#[test]
fn a_reset_of_the_client_tells_the_handler() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, mut stream) = client.ask(request("POST", "/gone"), false).await;
        settle().await;
        assert_eq!(served.seen.running.get(), 1);
        stream.send_reset(h2::Reason::CANCEL);
        settle().await;
        assert_eq!((served.seen.gone.get(), served.seen.running.get()), (1, 0));
        drop(response);
        assert_eq!(client.get("/").await.status, 200);
    });
}

#[test]
fn a_handler_that_goes_on_for_a_client_that_left_is_dropped() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (_response, mut stream) = client.ask(request("POST", "/stubborn"), false).await;
        settle().await;
        stream.send_reset(h2::Reason::CANCEL);
        settle().await;
        assert_eq!(served.seen.running.get(), 1);
        tokio::time::sleep(Http2Limits::default().gone_grace).await;
        assert_eq!(served.seen.running.get(), 0);
    });
}

#[test]
fn a_lost_connection_tells_every_handler_and_serve_ends() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let _first = client.ask(request("GET", "/gone"), true).await;
        let _second = client.ask(request("GET", "/gone"), true).await;
        settle().await;
        client.driver.abort();
        served.task.await.unwrap();
        assert_eq!((served.seen.gone.get(), served.seen.running.get()), (2, 0));
    });
}

#[test]
fn a_drain_says_goaway_twice_and_loses_no_request() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        let get = |path| [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", path)];
        raw.headers(1, &get("/")).await;
        assert_eq!(raw.stream(1).await.len(), 2);
        served.stopper.stop();
        assert_eq!(raw.next().await, Some(raw::Frame::goaway((1 << 31) - 1, 0, "")));
        // This one was on its way.
        raw.headers(3, &get("/")).await;
        assert_eq!(raw.stream(3).await.len(), 2);
        let goaway = raw.next().await.unwrap();
        assert_eq!(goaway, raw::Frame::goaway(3, 0, ""));
        assert_eq!(raw.next().await, None);
        drop(raw);
        served.task.await.unwrap();
    });
}

#[test]
fn a_drain_waits_for_the_streams_that_run() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, mut stream) = client.ask(request("POST", "/echo"), false).await;
        settle().await;
        served.stopper.stop();
        tokio::time::sleep(Duration::from_secs(60)).await;
        stream.send_data(Bytes::from_static(b"hello"), true).unwrap();
        assert_eq!(&read(response.await.unwrap()).await.body.unwrap()[..], b"hello");
        client.driver.await.unwrap().unwrap();
        served.task.await.unwrap();
    });
}

#[test]
fn a_close_of_a_handler_is_a_goaway_behind_its_answer() {
    for path in ["/close", "/close-field"] {
        play(async {
            let (served, io) = start(Http2Limits::default());
            let mut client = Client::connect(io).await;
            assert_eq!(&client.get(path).await.body.unwrap()[..], b"ok\n");
            client.driver.await.unwrap().unwrap();
            served.task.await.unwrap();
        });
    }
}

#[test]
fn a_connection_without_streams_ends_after_its_idle_time() {
    play(async {
        let (served, io) = start(Http2Limits { idle_timeout: Some(Duration::from_secs(90)), ..Http2Limits::default() });
        let mut client = Client::connect(io).await;
        tokio::time::sleep(Duration::from_secs(80)).await;
        assert_eq!(client.get("/").await.status, 200);
        tokio::time::sleep(Duration::from_secs(80)).await;
        assert!(!client.driver.is_finished());
        tokio::time::sleep(Duration::from_secs(12)).await;
        assert!(client.driver.is_finished());
        served.task.await.unwrap();
    });
}

#[test]
fn a_client_that_says_nothing_is_left_after_the_preface_time() {
    play(async {
        let (served, _io) = start(Http2Limits::default());
        let before = tokio::time::Instant::now();
        served.task.await.unwrap();
        assert_eq!(before.elapsed(), Http2Limits::default().preface_timeout);
    });
}

#[test]
fn a_bad_preface_gets_settings_and_the_end() {
    play(async {
        let (served, mut io) = start(Http2Limits::default());
        tokio::io::AsyncWriteExt::write_all(&mut io, b"GET / HTTP/1.1\r\nHost: h.test\r\n\r\n").await.unwrap();
        assert_eq!(raw::Raw(io).next().await, None);
        served.task.await.unwrap();
    });
}

#[test]
fn a_connection_that_is_at_fault_has_a_second_to_read_so() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &POST_GONE).await;
        settle().await;
        // PING of seven bytes.
        raw.frame(6, 0, 0, &[0; 7]).await;
        let before = tokio::time::Instant::now();
        assert_eq!(raw.next().await, Some(raw::Frame::goaway(1, 6, "")));
        settle().await;
        // Nothing is said any more, but nobody is told yet. Go: `serverConn.goAway`.
        raw.frame(6, 0, 0, &[0; 8]).await;
        assert_eq!((served.seen.gone.get(), served.seen.running.get()), (0, 1));
        assert_eq!(raw.next().await, None);
        assert_eq!(before.elapsed().as_secs(), 1);
        settle().await;
        assert_eq!((served.seen.gone.get(), served.seen.running.get()), (1, 0));
        drop(raw);
        served.task.await.unwrap();
    });
}

#[test]
fn a_connection_that_is_not_kept_says_goaway_behind_its_streams() {
    play(async {
        let (served, io) = start(Http2Limits { keep_alive: KeepAlive::Never, ..Http2Limits::default() });
        let mut raw = raw::Raw::connect(io).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        raw.headers(1, &GET).await;
        assert_eq!(raw.stream(1).await.len(), 2);
        assert_eq!(raw.next().await, Some(raw::Frame::goaway(1, 0, "")));
        // The client knows that nobody looks at this one.
        raw.headers(3, &GET).await;
        assert_eq!(raw.next().await, None);
        assert_eq!(served.seen.called.get(), 1);
        drop(raw);
        served.task.await.unwrap();
    });
}

#[test]
fn an_answer_that_takes_longer_than_the_write_timeout_is_reset() {
    play(async {
        let limits = Http2Limits { write_timeout: Some(Duration::from_secs(5)), ..Http2Limits::default() };
        let (served, io) = start(limits);
        let mut raw = raw::Raw::connect(io).await;
        raw.open_headers(1, &POST_GONE).await;
        let before = tokio::time::Instant::now();
        assert_eq!(raw.next().await, Some(raw::Frame::reset(1, 2)));
        assert_eq!(before.elapsed().as_secs(), 5);
        settle().await;
        assert_eq!((served.seen.gone.get(), served.seen.running.get()), (1, 0));
        // The connection goes on.
        raw.headers(3, &GET).await;
        assert_eq!(raw.stream(3).await.len(), 2);
    });
}

#[test]
fn a_stream_that_was_reset_before_its_head_has_no_answer() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        // PRIORITY that depends on itself.
        raw.frame(2, 0, 1, &[0, 0, 0, 1, 16]).await;
        raw.headers(1, &GET).await;
        assert_eq!(raw.next().await, Some(raw::Frame::reset(1, 1)));
        raw.headers(3, &GET).await;
        assert_eq!(raw.stream(3).await.len(), 2);
        assert_eq!(served.seen.called.get(), 1);
    });
}

const GET: [(&str, &str); 4] = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/")];
const POST_GONE: [(&str, &str); 4] =
    [(":method", "POST"), (":scheme", "https"), (":authority", "h.test"), (":path", "/gone")];
