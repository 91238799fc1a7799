use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;
use crate::{
    listen::Stopper,
    wire::{
        Cut, Frame, Frames,
        pipe::{WasReset, pipe_that_tells},
    },
    world::real,
};

mod half_closed;
mod held_back;
mod last_answer;
mod patience;
mod stops;

/// A handler that does what a test says.
struct Scripted<F>(F);

impl<F: AsyncFn(&mut Exchange) -> Result<Answer, Refusal>> Handler for Scripted<F> {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        (self.0)(exchange).await
    }
}

/// One connection of a server that runs, until its end.
struct Stage {
    settings: Settings,
    stop: Stop,
    pipe_bytes: usize,
}

impl Stage {
    fn new() -> (Self, Stopper) {
        let (stopper, stop) = Stopper::new();
        (Self { settings: Settings::bounded(None), stop, pipe_bytes: 64 * 1024 }, stopper)
    }

    /// Plays both ends; gives what the client's script gives, and whether the connection was reset.
    async fn play<T>(
        self,
        handler: impl AsyncFn(&mut Exchange) -> Result<Answer, Refusal>,
        client: impl AsyncFnOnce(DuplexStream) -> T,
    ) -> (T, WasReset) {
        let (end, channel, was_reset) = pipe_that_tells(self.pipe_bytes);
        let world = real::world([0; 32]);
        let peer = Peer::new(channel.peer(), None);
        let handler = Scripted(handler);
        let served = serve(channel, peer, &handler, &self.settings, &world, self.stop);
        let ((), said) = tokio::join!(served, client(end));
        (said, was_reset)
    }
}

fn ok(body: Body) -> Answer {
    Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), body)
}

/// What has come when nothing more comes.
async fn read_quiet(client: &mut DuplexStream) -> String {
    let mut all = Vec::new();
    let mut some = [0; 4096];
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(Duration::from_secs(1), client.read(&mut some)).await {
        all.extend_from_slice(&some[..count]);
    }
    String::from_utf8(all).unwrap()
}

async fn read_to_end(client: &mut DuplexStream) -> String {
    let mut all = Vec::new();
    client.read_to_end(&mut all).await.unwrap();
    String::from_utf8(all).unwrap()
}

/// An answer that flushes its head, then pulls the request's body, as an early answer of a backend does.
struct EarlyAnswer {
    upload: Body,
    flushed: bool,
    seen: Rc<RefCell<Vec<String>>>,
}

impl Frames for EarlyAnswer {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        if !std::mem::replace(&mut self.flushed, true) {
            return Poll::Ready(Some(Ok(Frame::Flush)));
        }
        loop {
            let frame = std::task::ready!(self.upload.poll_frame(cx));
            let goes_on = matches!(frame, Some(Ok(_)));
            self.seen.borrow_mut().push(format!("{frame:?}"));
            if !goes_on {
                return Poll::Ready(None);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_the_server_has_drained_never_looks_complete_to_whoever_sends_it_on() {
    // The head of an early answer drained the body, and the upload then saw a clean end: a chunked upload was closed with its last chunk.
    let (stage, _stopper) = Stage::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let handler = async |exchange: &mut Exchange| {
        let upload = exchange.take_body();
        let answer = EarlyAnswer { upload, flushed: false, seen: Rc::clone(&seen) };
        Ok(ok(Body::made(Length::Unknown, answer)))
    };
    let client = async |mut client: DuplexStream| {
        client
            .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .await
            .unwrap();
        assert_eq!(read_quiet(&mut client).await, "");
        client.write_all(b"0\r\n\r\n").await.unwrap();
        let answer = read_quiet(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    };
    stage.play(handler, client).await;
    assert_eq!(*seen.borrow(), ["Some(Err(BodyClosed))"]);
}

/// A body that begins, and breaks off.
struct Breaks(bool);

impl Frames for Breaks {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(Some(match std::mem::replace(&mut self.0, true) {
            false => Ok(Frame::Data(Bytes::from(vec![b'x'; 8192]))),
            true => Err(Cut::BackendGone(std::io::ErrorKind::ConnectionReset.into())),
        }))
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_that_only_the_connections_end_could_tell_is_a_reset() {
    // An HTTP/1.0 client knows the end of a body without length by the connection's end: a FIN behind a cut body called it complete.
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::made(Length::UntilClose, Breaks(false))));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, was_reset) = stage.play(handler, client).await;
    assert!(answer.contains("\r\n\r\nxxx"), "{answer}");
    assert!(was_reset.get());
}

#[tokio::test(start_paused = true)]
async fn a_cut_that_the_framing_tells_is_no_reset() {
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::made(Length::Unknown, Breaks(false))));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, was_reset) = stage.play(handler, client).await;
    assert!(answer.ends_with("xxx\r\n"), "{answer}");
    assert!(!was_reset.get());
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_1xx_waits_for_a_client_that_does_not_read() {
    // A backend's 1xx heads were queued without bound.
    let (mut stage, _stopper) = Stage::new();
    stage.pipe_bytes = 64;
    let sent = Cell::new(0);
    let handler = async |exchange: &mut Exchange| {
        while sent.get() < 100_000 {
            exchange.inform(&ResponseHead::new(StatusCode::EARLY_HINTS));
            sent.set(sent.get() + 1);
            tokio::task::yield_now().await;
        }
        Ok(ok(Body::empty()))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(sent.get() < 1000, "{}", sent.get());
    };
    stage.play(handler, client).await;
}

/// A body that comes late, and at once.
struct Late(Pin<Box<tokio::time::Sleep>>);

impl Frames for Late {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        if self.0.is_elapsed() {
            return Poll::Ready(None);
        }
        self.0.as_mut().poll(cx).map(|()| Some(Ok(Frame::Data(Bytes::from_static(b"ok")))))
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_come_before_an_upgrade_is_refused_are_no_request() {
    // They were looked for only before the answer's body was pulled.
    let (stage, _stopper) = Stage::new();
    let served = Cell::new(0);
    let handler = async |_: &mut Exchange| {
        served.set(served.get() + 1);
        Ok(ok(Body::made(Length::Exactly(2), Late(Box::pin(tokio::time::sleep(Duration::from_secs(2)))))))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        client.write_all(b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        read_to_end(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    assert_eq!(served.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_stops_within_a_value_ends_in_silence_when_its_time_is_over() {
    // It was answered with a 400.
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a").await.unwrap();
        read_to_end(&mut client).await
    };
    assert_eq!(stage.play(handler, client).await.0, "");
}

#[tokio::test(start_paused = true)]
async fn a_request_line_that_stops_is_refused_when_its_time_is_over() {
    let (stage, _stopper) = Stage::new();
    let handler = async |_: &mut Exchange| Ok(ok(Body::empty()));
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET /").await.unwrap();
        read_to_end(&mut client).await
    };
    assert!(stage.play(handler, client).await.0.starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_switch_within_the_requests_body_is_refused() {
    // The 101 was written, then the tunnel was dropped: the connection was still shared with the body.
    let (stage, _stopper) = Stage::new();
    let held = RefCell::new(None);
    let handler = async |exchange: &mut Exchange| {
        held.replace(Some(exchange.take_body()));
        let (_, backend, _) = pipe_that_tells(64);
        let head = ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS);
        Ok(Answer::Switch(Box::new(head), Tunnel { backend, early: Bytes::new() }))
    };
    let client = async |mut client: DuplexStream| {
        let request =
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\nhello";
        client.write_all(request).await.unwrap();
        read_quiet(&mut client).await
    };
    let (answer, _) = stage.play(handler, client).await;
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_noticed_by_a_1xx_that_cannot_be_written() {
    // Behind a pipelined byte the connection is not read: the failed write was the only sign, and nobody was told.
    let (stage, _stopper) = Stage::new();
    let was_told = Cell::new(false);
    let handler = async |exchange: &mut Exchange| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        exchange.inform(&ResponseHead::new(StatusCode::EARLY_HINTS));
        let told = tokio::time::timeout(Duration::from_secs(1), exchange.gone.wait()).await;
        was_told.set(told.is_ok());
        Ok(ok(Body::empty()))
    };
    let client = async |mut client: DuplexStream| {
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nG").await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    stage.play(handler, client).await;
    assert!(was_told.get());
}
