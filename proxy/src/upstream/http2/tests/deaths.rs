use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::upstream::pretend::{data, fed, frame, read};

#[tokio::test(start_paused = true)]
async fn a_reset_before_the_answer_is_told_in_go_s_words_and_the_connection_lives() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        backend.request().await.1.send_reset(h2::Reason::INTERNAL_ERROR);
        let error = sent.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "stream error: stream ID 1; INTERNAL_ERROR; received from peer");
        assert_eq!(error.delivered, Delivered::Maybe);
        let sent = send(&stage, get("/x"));
        answer(backend.request().await.1, "ok");
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_sent_again_on_the_same_connection() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        backend.request().await.1.send_reset(h2::Reason::REFUSED_STREAM);
        answer(backend.request().await.1, "ok");
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
        assert!(!stage.has_new_connection());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_upload_is_not_sent_again_once_it_was_begun() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let (feed, body) = fed(Length::Exactly(5));
        feed.send(data("hel")).unwrap();
        let sent = send(&stage, post("/x", body));
        let mut backend = Backend::accept(&stage).await;
        let (seen, mut respond) = backend.request().await;
        let mut stream = seen.into_body();
        assert_eq!(stream.data().await.unwrap().unwrap(), "hel");
        respond.send_reset(h2::Reason::REFUSED_STREAM);
        let error = sent.await.unwrap().unwrap_err();
        let refused = "stream error: stream ID 1; REFUSED_STREAM; received from peer";
        let why = "after Request.Body was written; define Request.GetBody to avoid this error";
        assert_eq!(error.to_string(), format!("http2: Transport: cannot retry err [{refused}] {why}"));
        assert_eq!(error.delivered, Delivered::Nothing);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_refuses_for_ever_is_asked_seven_times() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let before = Instant::now();
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        for _ in 0..7 {
            backend.request().await.1.send_reset(h2::Reason::REFUSED_STREAM);
        }
        let error = sent.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "stream error: stream ID 13; REFUSED_STREAM; received from peer");
        // 0 s, then 1, 2, 4, 8 and 16 s, and up to a tenth more.
        let took = before.elapsed().as_secs_f64();
        assert!((31.0..=34.1).contains(&took), "{took}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_protocol_error_is_sent_again_elsewhere_only_if_it_may_be_served_twice() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut first = Backend::accept(&stage).await;
        first.request().await.1.send_reset(h2::Reason::PROTOCOL_ERROR);
        let mut second = Backend::accept(&stage).await;
        answer(second.request().await.1, "ok");
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
        first.driver.await.unwrap();

        let sent = send(&stage, post("/x", Body::empty()));
        second.request().await.1.send_reset(h2::Reason::PROTOCOL_ERROR);
        assert_eq!(sent.await.unwrap().unwrap_err().delivered, Delivered::Maybe);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_goaway_below_the_stream_sends_it_again_on_a_new_connection() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut first = raw::Raw::accept(stage.accept().await.into_stream()).await;
        assert_eq!(first.next().await.unwrap().stream, 1);
        first.goaway(0, 0).await;
        let mut second = Backend::accept(&stage).await;
        answer(second.request().await.1, "ok");
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
        // The first one is ended, as no request is left on it.
        while let Some(frame) = first.next().await {
            assert_eq!(frame, raw::Frame::reset(1, 8));
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_goaway_below_a_stream_sends_no_body_again_that_was_begun() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let (feed, body) = fed(Length::Unknown);
        feed.send(data("hello")).unwrap();
        let sent = send(&stage, post("/x", body));
        let mut backend = raw::Raw::accept(stage.accept().await.into_stream()).await;
        assert_eq!(backend.next().await.unwrap().stream, 1);
        assert_eq!(backend.next().await.unwrap().kind, 0);
        backend.goaway(0, 0).await;
        let error = sent.await.unwrap().unwrap_err();
        // It was not begun with, but its bytes are gone.
        assert_eq!(error.delivered, Delivered::Nothing);
        assert!(!stage.has_new_connection());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_goaway_at_the_stream_lets_it_end_and_takes_no_further_one() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut first = raw::Raw::accept(stage.accept().await.into_stream()).await;
        assert_eq!(first.next().await.unwrap().stream, 1);
        first.goaway(1, 0).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        let (feed, body) = fed(Length::Exactly(5));
        let second = send(&stage, post("/2", body));
        let mut backend = Backend::accept(&stage).await;
        feed.send(data("hello")).unwrap();
        let (seen, respond) = backend.request().await;
        assert_eq!(whole(seen.into_body()).await.0, "hello");
        answer(respond, "second");
        assert_eq!(read(second.await.unwrap().unwrap().body).await.unwrap(), "second");
        // `:status: 200` is number 8 of the static table.
        first.frame(1, 4, 1, &[0x88]).await;
        first.frame(0, 1, 1, b"ok").await;
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_is_an_unexpected_end() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let _request = backend.request().await;
        backend.driver.abort();
        let error = sent.await.unwrap().unwrap_err();
        assert_eq!((error.to_string().as_str(), error.delivered), ("unexpected EOF", Delivered::Maybe));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_backend_is_noticed_within_ten_seconds() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = raw::Raw::accept(stage.accept().await.into_stream()).await;
        assert_eq!(backend.next().await.unwrap().stream, 1);
        let before = Instant::now();
        let error = sent.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "http2: client connection lost");
        assert_eq!(error.delivered, Delivered::Maybe);
        assert_eq!(before.elapsed().as_secs(), 9);
        // And its connection is not asked again.
        let sent = send(&stage, get("/x"));
        let mut alive = Backend::accept(&stage).await;
        answer(alive.request().await.1, "ok");
        sent.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_backend_within_a_body_is_noticed_too() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = raw::Raw::accept(stage.accept().await.into_stream()).await;
        assert_eq!(backend.next().await.unwrap().stream, 1);
        backend.frame(1, 4, 1, &[0x88]).await;
        let mut body = sent.await.unwrap().unwrap().body;
        let before = Instant::now();
        assert!(matches!(frame(&mut body).await, Some(Err(Cut::BackendGone(_)))));
        assert_eq!(before.elapsed().as_secs(), 9);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_backend_that_answers_ping_is_waited_for() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, respond) = backend.request().await;
        tokio::time::sleep(Duration::from_secs(600)).await;
        answer(respond, "ok");
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_requests_ends_after_its_time() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut first = None;
        for pause in [80, 80, 91] {
            let sent = send(&stage, get("/x"));
            if first.is_none() {
                first = Some(Backend::accept(&stage).await);
            }
            answer(first.as_mut().unwrap().request().await.1, "ok");
            assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap(), "ok");
            tokio::time::sleep(Duration::from_secs(pause)).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Without GOAWAY, as Go does.
        assert!(first.unwrap().driver.is_finished());
        let sent = send(&stage, get("/x"));
        answer(Backend::accept(&stage).await.request().await.1, "ok");
        sent.await.unwrap().unwrap();
    })
    .await;
}
