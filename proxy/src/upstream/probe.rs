//! Whether there is a body at all, where nobody has said so.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Method;
use tokio::time::timeout;

use super::Outgoing;
use crate::{
    config::limits,
    wire::{Body, Cut, Frame, Frames, Length},
};

/// Whether nobody has said that there is a body, and most likely there is none: a request of HTTP/2 may leave its stream open without a
/// length, and backends refuse a GET with a chunked body.
///
/// Go: `net/http/transfer.go` `transferWriter.shouldSendChunkedRequestBody`.
pub(super) fn is_needed(request: &Outgoing) -> bool {
    request.body.has_unsaid_length() && usually_lacks_body(&request.head.method)
}

/// Waits a while for the first bytes of a body that most likely is none.
///
/// Go: `net/http/transfer.go` `transferWriter.probeRequestBody`.
pub(super) async fn first_bytes(request: &mut Outgoing) {
    let first = match timeout(limits::PROBED_BODY_WAIT, request.body.frame()).await {
        Ok(None | Some(Ok(Frame::Trailers(_)))) => return request.body = Body::empty(),
        Ok(first) => first,
        Err(_) => None,
    };
    request.body = Body::made(Length::Unknown, Begun { first, is_first: true, rest: request.take_body() });
}

/// Go: `transfer.go` `requestMethodUsuallyLacksBody`.
fn usually_lacks_body(method: &Method) -> bool {
    matches!(method.as_str(), "GET" | "HEAD" | "DELETE" | "OPTIONS" | "PROPFIND" | "SEARCH")
}

/// A body whose first frame was read, or waited for. Its first byte goes alone, as in Go, which has read just that.
struct Begun {
    first: Option<Result<Frame, Cut>>,
    is_first: bool,
    rest: Body,
}

impl Frames for Begun {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        let frame = match self.first.take() {
            Some(first) => Some(first),
            None => ready!(self.rest.poll_frame(cx)),
        };
        Poll::Ready(match frame {
            Some(Ok(Frame::Data(mut bytes))) if std::mem::take(&mut self.is_first) && bytes.len() > 1 => {
                let byte = bytes.split_to(1);
                self.first = Some(Ok(Frame::Data(bytes)));
                Some(Ok(Frame::Data(byte)))
            }
            frame => frame,
        })
    }
}
