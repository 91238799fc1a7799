use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::StatusCode;

use crate::{
    chain::Handler,
    config::limits::LATE_BODY_WAIT,
    refusal::Refusal,
    wire::{Answer, Body, Cut, Exchange, Frame, Frames, Headers, Length, Name, ResponseHead, Tunnel},
};

/// What the handlers of a test did.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) called: Cell<usize>,
    pub(super) running: Cell<usize>,
    pub(super) running_most: Cell<usize>,
    pub(super) gone: Cell<usize>,
    pub(super) made: Cell<usize>,
    pub(super) notes: RefCell<Vec<String>>,
    /// The backend's end of a tunnel.
    pub(super) backend: RefCell<Option<tokio::io::DuplexStream>>,
}

impl Seen {
    pub(super) fn note(&self, note: impl Into<String>) {
        self.notes.borrow_mut().push(note.into());
    }
}

/// Answers by the path that is asked for.
pub(super) struct Stage(pub(super) Rc<Seen>);

/// A handler's place in the count, however it ends.
struct Place(Rc<Seen>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

impl Handler for Stage {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let seen = &self.0;
        seen.called.set(seen.called.get() + 1);
        seen.running.set(seen.running.get() + 1);
        seen.running_most.set(seen.running_most.get().max(seen.running.get()));
        let _place = Place(Rc::clone(seen));
        let path = String::from_utf8_lossy(&exchange.head.target.raw).into_owned();
        Ok(match path.as_str() {
            "/echo" => echo(seen, exchange).await,
            "/switch" => switch(seen, exchange),
            "/103" => {
                let mut hints = ResponseHead::new(StatusCode::EARLY_HINTS);
                hints.headers.append(Name::LINK, "</a>");
                exchange.inform(&hints);
                text("ok\n")
            }
            "/many-1xx" => {
                let mut hints = ResponseHead::new(StatusCode::EARLY_HINTS);
                hints.headers.append(Name::LINK, vec![b'a'; 1000]);
                (0..1000).for_each(|_| exchange.inform(&hints));
                text("ok\n")
            }
            "/large" => text("a".repeat(20_000)),
            "/4096" => text("a".repeat(4096)),
            "/empty" => Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::empty()),
            "/fields" => fields(),
            "/flushed" => steps(None, vec![data("ok\n"), Ok(Frame::Flush), data("ok\n")]),
            "/trailers" => trailers(seen),
            "/304" => {
                let mut head = ResponseHead::new(StatusCode::NOT_MODIFIED);
                head.headers.append(Name::CONTENT_TYPE, "text/plain");
                head.content_length = Some(3);
                Answer::Reply(Box::new(head), Body::empty())
            }
            "/short" => steps(Some(10), vec![data("ok\n")]),
            "/long" => steps(Some(5), vec![data("ok\n"), data("more")]),
            "/cut" => steps(None, vec![data("ok\n"), Ok(Frame::Flush), Err(Cut::Deadline)]),
            "/cut-before-head" => steps(None, vec![data("ok\n"), Err(Cut::Deadline)]),
            "/answer-cut" => Answer::Cut(Cut::Deadline),
            "/panic" => panic!("planned"),
            "/close" => {
                let mut head = ResponseHead::new(StatusCode::OK);
                head.close = true;
                Answer::Reply(Box::new(head), Body::whole("ok\n"))
            }
            "/close-field" => {
                let mut head = ResponseHead::new(StatusCode::OK);
                head.headers.append(Name::CONNECTION, "close");
                Answer::Reply(Box::new(head), Body::whole("ok\n"))
            }
            "/refused" => return Err(Refusal::UpgradeMismatch("x".to_owned())),
            "/gone" => {
                exchange.gone.wait().await;
                seen.gone.set(seen.gone.get() + 1);
                text("late\n")
            }
            "/stubborn" => std::future::pending().await,
            "/64MiB" => {
                let made = Made { left: 64 << 20, piece: Bytes::from(vec![b'a'; 32 << 10]), seen: Rc::clone(seen) };
                Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::made(Length::Unknown, made))
            }
            "/given-up" => {
                while let Ok(Some(_)) = tokio::time::timeout(LATE_BODY_WAIT, exchange.body.frame()).await {}
                exchange.body.give_up();
                text("ok\n")
            }
            "/slow-read" => {
                while let Some(Ok(frame)) = exchange.body.frame().await {
                    if let Frame::Data(bytes) = frame {
                        seen.made.set(seen.made.get() + bytes.len());
                        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    }
                }
                text("ok\n")
            }
            _ => text("ok\n"),
        })
    }
}

/// Reads the body to its end, and answers with it and its trailers.
async fn echo(seen: &Seen, exchange: &mut Exchange) -> Answer {
    let mut body = Vec::new();
    let mut frames = Vec::new();
    while let Some(frame) = exchange.body.frame().await {
        match frame {
            Ok(Frame::Data(bytes)) => body.extend_from_slice(&bytes),
            Ok(frame) => frames.push(Ok(frame)),
            Err(cut) => {
                seen.note(cut.to_string());
                return text("cut\n");
            }
        }
    }
    frames.insert(0, Ok(Frame::Data(body.into())));
    steps(None, frames)
}

/// Switches, if it is asked to, and keeps the backend's end.
fn switch(seen: &Rc<Seen>, exchange: &Exchange) -> Answer {
    let head = &exchange.head;
    let key = head.headers.get(&Name::SEC_WEBSOCKET_KEY).map_or(0, <[u8]>::len);
    let upgrade = String::from_utf8_lossy(head.headers.get(&Name::UPGRADE).unwrap_or_default()).into_owned();
    seen.note(format!("{} {:?} {upgrade} {key}", head.method, exchange.body.length()));
    let (theirs, ours) = crate::wire::pipe::pipe(64 << 10);
    seen.backend.replace(Some(theirs));
    let mut head = ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS);
    for (name, value) in [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("X-A", "1")] {
        head.headers.append(Name::from_slice(name.as_bytes()), value);
    }
    Answer::Switch(Box::new(head), Tunnel { backend: ours, early: Bytes::from_static(b"early ") })
}

fn text(text: impl Into<Bytes>) -> Answer {
    Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::whole(text))
}

fn data(text: &'static str) -> Result<Frame, Cut> {
    Ok(Frame::Data(Bytes::from_static(text.as_bytes())))
}

fn steps(content_length: Option<u64>, steps: Vec<Result<Frame, Cut>>) -> Answer {
    let mut head = ResponseHead::new(StatusCode::OK);
    head.content_length = content_length;
    Answer::Reply(Box::new(head), Body::made(Length::Unknown, Steps(steps.into_iter())))
}

fn fields() -> Answer {
    let mut head = ResponseHead::new(StatusCode::OK);
    for (name, value) in [
        ("X-B", "2"),
        ("x-a", "1"),
        ("Etag", "\"e\""),
        ("X-Bad", "a\u{1}b"),
        ("X Y", "1"),
        ("Connection", "x"),
        ("Keep-Alive", "timeout=5"),
        ("Transfer-Encoding", "chunked"),
    ] {
        head.headers.append(Name::from_slice(name.as_bytes()), value);
    }
    Answer::Reply(Box::new(head), Body::whole("ok\n"))
}

fn trailers(seen: &Rc<Seen>) -> Answer {
    let mut trailers = Headers::new();
    for (name, value) in [("X-B", "2"), ("Content-Length", "7"), ("X-A", "1")] {
        trailers.append(Name::from_slice(name.as_bytes()), value);
    }
    let mut head = ResponseHead::new(StatusCode::OK);
    head.announced.push(Name::from_slice(b"X-B"));
    let frames = vec![data("ok\n"), Ok(Frame::Flush), Ok(Frame::Trailers(trailers))];
    Answer::Reply(Box::new(head), Body::made(Length::Unknown, Noted(Steps(frames.into_iter()), Rc::clone(seen))))
}

/// Notes when its end was seen.
struct Noted(Steps, Rc<Seen>);

impl Frames for Noted {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let frame = Pin::new(&mut self.0).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) {
            self.1.note("end");
        }
        frame
    }
}

/// Gives frames one after the other.
struct Steps(std::vec::IntoIter<Result<Frame, Cut>>);

impl Frames for Steps {
    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        Poll::Ready(self.0.next())
    }
}

/// Makes bytes as fast as they are taken, and counts them.
struct Made {
    left: usize,
    piece: Bytes,
    seen: Rc<Seen>,
}

impl Frames for Made {
    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let piece = self.piece.slice(..self.piece.len().min(self.left));
        self.left -= piece.len();
        self.seen.made.set(self.seen.made.get() + piece.len());
        Poll::Ready(Some(Ok(Frame::Data(piece))))
    }
}
