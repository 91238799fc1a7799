use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Method;
use tokio::sync::mpsc;

use crate::{
    upstream::{Download, OutHead, Outgoing, StrippedHeaders},
    wire::{Body, Cut, Frame, Frames, Headers, Length, Name, message::Version, trailers::Announced},
};

/// A request without a body.
pub(in crate::upstream) fn get(target: &'static str) -> Outgoing {
    request("GET", target, &[], Body::empty())
}

/// A request with a body.
pub(in crate::upstream) fn post(target: &'static str, body: Body) -> Outgoing {
    request("POST", target, &[], body)
}

pub(in crate::upstream) fn request(
    method: &str,
    target: &'static str,
    fields: &[(Name, &'static str)],
    body: Body,
) -> Outgoing {
    let headers: Headers =
        fields.iter().map(|(name, value)| (name.clone(), Bytes::from_static(value.as_bytes()))).collect();
    Outgoing {
        head: Box::new(OutHead {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            target: Bytes::from_static(target.as_bytes()),
            host: Bytes::from_static(b"h.test"),
            headers: StrippedHeaders::ours(headers),
            announced: Announced::new(),
            client: Version::Http11,
            close: false,
        }),
        body,
    }
}

/// A body that the test feeds; it ends when the sender is dropped.
pub(in crate::upstream) fn fed(length: Length) -> (mpsc::UnboundedSender<Result<Frame, Cut>>, Body) {
    let (feed, frames) = mpsc::unbounded_channel();
    (feed, Body::made(length, Fed(frames)))
}

struct Fed(mpsc::UnboundedReceiver<Result<Frame, Cut>>);

impl Frames for Fed {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame, Cut>>> {
        self.0.poll_recv(cx)
    }
}

pub(in crate::upstream) fn data(bytes: &'static str) -> Result<Frame, Cut> {
    Ok(Frame::Data(Bytes::from_static(bytes.as_bytes())))
}

/// The next frame of a download.
pub(in crate::upstream) async fn frame(download: &mut Download) -> Option<Result<Frame, Cut>> {
    std::future::poll_fn(|cx| Pin::new(&mut *download).poll_frame(cx)).await
}

/// All data of a download.
pub(in crate::upstream) async fn read(mut download: Download) -> Result<String, Cut> {
    let mut seen = Vec::new();
    while let Some(frame) = frame(&mut download).await {
        if let Frame::Data(data) = frame? {
            seen.extend_from_slice(&data);
        }
    }
    Ok(String::from_utf8(seen).unwrap())
}
