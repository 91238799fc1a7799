use std::{cell::Cell, rc::Rc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use weir::{
    chain::Handler,
    listen::{Http2Limits, Stopper, http2::serve},
    refusal::Refusal,
    wire::{Answer, Body, Channel, Cut, Exchange, Frame, Name, Peer, RequestHead, ResponseHead},
};

use super::Target;
use crate::{frames, script, stage};

pub(super) const TARGET: Target = Target {
    name: "http2_server",
    promises: "A handler sees requests that can be written as HTTP/1; the client reads frames that may stand where they stand; and all of it ends.",
    words: &frames::WORDS,
    play,
};

fn play(input: &[u8]) {
    stage::play(async {
        let (theirs, ours) = stage::connection();
        let handler = Rc::new(Echo::default());
        let (stopper, stop) = Stopper::new();
        let serving = tokio::task::spawn_local({
            let handler = Rc::clone(&handler);
            let limits = Http2Limits { streams_max: 8, header_list_bytes_max: 4096, ..Http2Limits::default() };
            async move {
                let (world, _) = stage::world();
                serve(Channel::Plain(ours), Peer::new(None, None), handler, &limits, &world, stop).await;
            }
        });
        let (mut from, mut to) = tokio::io::split(theirs);
        let reading = tokio::task::spawn_local(async move {
            let mut said = Vec::new();
            let end = from.read_to_end(&mut said).await;
            drop(end);
            said
        });
        script::say(&mut to, &frames::of_client(input)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        if input.last() == Some(&b'S') {
            stopper.stop();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        drop(to.shutdown().await);
        serving.await.expect("the server does not panic");
        let streams = frames::read(&reading.await.expect("whole"));
        assert_eq!(handler.running.get(), 0, "handlers are over");
        for (stream, said) in streams.iter().filter(|(_, said)| !said.blocks.is_empty()) {
            let finals =
                said.blocks.iter().filter(|block| !status(block).is_none_or(|status| status.starts_with(b"1")));
            let finals = finals.count();
            assert!(finals == 1 || (finals == 0 && !said.is_whole), "{finals} final heads of stream {stream}");
        }
    });
}

fn status(block: &[(Vec<u8>, Vec<u8>)]) -> Option<&[u8]> {
    block.iter().find(|(name, _)| name == b":status").map(|(_, value)| &value[..])
}

/// Answers with what it was asked, in a manner that the path names.
#[derive(Default)]
struct Echo {
    running: Cell<usize>,
}

struct Place<'a>(&'a Cell<usize>);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Handler for Echo {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        self.running.set(self.running.get() + 1);
        let _place = Place(&self.running);
        check(&exchange.head);
        let manner = exchange.head.target.raw.get(1).copied().unwrap_or_default();
        match manner {
            b'c' => return Ok(Answer::Cut(Cut::Deadline)),
            b'r' => return Err(Refusal::OutOfTime),
            b'i' => exchange.inform(&ResponseHead::new(StatusCode::EARLY_HINTS)),
            b'n' => return Ok(Answer::Reply(Box::new(ResponseHead::new(StatusCode::OK)), Body::whole("now"))),
            _ => {}
        }
        let mut body = Vec::new();
        while let Some(frame) = exchange.body.frame().await {
            match frame {
                Ok(Frame::Data(bytes)) => body.extend_from_slice(&bytes),
                Ok(Frame::Flush | Frame::Trailers(_)) => {}
                Err(cut) => return Ok(Answer::Cut(cut)),
            }
        }
        let mut head = ResponseHead::new(StatusCode::OK);
        head.headers = exchange.head.headers.clone();
        head.content_length = (manner == b'l').then_some(body.len() as u64);
        Ok(Answer::Reply(Box::new(head), Body::whole(Bytes::from(body))))
    }
}

/// What a handler may rely on.
pub(super) fn check(head: &RequestHead) {
    assert!(!head.method.as_str().is_empty() && head.method.as_str().bytes().all(is_token_byte), "{:?}", head.method);
    assert!(!head.target.raw.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{:?}", head.target);
    assert!(!head.host.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{:?}", head.host);
    for (name, value) in head.headers.iter() {
        assert!(!name.as_bytes().is_empty() && name.as_bytes().iter().copied().all(is_token_byte), "{name:?}");
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{name:?}: {}", value.escape_ascii());
        let frames = [Name::HOST, Name::CONTENT_LENGTH, Name::TRANSFER_ENCODING, Name::TRAILER];
        assert!(!frames.contains(name), "{name:?}");
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
