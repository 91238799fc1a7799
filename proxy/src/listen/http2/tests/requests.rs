use super::*;

async fn post(client: &mut Client, fields: &[(&str, &str)], body: &'static str, trailers: &[(&str, &str)]) -> Answered {
    let mut request = Request::builder().method("POST").uri("https://h.test/echo");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let (response, mut stream) = client.ask(request.body(()).unwrap(), false).await;
    stream.send_data(Bytes::from_static(body.as_bytes()), trailers.is_empty()).unwrap();
    if !trailers.is_empty() {
        let mut map = HeaderMap::new();
        for (name, value) in trailers {
            map.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        stream.send_trailers(map).unwrap();
    }
    read(response.await.unwrap()).await
}

#[test]
fn only_announced_trailers_reach_the_handler() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let answered = post(&mut client, &[("trailer", "x-a, x-c")], "hello", &[("x-a", "1"), ("x-b", "2")]).await;
        assert_eq!(&answered.body.unwrap()[..], b"hello");
        assert_eq!(answered.trailers, ["x-a: 1"]);
        let answered = post(&mut client, &[], "hello", &[("x-a", "1")]).await;
        assert_eq!(answered.trailers, Vec::<String>::new());
    });
}

#[test]
fn a_100_is_sent_when_the_body_is_first_read() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let expecting = |path| {
            Request::builder()
                .method("POST")
                .uri(format!("https://h.test{path}"))
                .header("expect", "100-continue")
                .body(())
        };
        let (mut response, mut stream) = client.ask(expecting("/echo").unwrap(), false).await;
        let go_on = std::future::poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        assert_eq!((go_on.status().as_u16(), go_on.headers().len()), (100, 0));
        stream.send_data(Bytes::from_static(b"hello"), true).unwrap();
        assert_eq!(&read(response.await.unwrap()).await.body.unwrap()[..], b"hello");
        // A handler that does not read asks for nothing.
        let (mut response, _stream) = client.ask(expecting("/").unwrap(), false).await;
        assert!(std::future::poll_fn(|cx| response.poll_informational(cx)).await.is_none());
        assert_eq!(response.await.unwrap().status(), 200);
    });
}

#[test]
fn te_twice_is_a_400_in_go_s_words() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.headers(
            1,
            &[
                (":method", "GET"),
                (":scheme", "https"),
                (":authority", "h.test"),
                (":path", "/"),
                ("te", "trailers"),
                ("te", "trailers"),
            ],
        )
        .await;
        let frames = raw.stream(1).await;
        assert_eq!(frames[1].payload, b"request header \"TE\" may only be \"trailers\" in HTTP/2\n");
        assert_eq!(served.seen.called.get(), 0);
    });
}

/// A CONNECT went to the backend, which a backend that makes tunnels takes for a wish.
#[test]
fn connect_and_opaque_targets_are_refused_as_on_http1() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.headers(1, &[(":method", "CONNECT"), (":authority", "a.test:443")]).await;
        assert_eq!(raw.stream(1).await[1].payload, b"CONNECT is refused\n");
        let opaque = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "http:x")];
        raw.headers(3, &opaque).await;
        assert_eq!(raw.stream(3).await[1].payload, b"opaque target is refused\n");
        assert_eq!(served.seen.called.get(), 0);
    });
}

#[test]
fn what_is_no_request_is_a_reset_and_the_connection_lives() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        let mut stream = 1;
        let good = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/")];
        for (name, value) in [
            (":path", "/%zz"),
            (":path", "foo"),
            (":path", ""),
            (":scheme", "ftp"),
            (":authority", "user@h.test"),
            ("X-A", "1"),
            ("x a", "1"),
            ("x-a", "a\nb"),
            (":foo", "1"),
        ] {
            let mut fields: Vec<_> = good.into_iter().filter(|(other, _)| *other != name).collect();
            let place = if name.starts_with(':') { 0 } else { fields.len() };
            fields.insert(place, (name, value));
            raw.headers(stream, &fields).await;
            assert_eq!(raw.stream(stream).await, [raw::Frame::reset(stream, 1)], "{name}: {value}");
            stream += 2;
        }
        raw.headers(stream, &good).await;
        assert_eq!(raw.stream(stream).await.len(), 2);
        assert_eq!(served.seen.called.get(), 1);
    });
}

#[test]
fn an_unread_body_is_refused_behind_the_answer() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, mut stream) = client.ask(request("POST", "/"), false).await;
        assert_eq!(&read(response.await.unwrap()).await.body.unwrap()[..], b"ok\n");
        let reason = std::future::poll_fn(|cx| stream.poll_reset(cx)).await.unwrap();
        assert_eq!(u32::from(reason), 0);
    });
}

#[test]
fn a_body_that_nobody_waits_for_any_more_is_refused_behind_the_answer() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let start = tokio::time::Instant::now();
        let (response, mut stream) = client.ask(request("POST", "/given-up"), false).await;
        stream.send_data(Bytes::from_static(b"12345"), false).unwrap();
        assert_eq!(&read(response.await.unwrap()).await.body.unwrap()[..], b"ok\n");
        let reason = std::future::poll_fn(|cx| stream.poll_reset(cx)).await.unwrap();
        assert_eq!((u32::from(reason), start.elapsed().as_secs()), (0, 1));
    });
}

#[test]
fn a_body_cut_by_the_client_is_no_clean_end() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (_response, mut stream) = client.ask(request("POST", "/echo"), false).await;
        stream.send_data(Bytes::from_static(b"hel"), false).unwrap();
        settle().await;
        stream.send_reset(h2::Reason::CANCEL);
        settle().await;
        assert_eq!(*served.seen.notes.borrow(), ["stream reset with code 8"]);
    });
}

#[test]
fn a_trailer_that_none_may_be_resets_the_stream() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let asked = Request::builder().method("POST").uri("https://h.test/echo").header("trailer", "x-a").body(());
        let (response, mut stream) = client.ask(asked.unwrap(), false).await;
        let mut trailers = HeaderMap::new();
        trailers.append("content-length", "1".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
        assert_eq!(reset_code(&response.await.unwrap_err()), 1);
        assert_eq!(*served.seen.notes.borrow(), ["invalid trailer field"]);
    });
}

#[test]
fn options_of_the_server_itself_reach_no_handler() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.headers(1, &[(":method", "OPTIONS"), (":scheme", "https"), (":authority", "h.test"), (":path", "*")]).await;
        assert_eq!(raw.stream(1).await.len(), 1);
        assert_eq!(served.seen.called.get(), 0);
    });
}
