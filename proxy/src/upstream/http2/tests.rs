//! The transport towards backends of HTTP/2 with prior knowledge: the `h2` crate's server, or frames written by hand, at the other end of
//! a pipe.

mod answers;
mod deaths;
mod requests;
mod sharing;

use std::{future::poll_fn, rc::Rc};

use bytes::Bytes;
use h2::{RecvStream, server::SendResponse};
use http::{HeaderMap, Request, Response};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    upstream::{
        Alpn, Delivered, Outgoing, SendError, TransportConfig,
        pretend::{Stage, get, on_a_worker, post, request},
    },
    wire::{Body, Cut, Frame, Length, Name, http2::raw},
};

/// A stage whose backend speaks HTTP/2 alone.
fn stage(configure: impl FnOnce(&mut TransportConfig)) -> Rc<Stage> {
    let mut stage = Stage::new(configure);
    stage.origin.alpn = Alpn::Http2;
    Rc::new(stage)
}

/// The `h2` crate's server on one connection.
struct Backend {
    requests: mpsc::UnboundedReceiver<(Request<RecvStream>, SendResponse<Bytes>)>,
    driver: JoinHandle<()>,
}

impl Backend {
    async fn accept(stage: &Stage) -> Self {
        Self::accept_with(stage, &h2::server::Builder::new()).await
    }

    async fn accept_with(stage: &Stage, builder: &h2::server::Builder) -> Self {
        let mut connection = builder.handshake(stage.accept().await.into_stream()).await.unwrap();
        let (tell, requests) = mpsc::unbounded_channel();
        let driver = tokio::task::spawn_local(async move {
            while let Some(Ok(request)) = connection.accept().await {
                // A test that is over asks for nothing.
                let _ = tell.send(request);
            }
        });
        Self { requests, driver }
    }

    async fn request(&mut self) -> (Request<RecvStream>, SendResponse<Bytes>) {
        self.requests.recv().await.unwrap()
    }
}

/// Sends a request in a task of its own.
fn send(stage: &Rc<Stage>, request: Outgoing) -> JoinHandle<Result<crate::upstream::Incoming, SendError>> {
    let stage = Rc::clone(stage);
    tokio::task::spawn_local(async move { stage.respond(request).await })
}

/// Answers with a body that ends the stream.
fn answer(mut respond: SendResponse<Bytes>, body: &'static str) {
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    stream.send_data(Bytes::from_static(body.as_bytes()), true).unwrap();
}

/// Reads a request's body to its end.
async fn whole(mut stream: RecvStream) -> (String, Option<HeaderMap>) {
    let mut body = Vec::new();
    while let Some(bytes) = stream.data().await {
        let bytes = bytes.unwrap();
        stream.flow_control().release_capacity(bytes.len()).unwrap();
        body.extend_from_slice(&bytes);
    }
    (String::from_utf8(body).unwrap(), stream.trailers().await.unwrap())
}

/// The code with which the other side resets a stream.
async fn reset_of(respond: &mut SendResponse<Bytes>) -> u32 {
    poll_fn(|cx| respond.poll_reset(cx)).await.unwrap().into()
}

fn lines(map: &HeaderMap) -> Vec<String> {
    map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}
