//! HTML pages whose links are rewritten on their way.

mod coding;
mod script;
mod tag;
mod tokens;

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;

use self::{
    coding::{Coding, Pack, Unpack},
    tokens::Tokens,
};
use super::{Fault, Links};
use crate::{
    config::limits,
    forward::{
        FlushInterval, Passage,
        first_read::EndOfBody,
        passage::{strip_hop_by_hop, unpacking},
        relay::Relay,
    },
    upstream::Incoming,
    wire::{Answer, Body, Cut, Frame, Frames, Gone, Headers, Length, Name, ResponseHead, headers::trim},
};

/// The answer for the client, with the links of a page rewritten; anything but a page, and a page in a coding that is not known, as it is.
///
/// A page is told of only when all of it is there, so that one that breaks off is an error and no page; one that is longer than may be held
/// goes out as it comes.
///
/// Go: `apimachinery/pkg/util/proxy/transport.go` `Transport.rewriteResponse`. Trace: `upgrade_aware/html/*`.
pub(super) async fn answer(
    passage: &Passage<'_>,
    incoming: Incoming,
    gone: Gone,
    links: &Links,
) -> Result<Answer, Fault> {
    if !is_page(&incoming.head) {
        return Ok(passage.answer(incoming, gone));
    }
    let Some(coding) = Coding::of(&incoming) else {
        tracing::debug!("a page in a coding that is not known: its links stay");
        return Ok(passage.answer(incoming, gone));
    };
    let (mut head, body, gunzip) = unpacking(incoming);
    strip_hop_by_hop(&mut head);
    head.content_length = None;
    let source = Relay::new(body, EndOfBody::Any, FlushInterval::Never, gunzip, gone.clone()).until(passage.until);
    let mut page = Page::new(source, coding, links.clone());
    let whole = page.hold(limits::REWRITTEN_PAGE_BYTES_MAX).await.map_err(|cut| Fault::Failed(words(&cut)))?;
    let flush = if whole { passage.flush } else { FlushInterval::Always };
    let relay = Relay::new(page, EndOfBody::Any, flush, false, gone).until(passage.until);
    Ok(Answer::Reply(head, Body::made(Length::Unknown, relay)))
}

/// Go takes the type for what it is only in lower case.
fn is_page(head: &ResponseHead) -> bool {
    let content_type = head.headers.get(&Name::CONTENT_TYPE).unwrap_or_default();
    content_type.split(|byte| *byte == b';').next().is_some_and(|first| trim(first) == b"text/html")
}

/// Why a page did not come whole, as Go says it.
fn words(cut: &Cut) -> String {
    match cut {
        Cut::BackendGone(error) if error.kind() == io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
        Cut::BackendGone(error) if error.kind() == io::ErrorKind::ConnectionReset => {
            "read: connection reset by peer".to_owned()
        }
        Cut::BackendGone(error) => error.to_string(),
        Cut::ClientGone => "context canceled".to_owned(),
        Cut::Deadline => "context deadline exceeded".to_owned(),
        Cut::Malformed(_) | Cut::Field(_) | Cut::BodyClosed | Cut::Limit(_) | Cut::Reset(_) => cut.to_string(),
    }
}

/// A page on its way: unpacked, its links rewritten, packed again.
struct Page<D> {
    source: Relay<D>,
    unpack: Unpack,
    tokens: Tokens,
    links: Links,
    /// What is rewritten and not yet packed.
    plain: BytesMut,
    pack: Pack,
    /// What may go out.
    out: BytesMut,
    trailers: Option<Headers>,
    ended: bool,
}

impl<D: Frames + Unpin> Page<D> {
    fn new(source: Relay<D>, coding: Coding, links: Links) -> Self {
        Self {
            source,
            unpack: Unpack::new(coding),
            tokens: Tokens::default(),
            links,
            plain: BytesMut::new(),
            pack: Pack::new(coding),
            out: BytesMut::new(),
            trailers: None,
            ended: false,
        }
    }

    /// Takes the page in, up to about so many bytes of it. True if that is all of it.
    async fn hold(&mut self, bytes_max: usize) -> Result<bool, Cut> {
        poll_fn(|cx| {
            while !self.ended && self.out.len() <= bytes_max {
                ready!(self.poll_more(cx))?;
            }
            Poll::Ready(Ok(self.ended))
        })
        .await
    }

    /// Takes a bounded piece of the page in.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cut>> {
        if let Some(bytes) = self.unpack.next()? {
            self.tokens.push(&bytes, &self.links, &mut self.plain)?;
            return Poll::Ready(self.pack.write(&mut self.plain, &mut self.out));
        }
        match ready!(Pin::new(&mut self.source).poll_frame(cx)) {
            Some(Ok(Frame::Data(bytes))) => self.unpack.push(bytes)?,
            Some(Ok(Frame::Flush)) => {}
            Some(Ok(Frame::Trailers(trailers))) => self.trailers = Some(trailers),
            Some(Err(cut)) => return Poll::Ready(Err(cut)),
            None => {
                if let Some(bytes) = self.unpack.end()? {
                    self.tokens.push(&bytes, &self.links, &mut self.plain)?;
                }
                self.tokens.end(&self.links, &mut self.plain);
                self.pack.write(&mut self.plain, &mut self.out)?;
                self.pack.end(&mut self.out)?;
                self.ended = true;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<D: Frames + Unpin> Frames for Page<D> {
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let this = self.get_mut();
        loop {
            if !this.out.is_empty() {
                let bytes = this.out.split_to(this.out.len().min(PIECE_BYTES));
                return Poll::Ready(Some(Ok(Frame::Data(bytes.freeze()))));
            }
            if this.ended {
                return Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::Trailers(trailers))));
            }
            if let Err(cut) = ready!(this.poll_more(cx)) {
                return Poll::Ready(Some(Err(cut)));
            }
        }
    }

    fn go_on(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        Pin::new(&mut self.get_mut().source).go_on(cx);
    }
}

/// Go copies bodies through a buffer of this size, and each read is a chunk. Go: `net/http/httputil/reverseproxy.go` `copyBuffer`.
const PIECE_BYTES: usize = 32 << 10;

#[cfg(test)]
mod tests;
