use super::*;

#[test]
fn an_answer_of_64_mib_is_made_no_faster_than_it_is_read() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, _stream) = client.ask(request("GET", "/64MiB"), true).await;
        let mut stream = response.await.unwrap().into_body();
        let mut read = 0;
        let mut ahead_most = 0;
        while let Some(bytes) = stream.data().await {
            let bytes = bytes.unwrap();
            settle().await;
            read += bytes.len();
            ahead_most = ahead_most.max(served.seen.made.get() - read);
            stream.flow_control().release_capacity(bytes.len()).unwrap();
        }
        assert_eq!(read, 64 << 20);
        // The client's window, the pipe, the output with a frame more, and what was pulled last.
        assert!(ahead_most <= (64 + 64 + 32 + 64) << 10, "{ahead_most}");
    });
}

#[test]
fn a_request_of_64_mib_comes_no_faster_than_it_is_read() {
    play(async {
        let limits = Http2Limits::default();
        let window = limits.stream_window_bytes as usize;
        let (served, io) = start(limits);
        let mut client = Client::connect(io).await;
        let (response, mut stream) = client.ask(request("POST", "/slow-read"), false).await;
        let piece = Bytes::from(vec![b'a'; 32 << 10]);
        let mut sent = 0;
        while sent < 64 << 20 {
            stream.reserve_capacity(piece.len());
            while stream.capacity() < piece.len() {
                std::future::poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
            }
            sent += piece.len();
            stream.send_data(piece.clone(), sent == 64 << 20).unwrap();
            // The window, and what is read but not counted yet.
            assert!(sent - served.seen.made.get() <= window + piece.len() * 2);
        }
        assert_eq!(response.await.unwrap().status(), 200);
        assert_eq!(served.seen.made.get(), 64 << 20);
    });
}

#[test]
fn a_stream_that_nobody_reads_starves_no_other() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut builder = h2::client::Builder::new();
        let builder = builder.initial_window_size(16 << 10).initial_connection_window_size(1 << 20);
        let mut client = Client::connect_with(io, builder).await;
        let mut stuck = Vec::new();
        for _ in 0..20 {
            let (response, _stream) = client.ask(request("GET", "/64MiB"), true).await;
            stuck.push(response.await.unwrap());
        }
        settle().await;
        assert_eq!(client.get("/large").await.body.unwrap().len(), 20_000);
    });
}

#[test]
fn resets_do_not_raise_the_number_of_handlers() {
    play(async {
        let limits = Http2Limits { streams_max: 10, ..Http2Limits::default() };
        let (served, io) = start(limits);
        let mut raw = raw::Raw::connect(io).await;
        let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/stubborn")];
        let mut stream = 1;
        // CVE-2023-44487: ask and reset, for ever.
        for _ in 0..100 {
            raw.headers(stream, &get).await;
            raw.reset(stream, 8).await;
            settle().await;
            stream += 2;
            if served.task.is_finished() {
                break;
            }
        }
        assert!(served.seen.running_most.get() <= 10, "{}", served.seen.running_most.get());
        let mut last = None;
        while let Some(frame) = raw.next().await {
            last = Some(frame);
        }
        let last = last.unwrap();
        assert_eq!((last.kind, &last.payload[4..]), (7, &11_u32.to_be_bytes()[..]));
    });
}

/// Requests that wait for the handlers of others kept their connection for ever: nobody held their streams, and nobody let them go.
#[test]
fn requests_that_wait_for_a_handler_do_not_outlive_their_connection() {
    for breaks_the_rules in [false, true] {
        play(async {
            let (served, io) = start(Http2Limits { streams_max: 2, ..Http2Limits::default() });
            let mut raw = raw::Raw::connect(io).await;
            let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/stubborn")];
            for stream in [1, 3] {
                raw.headers(stream, &get).await;
                raw.reset(stream, 8).await;
            }
            for stream in [5, 7] {
                raw.headers(stream, &get).await;
            }
            settle().await;
            assert_eq!(served.seen.called.get(), 2);
            if breaks_the_rules {
                raw.frame(0, 0, 0, b"").await;
            }
            drop(raw);
            let limits = Http2Limits::default();
            let ended = tokio::time::timeout(limits.gone_grace + limits.linger + limits.goaway_grace, served.task);
            ended.await.expect("the connection ends with its handlers").unwrap();
        });
    }
}

#[test]
fn streams_beyond_the_bound_are_refused() {
    play(async {
        let (served, io) = start(Http2Limits { streams_max: 2, ..Http2Limits::default() });
        let mut raw = raw::Raw::connect(io).await;
        let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/gone")];
        for stream in [1, 3, 5] {
            raw.headers(stream, &get).await;
        }
        assert_eq!(raw.next().await, Some(raw::Frame::reset(5, 7)));
        assert_eq!(served.seen.called.get(), 2);
    });
}

#[test]
fn a_client_that_takes_nothing_is_left() {
    play(async {
        let minute = Duration::from_secs(60);
        let (served, io) = start(Http2Limits { send_timeout: Some(minute), ..Http2Limits::default() });
        let mut raw = raw::Raw::connect(io).await;
        let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/64MiB")];
        let before = tokio::time::Instant::now();
        // Windows are open, and nobody reads the socket.
        raw.frame(8, 0, 0, &(1_u32 << 30).to_be_bytes()).await;
        raw.headers(1, &get).await;
        raw.frame(8, 0, 1, &(1_u32 << 30).to_be_bytes()).await;
        served.task.await.unwrap();
        let limits = Http2Limits::default();
        assert!((minute..=minute + limits.linger + limits.goaway_grace).contains(&before.elapsed()));
    });
}

#[test]
fn a_stream_whose_window_stays_closed_is_reset_and_its_neighbours_go_on() {
    play(async {
        let (_served, io) =
            start(Http2Limits { send_timeout: Some(Duration::from_secs(60)), ..Http2Limits::default() });
        let mut builder = h2::client::Builder::new();
        let builder = builder.initial_window_size(16 << 10).initial_connection_window_size(1 << 20);
        let mut client = Client::connect_with(io, builder).await;
        let (response, _stream) = client.ask(request("GET", "/64MiB"), true).await;
        let mut stuck = response.await.unwrap().into_body();
        let (response, _stream) = client.ask(request("GET", "/large"), true).await;
        let mut slow = response.await.unwrap().into_body();
        // One window update in a while is enough.
        let mut read = 0;
        while read < 20_000 {
            tokio::time::sleep(Duration::from_secs(55)).await;
            let bytes = slow.data().await.unwrap().unwrap();
            slow.flow_control().release_capacity(bytes.len()).unwrap();
            read += bytes.len();
        }
        tokio::time::sleep(Duration::from_secs(61)).await;
        let error = loop {
            match stuck.data().await.unwrap() {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!(reset_code(&error), 2);
        assert_eq!(client.get("/").await.status, 200);
    });
}

#[test]
fn the_last_bytes_of_an_answer_have_their_time_as_well() {
    play(async {
        let minute = Duration::from_secs(60);
        let (_served, io) = start(Http2Limits { send_timeout: Some(minute), ..Http2Limits::default() });
        let mut raw = raw::Raw::connect(io).await;
        raw.frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]).await;
        let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/4096")];
        let before = tokio::time::Instant::now();
        raw.headers(1, &get).await;
        assert_eq!(raw.next().await.unwrap().kind, 1);
        let reset = tokio::time::timeout(2 * minute, raw.next()).await.expect("it is given up");
        assert_eq!((reset, before.elapsed()), (Some(raw::Frame::reset(1, 2)), minute));
    });
}

#[test]
fn a_window_that_opens_by_a_byte_each_minute_is_a_stuck_one_and_one_that_opens_by_a_few_kib_is_not() {
    play(async {
        for (bytes, lives) in [(1_u32, false), (1000, false), (2048, true)] {
            let minute = Duration::from_secs(60);
            let (_served, io) = start(Http2Limits { send_timeout: Some(minute), ..Http2Limits::default() });
            let mut raw = raw::Raw::connect(io).await;
            raw.frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]).await;
            let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/64MiB")];
            raw.headers(1, &get).await;
            assert_eq!(raw.next().await.unwrap().kind, 1);
            let mut was_reset = false;
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(55)).await;
                raw.frame(8, 0, 1, &bytes.to_be_bytes()).await;
                let frame = raw.next().await.unwrap();
                was_reset |= frame == raw::Frame::reset(1, 2);
                if was_reset {
                    break;
                }
            }
            assert_eq!(was_reset, !lives, "{bytes}");
        }
    });
}

#[test]
fn a_client_that_waits_for_the_last_bytes_of_its_window_gets_them_in_a_moment() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut raw = raw::Raw::connect(io).await;
        raw.frame(4, 0, 0, &[&[0, 4][..], &(16_384 + 5_u32).to_be_bytes()].concat()).await;
        let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/64MiB")];
        raw.headers(1, &get).await;
        let before = tokio::time::Instant::now();
        assert_eq!(raw.next().await.unwrap().kind, 1);
        assert_eq!(raw.next().await.unwrap().payload.len(), 16_384);
        assert_eq!(raw.next().await.unwrap().payload.len(), 5);
        assert!((100..=110).contains(&before.elapsed().as_millis()), "{:?}", before.elapsed());
    });
}

#[test]
fn a_client_that_takes_a_byte_of_its_connection_each_minute_is_left() {
    play(async {
        let minute = Duration::from_secs(60);
        let (served, io) = start(Http2Limits { send_timeout: Some(minute), ..Http2Limits::default() });
        let mut raw = raw::Raw::connect(io).await;
        raw.frame(8, 0, 0, &(1_u32 << 30).to_be_bytes()).await;
        let get = [(":method", "GET"), (":scheme", "https"), (":authority", "h.test"), (":path", "/64MiB")];
        raw.headers(1, &get).await;
        raw.frame(8, 0, 1, &(1_u32 << 30).to_be_bytes()).await;
        let before = tokio::time::Instant::now();
        tokio::time::sleep(Duration::from_secs(55)).await;
        tokio::io::AsyncReadExt::read_exact(&mut raw.0, &mut [0]).await.unwrap();
        served.task.await.unwrap();
        let limits = Http2Limits::default();
        assert!((minute..=minute + limits.linger + limits.goaway_grace).contains(&before.elapsed()));
    });
}

#[test]
fn every_bound_is_advertised() {
    play(async {
        let (_served, mut io) = start(Http2Limits::default());
        let mut settings = vec![(5, 16 << 10), (3, 250), (6, (1 << 20) + 320), (1, 4096), (4, 1 << 20)];
        assert_eq!(raw::settings(&mut io).await, settings);
        // And the window of the connection.
        let mut update = [0; 13];
        tokio::io::AsyncReadExt::read_exact(&mut io, &mut update).await.unwrap();
        assert_eq!((update[3], &update[9..]), (8, &((8_u32 << 20) - 65_535).to_be_bytes()[..]));

        let limits = Http2Limits { tunnels: crate::wire::http2::Tunnels::Taken, ..Http2Limits::default() };
        let (_served, mut io) = start(limits);
        settings.push((8, 1));
        assert_eq!(raw::settings(&mut io).await, settings);

        let (_served, mut io) = start(Http2Limits::of_apiserver());
        let settings = [(5, 256 << 10), (3, 100), (6, (1 << 20) + 320), (1, 4096), (4, 256 << 10)];
        assert_eq!(raw::settings(&mut io).await, settings);
    });
}

#[test]
fn what_holds_for_both_versions_of_http_is_the_server_s() {
    let mut settings = Settings::as_go(None);
    settings.head.head_bytes_max = 1000;
    settings.keep_alive = KeepAlive::Never;
    settings.write_timeout = Some(Duration::from_secs(1));
    settings.send_timeout = Some(Duration::from_secs(2));
    let limits = settings.http2.under(&settings);
    assert_eq!((limits.header_list_bytes_max, limits.keep_alive), (1320, KeepAlive::Never));
    assert_eq!((limits.write_timeout, limits.send_timeout), (settings.write_timeout, settings.send_timeout));
}
