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
