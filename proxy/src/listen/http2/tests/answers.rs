use super::*;

#[test]
fn a_small_answer_gets_type_length_and_date_behind_its_fields() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let answered = Client::connect(io).await.get("/fields").await;
        assert_eq!(
            answered.fields,
            ["etag: \"e\"", "x-a: 1", "x-b: 2", "content-type: text/plain; charset=utf-8", "content-length: 3", DATE]
        );
        assert_eq!(&answered.body.unwrap()[..], b"ok\n");
    });
}

#[test]
fn up_to_4096_bytes_get_a_length_and_more_do_not() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let small = client.get("/4096").await;
        assert_eq!(small.fields, ["content-type: text/plain; charset=utf-8", "content-length: 4096", DATE]);
        let large = client.get("/large").await;
        assert_eq!(large.fields, ["content-type: text/plain; charset=utf-8", DATE]);
        assert_eq!(large.body.unwrap().len(), 20_000);
        let flushed = client.get("/flushed").await;
        assert_eq!(flushed.fields, ["content-type: text/plain; charset=utf-8", DATE]);
        assert_eq!(&flushed.body.unwrap()[..], b"ok\nok\n");
    });
}

#[test]
fn an_answer_without_a_body_ends_with_its_head() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, _stream) = client.ask(request("GET", "/empty"), true).await;
        let response = response.await.unwrap();
        assert!(response.body().is_end_stream());
        assert_eq!(lines(response.headers()), ["content-length: 0", DATE]);
        let not_modified = client.get("/304").await;
        assert_eq!(not_modified.fields, ["content-type: text/plain", "content-length: 3", DATE]);
        let refused = client.get("/refused").await;
        assert_eq!((refused.status, refused.fields), (502, vec!["content-length: 0".to_owned(), DATE.to_owned()]));
    });
}

#[test]
fn head_tells_type_and_length_and_sends_no_data() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, _stream) = client.ask(request("HEAD", "/"), true).await;
        let response = response.await.unwrap();
        assert!(response.body().is_end_stream());
        assert_eq!(lines(response.headers()), ["content-type: text/plain; charset=utf-8", "content-length: 3", DATE]);
    });
}

#[test]
fn trailers_are_a_last_head_sorted_and_without_framing() {
    play(async {
        let (served, io) = start(Http2Limits::default());
        let answered = Client::connect(io).await.get("/trailers").await;
        assert_eq!(answered.fields, ["trailer: X-B", "content-type: text/plain; charset=utf-8", DATE]);
        assert_eq!(&answered.body.unwrap()[..], b"ok\n");
        assert_eq!(answered.trailers, ["x-a: 1", "x-b: 2"]);
        // Else whoever made the body could not give its connection back.
        assert_eq!(*served.seen.notes.borrow(), ["end"]);
    });
}

#[test]
fn a_1xx_is_a_head_of_its_own() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (mut response, _stream) = client.ask(request("GET", "/103"), true).await;
        let hints = std::future::poll_fn(|cx| response.poll_informational(cx)).await.unwrap().unwrap();
        assert_eq!(hints.status(), 103);
        assert_eq!(lines(hints.headers()), ["link: </a>"]);
        assert_eq!(&read(response.await.unwrap()).await.body.unwrap()[..], b"ok\n");
    });
}

#[test]
fn heads_of_1xx_beyond_their_bound_are_dropped() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (mut response, _stream) = client.ask(request("GET", "/many-1xx"), true).await;
        let mut heads = 0;
        while std::future::poll_fn(|cx| response.poll_informational(cx)).await.is_some() {
            heads += 1;
        }
        assert!((50..=64).contains(&heads), "{heads}");
        assert_eq!(response.await.unwrap().status(), 200);
    });
}

#[test]
fn a_cut_body_is_a_reset_behind_what_was_flushed() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        let (response, _stream) = client.ask(request("GET", "/cut"), true).await;
        let mut stream = response.await.unwrap().into_body();
        assert_eq!(&stream.data().await.unwrap().unwrap()[..], b"ok\n");
        assert_eq!(reset_code(&stream.data().await.unwrap().unwrap_err()), 2);
        assert_eq!(client.get("/").await.status, 200);
    });
}

#[test]
fn a_cut_before_the_head_is_a_reset_and_nothing_else() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        for path in ["/cut-before-head", "/answer-cut", "/panic"] {
            let (response, _stream) = client.ask(request("GET", path), true).await;
            assert_eq!(reset_code(&response.await.unwrap_err()), 2, "{path}");
        }
        assert_eq!(client.get("/").await.status, 200);
    });
}

#[test]
fn a_body_that_differs_from_its_length_is_a_reset() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut client = Client::connect(io).await;
        for path in ["/short", "/long"] {
            let (response, _stream) = client.ask(request("GET", path), true).await;
            match response.await {
                Ok(response) => assert_eq!(reset_code(&read(response).await.body.unwrap_err()), 2, "{path}"),
                Err(error) => assert_eq!(reset_code(&error), 2, "{path}"),
            }
        }
    });
}

#[test]
fn a_body_through_a_window_of_10_bytes_arrives_and_ends() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut builder = h2::client::Builder::new();
        let mut client = Client::connect_with(io, builder.initial_window_size(10)).await;
        assert_eq!(client.get("/large").await.body.unwrap().len(), 20_000);
    });
}

#[test]
fn the_end_of_a_body_needs_no_window() {
    play(async {
        let (_served, io) = start(Http2Limits::default());
        let mut builder = h2::client::Builder::new();
        let mut client = Client::connect_with(io, builder.initial_window_size(6)).await;
        let (response, _stream) = client.ask(request("GET", "/flushed"), true).await;
        let mut stream = response.await.unwrap().into_body();
        let mut read = 0;
        while let Some(bytes) = stream.data().await {
            read += bytes.unwrap().len();
        }
        assert_eq!(read, 6);
    });
}
