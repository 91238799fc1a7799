//! One connection, from outside: the `h2` crate's client, or frames written by hand, at the other end of a pipe. Time is paused.

mod answers;
mod connection;
mod drains;
mod handler;
mod limits;
mod requests;
mod websocket;

use std::{future::Future, rc::Rc, time::Duration};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request, Response};
use tokio::{io::DuplexStream, task::LocalSet};

use self::handler::{Seen, Stage};
use super::{Http2Limits, serve};
use crate::{
    listen::{KeepAlive, Settings, Stop, Stopper},
    wire::{Peer, http2::raw, pipe::pipe},
    world::{World, pretend::SetClock, real},
};

/// Runs a test on one thread, with time that moves only when nothing else can.
fn play<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    LocalSet::new().block_on(&runtime, test)
}

/// A server at work on one end of a pipe.
struct Served {
    seen: Rc<Seen>,
    stopper: Stopper,
    task: tokio::task::JoinHandle<()>,
}

fn start(limits: Http2Limits) -> (Served, DuplexStream) {
    let (theirs, channel) = pipe(PIPE_BYTES);
    let seen = Rc::new(Seen::default());
    let handler = Rc::new(Stage(Rc::clone(&seen)));
    let (stopper, stop) = Stopper::new();
    let task = tokio::task::spawn_local(async move {
        let peer = Peer::new(None, None);
        serve(channel, peer, handler, &limits, &test_world(), Stop::clone(&stop)).await;
    });
    (Served { seen, stopper, task }, theirs)
}

/// The `h2` crate's client. Its connection is driven by a task, which ends with the connection.
struct Client {
    send: SendRequest<Bytes>,
    driver: tokio::task::JoinHandle<Result<(), h2::Error>>,
}

impl Client {
    async fn connect(io: DuplexStream) -> Self {
        Self::connect_with(io, &h2::client::Builder::new()).await
    }

    async fn connect_with(io: DuplexStream, builder: &h2::client::Builder) -> Self {
        let (send, connection) = builder.handshake(io).await.unwrap();
        Self { send, driver: tokio::task::spawn_local(connection) }
    }

    async fn ask(&mut self, request: Request<()>, ends: bool) -> (ResponseFuture, h2::SendStream<Bytes>) {
        let mut send = self.send.clone().ready().await.unwrap();
        send.send_request(request, ends).unwrap()
    }

    async fn get(&mut self, path: &str) -> Answered {
        let (response, _stream) = self.ask(request("GET", path), true).await;
        read(response.await.unwrap()).await
    }
}

/// A response, read to its end.
struct Answered {
    status: u16,
    fields: Vec<String>,
    body: Result<Bytes, h2::Error>,
    trailers: Vec<String>,
}

async fn read(response: Response<h2::RecvStream>) -> Answered {
    let (parts, mut stream) = response.into_parts();
    let body = whole(&mut stream).await;
    let trailers = match &body {
        Ok(_) => stream.trailers().await.unwrap().unwrap_or_default(),
        Err(_) => HeaderMap::new(),
    };
    Answered { status: parts.status.as_u16(), fields: lines(&parts.headers), body, trailers: lines(&trailers) }
}

async fn whole(stream: &mut h2::RecvStream) -> Result<Bytes, h2::Error> {
    let mut body = Vec::new();
    while let Some(bytes) = stream.data().await {
        let bytes = bytes?;
        stream.flow_control().release_capacity(bytes.len())?;
        body.extend_from_slice(&bytes);
    }
    Ok(body.into())
}

fn request(method: &str, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("https://h.test{path}")).body(()).unwrap()
}

/// In the order in which they came.
fn lines(map: &HeaderMap) -> Vec<String> {
    map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

fn reset_code(error: &h2::Error) -> u32 {
    assert!(error.is_reset() && error.is_remote(), "{error}");
    error.reason().unwrap().into()
}

/// Lets everything happen that can happen now.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn test_world() -> World {
    World { clock: SetClock::at(Duration::ZERO), ..real::world([0; 32]) }
}

const DATE: &str = "date: Thu, 01 Jan 1970 00:00:00 GMT";
const PIPE_BYTES: usize = 64 << 10;
