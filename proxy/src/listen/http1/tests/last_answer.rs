use super::*;

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";

fn refusal(body: Body) -> Answer {
    let mut head = ResponseHead::new(StatusCode::FORBIDDEN);
    head.headers.append(Name::from_slice(b"X-Own"), Bytes::from_static(b"1"));
    Answer::Last(Box::new(head), body)
}

#[tokio::test(start_paused = true)]
async fn the_last_answer_goes_out_as_it_came_and_nothing_follows_it() {
    // CVE-2018-1002105: a connection whose upgrade was refused served whatever the client sent next, in the front proxy's name.
    let (stage, _stopper) = Stage::new();
    let served = Cell::new(0);
    let handler = async |_: &mut Exchange| {
        served.set(served.get() + 1);
        Ok(refusal(Body::whole("stop")))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(UPGRADE).await.unwrap();
        client.write_all(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, was_reset) = stage.play(handler, client).await;
    assert_eq!(answer, "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Own: 1\r\n\r\nstop");
    assert_eq!((served.get(), was_reset.get()), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_last_answer_that_breaks_off_is_never_called_complete() {
    for (length, expected_end, expected_reset) in
        [(Length::UntilClose, "xxx", true), (Length::Unknown, "xxx\r\n", false)]
    {
        let (stage, _stopper) = Stage::new();
        let handler = async |_: &mut Exchange| Ok(refusal(Body::made(length, Breaks(false))));
        let client = async |mut client: DuplexStream| {
            client.write_all(UPGRADE).await.unwrap();
            read_to_end(&mut client).await
        };
        let (answer, was_reset) = stage.play(handler, client).await;
        assert!(answer.ends_with(expected_end), "{answer}");
        assert_eq!(was_reset.get(), expected_reset);
    }
}

/// A body without an end.
struct Flood;

impl Frames for Flood {
    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(Some(Ok(Frame::Data(Bytes::from_static(&[b'x'; 64])))))
    }
}

/// A body that never comes.
struct Silence;

impl Frames for Silence {
    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_answer_has_ten_seconds_whoever_is_slow() {
    for body in [Body::made(Length::Unknown, Flood), Body::made(Length::Exactly(9), Silence)] {
        let (mut stage, _stopper) = Stage::new();
        stage.pipe_bytes = 1024;
        let body = RefCell::new(Some(body));
        let handler = async |_: &mut Exchange| Ok(refusal(body.take().unwrap()));
        let client = async |mut client: DuplexStream| {
            client.write_all(UPGRADE).await.unwrap();
            tokio::time::sleep(Duration::from_secs(11)).await;
            read_to_end(&mut client).await // what was written before the end
        };
        let (answer, was_reset) = stage.play(handler, client).await;
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        assert!(was_reset.get());
    }
}

#[tokio::test(start_paused = true)]
async fn a_101_goes_out_byte_for_byte() {
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| {
        let (_, backend, _) = pipe_that_tells(64);
        let mut head = ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS);
        head.headers.append(Name::UPGRADE, Bytes::from_static(b"x"));
        head.raw = Some(Bytes::from_static(b"HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: Upgrade\r\n\r\n"));
        Ok(Answer::Switch(Box::new(head), Tunnel { backend, early: Bytes::from_static(b"early") }))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(UPGRADE).await.unwrap();
        read_quiet(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert_eq!(answer, "HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: Upgrade\r\n\r\nearly");
}
