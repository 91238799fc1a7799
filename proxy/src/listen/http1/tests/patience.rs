use std::time::Duration;

use tokio::time::Instant;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_that_owes_its_body_gets_its_answer_all_the_same_and_the_connection_ends() {
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::whole("done")));
    let client = async |mut client: DuplexStream| {
        let start = Instant::now();
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n").await.unwrap();
        (read_to_end(&mut client).await, start.elapsed())
    };
    let ((answer, took), _) = stage.play(handler, client).await;
    assert!(answer.contains("\r\nConnection: close\r\n") && answer.ends_with("\r\n\r\ndone"), "{answer}");
    assert_eq!(took.as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_body_that_nobody_waits_for_goes_out_at_once_and_the_connection_ends() {
    for request in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let (stage, _stopper) = Stage::new();
        let handler = async |exchange: &mut Exchange| {
            let mut body = exchange.take_body();
            body.frame().await.unwrap().unwrap();
            body.give_up();
            assert!(matches!(body.frame().await, Some(Err(Cut::BodyClosed))));
            Ok(ok(Body::whole("gone")))
        };
        let client = async |mut client: DuplexStream| {
            let start = Instant::now();
            client.write_all(request.as_bytes()).await.unwrap();
            let answer = read_to_end(&mut client).await;
            let took = start.elapsed();
            // Who still sends meets no reset.
            client.write_all(b"67890").await.unwrap();
            (answer, took)
        };
        let ((answer, took), was_reset) = stage.play(handler, client).await;
        assert!(answer.contains("\r\nConnection: close\r\n") && answer.ends_with("\r\n\r\ngone"), "{answer}");
        assert_eq!((took.as_secs(), was_reset.get()), (0, false), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_ends_at_the_deadline_of_its_request() {
    let (mut stage, _stopper) = Stage::new();
    stage.pipe_bytes = 1024;
    let handler = async |exchange: &mut Exchange| {
        exchange.deadline = Some(Instant::now() + Duration::from_secs(30));
        Ok(ok(Body::whole(vec![b'x'; 100_000])))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(31)).await;
        read_quiet(&mut client).await.len()
    };
    let (read, was_reset) = stage.play(handler, client).await;
    assert!(read <= 1024, "{read}");
    assert!(was_reset.get());
}

#[tokio::test(start_paused = true)]
async fn the_defaults_end_who_says_nothing() {
    for (said, seconds) in [("", 32), ("GET / HTTP/1.1\r\n", 32), ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 90)] {
        let (stage, _stopper) = Stage::new();
        let client = async |mut client: DuplexStream| {
            let start = Instant::now();
            client.write_all(said.as_bytes()).await.unwrap();
            read_to_end(&mut client).await;
            start.elapsed().as_secs()
        };
        let (took, _) = stage.play(async |_: &mut Exchange| Ok(ok(Body::empty())), client).await;
        assert_eq!(took, seconds, "{said:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_ends_with_its_connection_never_looks_complete_when_its_time_to_be_written_is_over() {
    let (mut stage, _stopper) = Stage::new();
    stage.pipe_bytes = 1024;
    stage.settings.write_timeout = Some(Duration::from_secs(30));
    let handler = async |_: &mut Exchange| {
        let body = TakesAll { upload: Body::empty(), given: false, taken: Rc::default() };
        Ok(ok(Body::made(Length::Unknown, body)))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(31)).await;
        read_quiet(&mut client).await.len()
    };
    let (read, was_reset) = stage.play(handler, client).await;
    assert!(read <= 1024, "{read}");
    assert!(was_reset.get());
}

/// What a client reads behind a pause, of an answer of 100,000 bytes, and whether the connection was reset.
async fn read_behind(pauses: &[Duration], send_timeout: Option<Duration>) -> (usize, bool) {
    let (mut stage, _stopper) = Stage::new();
    stage.pipe_bytes = 1024;
    stage.settings.send_timeout = send_timeout;
    let handler = async |_: &mut Exchange| Ok(ok(Body::whole(vec![b'x'; 100_000])));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut read = 0;
        for pause in pauses {
            tokio::time::sleep(*pause).await;
            read += client.read(&mut [0; 100]).await.unwrap();
        }
        let mut rest = Vec::new();
        // The end may be a reset.
        let _ = client.read_to_end(&mut rest).await;
        read + rest.len()
    };
    let (read, was_reset) = stage.play(handler, client).await;
    (read, was_reset.get())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_for_the_send_timeout_is_reset() {
    let minute = Duration::from_secs(60);
    let (read, was_reset) = read_behind(&[minute + Duration::from_millis(1)], Some(minute)).await;
    assert!(read <= 1024, "{read}");
    assert!(was_reset);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_all_however_long_it_takes() {
    let slow = [Duration::from_secs(59); 20];
    let (read, was_reset) = read_behind(&slow, Some(Duration::from_secs(60))).await;
    assert!(read > 100_000, "{read}");
    assert!(!was_reset);
}

#[tokio::test(start_paused = true)]
async fn without_a_send_timeout_a_client_may_sleep_for_hours() {
    let (read, was_reset) = read_behind(&[Duration::from_secs(36_000)], None).await;
    assert!(read > 100_000, "{read}");
    assert!(!was_reset);
}

/// An answer of 100,000 bytes that takes the request's body in beside it.
struct TakesAll {
    upload: Body,
    given: bool,
    taken: Rc<Cell<usize>>,
}

impl Frames for TakesAll {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready((!std::mem::replace(&mut self.given, true)).then(|| Ok(Frame::Data(vec![b'x'; 100_000].into()))))
    }

    fn go_on(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(Ok(Frame::Data(bytes)))) = self.upload.poll_frame(cx) {
            self.taken.set(self.taken.get() + bytes.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_its_answer_gets_on_with_its_own_body() {
    let (mut stage, _stopper) = Stage::new();
    stage.pipe_bytes = 1024;
    let taken = Rc::new(Cell::new(0));
    let handler = async |exchange: &mut Exchange| {
        let upload = exchange.take_body();
        let answer = TakesAll { upload, given: false, taken: Rc::clone(&taken) };
        let mut head = ResponseHead::new(StatusCode::OK);
        head.close = true;
        Ok(Answer::Reply(Box::new(head), Body::made(Length::Unknown, answer)))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n").await.unwrap();
        client.write_all(&[b'u'; 500_000]).await.unwrap();
        assert!(taken.get() >= 499_000, "{}", taken.get());
        read_to_end(&mut client).await.len()
    };
    let (read, _) = stage.play(handler, client).await;
    assert!(read > 100_000, "{read}");
}
