use std::{cell::RefCell, time::Duration};

use super::*;
use crate::upstream::{
    Incoming, Reply,
    pretend::{data, fed, frame, read},
};

#[tokio::test(start_paused = true)]
async fn a_head_tells_its_length_and_loses_its_framing() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        let head = Response::builder().status(299).header("x-b", "2").header("content-length", "2").body(()).unwrap();
        respond.send_response(head, false).unwrap().send_data("ok".into(), true).unwrap();
        let Incoming { head, body, .. } = sent.await.unwrap().unwrap();
        assert_eq!((head.status.as_u16(), head.content_length), (299, Some(2)));
        assert_eq!(head.headers.len(), 1);
        assert_eq!(body.length(), Length::Exactly(2));
        assert_eq!(read(body).await.unwrap(), "ok");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn heads_of_1xx_are_told_and_a_101_is_not() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let told = Rc::new(RefCell::new(Vec::new()));
        let (sender, teller) = (Rc::clone(&stage), Rc::clone(&told));
        let sent = tokio::task::spawn_local(async move {
            let mut informed = |head: &crate::wire::ResponseHead| teller.borrow_mut().push(head.status.as_u16());
            sender.transport.send(&sender.origin, get("/x"), &mut informed).await
        });
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        for status in [103, 100, 101, 103] {
            respond.send_informational(Response::builder().status(status).body(()).unwrap()).unwrap();
        }
        answer(respond, "ok");
        let Ok(Reply::Response(incoming)) = sent.await.unwrap() else { panic!("no response") };
        assert_eq!(*told.borrow(), [103, 100, 103]);
        assert_eq!(incoming.head.status, 200);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn trailers_come_announced_or_not() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        let head = Response::builder().header("trailer", "x-b").body(()).unwrap();
        let mut stream = respond.send_response(head, false).unwrap();
        stream.send_data("ok".into(), false).unwrap();
        let mut trailers = HeaderMap::new();
        trailers.append("x-b", "2".parse().unwrap());
        trailers.append("x-a", "1".parse().unwrap());
        stream.send_trailers(trailers).unwrap();
        let Incoming { head, mut body, .. } = sent.await.unwrap().unwrap();
        assert_eq!(head.announced.as_slice(), [Name::from_slice(b"X-B")]);
        assert!(matches!(frame(&mut body).await, Some(Ok(Frame::Data(bytes))) if bytes == "ok"));
        let Some(Ok(Frame::Trailers(trailers))) = frame(&mut body).await else { panic!("no trailers") };
        assert_eq!(trailers.len(), 2);
        assert!(frame(&mut body).await.is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reset_within_the_body_is_a_cut() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data("ok".into(), false).unwrap();
        let mut body = sent.await.unwrap().unwrap().body;
        assert!(matches!(frame(&mut body).await, Some(Ok(Frame::Data(_)))));
        stream.send_reset(h2::Reason::INTERNAL_ERROR);
        assert!(matches!(frame(&mut body).await, Some(Err(Cut::Reset(2)))));
        // And it stays one.
        assert!(matches!(frame(&mut body).await, Some(Err(_))));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_differs_from_its_length_is_a_cut() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut backend = None;
        for length in ["5", "1"] {
            let sent = send(&stage, get("/x"));
            if backend.is_none() {
                backend = Some(Backend::accept(&stage).await);
            }
            let (_, mut respond) = backend.as_mut().unwrap().request().await;
            let head = Response::builder().header("content-length", length).body(()).unwrap();
            respond.send_response(head, false).unwrap().send_data("ok".into(), true).unwrap();
            let cut = match sent.await.unwrap() {
                Ok(incoming) => read(incoming.body).await.unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert!(cut.contains("unexpected EOF") || cut.contains("truncated"), "{cut}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_wants_is_reset_with_cancel() {
    on_a_worker(async {
        let stage = stage(|_| {});
        // Before its head.
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        sent.abort();
        assert_eq!(reset_of(&mut respond).await, 8);
        // Within its body.
        let sent = send(&stage, get("/x"));
        let (_, mut respond) = backend.request().await;
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data("ok".into(), false).unwrap();
        let mut body = sent.await.unwrap().unwrap().body;
        assert!(matches!(frame(&mut body).await, Some(Ok(Frame::Data(_)))));
        drop(body);
        assert_eq!(u32::from(poll_fn(|cx| stream.poll_reset(cx)).await.unwrap()), 8);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_come_before_the_upload_has_ended() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let (feed, body) = fed(Length::Unknown);
        feed.send(data("hel")).unwrap();
        let sent = send(&stage, post("/x", body));
        let mut backend = Backend::accept(&stage).await;
        let (seen, mut respond) = backend.request().await;
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data("early".into(), false).unwrap();
        let mut body = sent.await.unwrap().unwrap().body;
        assert!(matches!(frame(&mut body).await, Some(Ok(Frame::Data(_)))));
        // The rest of the upload goes while the answer is pulled.
        feed.send(data("lo")).unwrap();
        drop(feed);
        let reader = tokio::task::spawn_local(async move { frame(&mut body).await.is_none() });
        assert_eq!(whole(seen.into_body()).await.0, "hello");
        stream.send_data(Bytes::new(), true).unwrap();
        assert!(reader.await.unwrap());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_in_time_is_given_up() {
    on_a_worker(async {
        let stage = stage(|config| config.response_header_timeout = Some(Duration::from_secs(3)));
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        let error = sent.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "http2: timeout awaiting response headers");
        assert_eq!(reset_of(&mut respond).await, 8);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_sends_no_faster_than_the_answer_is_read() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let sent = send(&stage, get("/x"));
        let mut backend = Backend::accept(&stage).await;
        let (_, mut respond) = backend.request().await;
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        let given = Rc::new(std::cell::Cell::new(0_usize));
        let giver = Rc::clone(&given);
        tokio::task::spawn_local(async move {
            let piece = Bytes::from(vec![b'a'; 32 << 10]);
            while giver.get() < 64 << 20 {
                stream.reserve_capacity(piece.len());
                while stream.capacity() < piece.len() {
                    poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
                }
                giver.set(giver.get() + piece.len());
                stream.send_data(piece.clone(), giver.get() == 64 << 20).unwrap();
            }
        });
        let mut body = sent.await.unwrap().unwrap().body;
        let mut read = 0;
        while let Some(frame) = frame(&mut body).await {
            let Frame::Data(bytes) = frame.unwrap() else { continue };
            read += bytes.len();
            assert!(given.get() - read <= (4 << 20) + (64 << 10));
            if read % (1 << 20) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(read, 64 << 20);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_reads_hold_up_no_other() {
    on_a_worker(async {
        let stage = stage(|_| {});
        let mut backend = None;
        let mut stuck = Vec::new();
        for _ in 0..7 {
            let sent = send(&stage, get("/large"));
            if backend.is_none() {
                backend = Some(Backend::accept(&stage).await);
            }
            let (_, mut respond) = backend.as_mut().unwrap().request().await;
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream.send_data(vec![b'a'; 8 << 20].into(), true).unwrap();
            stuck.push((sent.await.unwrap().unwrap(), stream));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let sent = send(&stage, get("/read"));
        let (_, mut respond) = backend.as_mut().unwrap().request().await;
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.send_data(vec![b'a'; 8 << 20].into(), true).unwrap();
        assert_eq!(read(sent.await.unwrap().unwrap().body).await.unwrap().len(), 8 << 20);
        // Those that were stuck come to their end as well, once somebody reads them.
        for (answer, _stream) in stuck {
            assert_eq!(read(answer.body).await.unwrap().len(), 8 << 20);
        }
        assert_eq!(stage.net.dialled().len(), 1);
    })
    .await;
}
