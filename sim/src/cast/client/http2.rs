//! A client's exchanges over HTTP/2: all of them at a time, over one connection.

use std::{
    cell::Cell, convert::Infallible, future::pending, future::poll_fn, io, pin::pin, task::Poll, time::Duration,
};

use bytes::Bytes;
use h2::{RecvStream, client::ResponseFuture, client::SendRequest};
use http::{Request, Response};
use tokio::sync::{Mutex, Notify};

use super::Client;
use crate::{
    cast::frames,
    history::{Checksum, Got, Reply, Tunnelled},
    traffic::{Exchange, Leave, Method, Order, Spot, Whose, bytes_of},
};

/// The connection, once there is one.
#[derive(Default)]
pub(super) struct Line(Mutex<Option<SendRequest<Bytes>>>);

impl Line {
    /// One exchange. It leaves the connection to others, however it ends.
    pub(super) async fn exchange(&self, client: &Client, exchange: &Exchange) -> Got {
        match self.ask(client, exchange).await {
            Ok(got) => got,
            Err(error) => Got::Nothing(error),
        }
    }

    /// A connection that takes a request.
    async fn ready(&self, client: &Client) -> Result<SendRequest<Bytes>, String> {
        let mut line = self.0.lock().await;
        if let Some(open) = line.clone()
            && let Ok(ready) = open.ready().await
        {
            return Ok(ready);
        }
        let made = connect(client).await.map_err(|error| format!("dial: {error}"))?;
        *line = Some(made.clone());
        made.ready().await.map_err(|error| error.to_string())
    }

    async fn ask(&self, client: &Client, exchange: &Exchange) -> Result<Got, String> {
        let request = &exchange.request;
        let mut ready = self.ready(client).await?;
        if request.method == Method::Upgrade {
            return tunnel(ready, exchange).await;
        }
        let body = Bytes::from(bytes_of(exchange.id, Whose::Request, request.body.bytes));
        let ends = body.is_empty();
        let (response, mut to) = ready.send_request(head(exchange), ends).map_err(|error| error.to_string())?;
        drop(ready);
        if let Some((Spot::Body(bytes), leave)) = request.leaves {
            // A failed write shows that the connection is gone: the client leaves all the same.
            drop(frames::send(&mut to, &request.body, body.slice(..bytes), frames::End::Open).await);
            leave_stream(&mut to, leave);
            return Ok(Got::Left);
        }
        let sent = Cell::new(ends);
        let read = tokio::select! {
            biased;
            read = receive(response, exchange) => Ok(read),
            leave = async {
                if !ends {
                    sent.set(frames::send(&mut to, &request.body, body, frames::End::Said).await.is_ok());
                }
                match request.leaves {
                    Some((Spot::Waiting(wait), leave)) => {
                        tokio::time::sleep(wait).await;
                        leave
                    }
                    _ => match pending::<Infallible>().await {},
                }
            } => Err(leave),
        };
        Ok(match read {
            Ok(Ok(reply)) => Got::Whole(reply),
            Ok(Err((Some(reply), _))) => Got::Cut(reply),
            Ok(Err((None, error))) => Got::Nothing(error.to_string()),
            Err(leave) => {
                leave_stream(&mut to, leave);
                Got::Left
            }
        })
    }
}

/// Asks for a WebSocket, and sends and reads until both directions have ended.
async fn tunnel(mut ready: SendRequest<Bytes>, exchange: &Exchange) -> Result<Got, String> {
    // Only a server that has said so takes it.
    for _ in 0..SETTINGS_WITHIN {
        if ready.is_extended_connect_protocol_enabled() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (response, mut to) = ready.send_request(websocket(exchange), false).map_err(|error| error.to_string())?;
    drop(ready);
    let (plan, order) = (&exchange.request.body, exchange.reply.order);
    let body = Bytes::from(bytes_of(exchange.id, Whose::Request, plan.bytes));
    if let Some((Spot::Body(bytes), leave)) = exchange.request.leaves {
        drop(frames::send(&mut to, plan, body.slice(..bytes), frames::End::Open).await);
        if order != Order::Any {
            // Out of a tunnel, and not out of the asking for one.
            drop(final_head(response, &mut 0).await);
        }
        leave_stream(&mut to, leave);
        return Ok(Got::Left);
    }
    let (switched, over) = (Notify::new(), Notify::new());
    let sending = async {
        // What fails shows in what is read.
        drop(frames::send(&mut to, plan, body, frames::End::Open).await);
        switched.notified().await;
        if order == Order::Backend {
            over.notified().await;
        }
        drop(to.send_data(Bytes::new(), true));
    };
    let reading = async {
        let answered = final_head(response, &mut 0).await;
        switched.notify_one();
        let got = match answered {
            Ok(head) if head.status() == 200 => Ok(Got::Tunnel(drain(head.into_body()).await)),
            Ok(head) => Err(format!("no tunnel: {}", head.status())),
            Err(error) => Err(error.to_string()),
        };
        over.notify_one();
        got
    };
    tokio::join!(sending, reading).1
}

/// Reads all that comes through a tunnel.
async fn drain(mut from: RecvStream) -> Tunnelled {
    let (mut bytes, mut sum) = (0, Checksum::EMPTY);
    while let Some(piece) = from.data().await {
        let Ok(piece) = piece else { return Tunnelled { bytes, sum: sum.0, clean: false } };
        bytes += piece.len();
        sum = sum.with(&piece);
        // A connection that fails shows in the next piece.
        drop(from.flow_control().release_capacity(piece.len()));
    }
    Tunnelled { bytes, sum: sum.0, clean: true }
}

fn websocket(exchange: &Exchange) -> Request<()> {
    let mut head = Request::connect(format!("https://weir/exchange/{}", exchange.id));
    if let Some(extensions) = head.extensions_mut() {
        extensions.insert(h2::ext::Protocol::from_static("websocket"));
    }
    head.header("sec-websocket-version", "13").body(()).expect("a head that is right")
}

async fn connect(client: &Client) -> io::Result<SendRequest<Bytes>> {
    let channel = client.dial().await?;
    // A stream that is not read leaves room for the others.
    let mut builder = h2::client::Builder::new();
    let builder = builder.initial_window_size(1 << 16).initial_connection_window_size(1 << 24);
    let (requests, connection) = builder.handshake(channel).await.map_err(io::Error::other)?;
    // Its end shows in every exchange on it.
    tokio::task::spawn_local(async move { drop(connection.await) });
    Ok(requests)
}

fn leave_stream(to: &mut h2::SendStream<Bytes>, leave: Leave) {
    to.send_reset(match leave {
        Leave::Close => h2::Reason::CANCEL,
        Leave::Reset => h2::Reason::INTERNAL_ERROR,
    });
}

fn head(exchange: &Exchange) -> Request<()> {
    let request = &exchange.request;
    let mut head =
        Request::builder().method(request.method.name()).uri(format!("https://weir/exchange/{}", exchange.id));
    if request.method == Method::Post && !request.body.chunked {
        head = head.header("content-length", request.body.bytes);
    }
    if request.idempotent {
        head = head.header("idempotency-key", "once");
    }
    head.body(()).expect("a head that is right")
}

/// Reads a response; one that is cut comes with its error.
async fn receive(response: ResponseFuture, exchange: &Exchange) -> Result<Reply, (Option<Reply>, h2::Error)> {
    let mut hints = 0;
    let head = final_head(response, &mut hints).await.map_err(|error| (None, error))?;
    let text = |name: &str| head.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let number = |name: &str| text(name).and_then(|value| value.parse().ok());
    let mut reply = Reply {
        status: head.status().as_u16(),
        hints,
        backend: text("x-backend"),
        answers: number("x-answers"),
        echo: number("x-echo"),
        trailer: None,
        body_bytes: 0,
        body: Checksum::EMPTY.0,
    };
    if exchange.request.stuck > Duration::ZERO {
        tokio::time::sleep(exchange.request.stuck).await;
    }
    match read(head.into_body(), &mut reply).await {
        Ok(()) => Ok(reply),
        Err(error) => Err((Some(reply), error)),
    }
}

/// Waits for the head that is no 1xx.
async fn final_head(response: ResponseFuture, hints: &mut usize) -> Result<Response<RecvStream>, h2::Error> {
    let mut response = pin!(response);
    poll_fn(|cx| {
        while let Poll::Ready(Some(Ok(head))) = response.poll_informational(cx) {
            *hints += usize::from(head.status() == 103);
        }
        response.as_mut().poll(cx)
    })
    .await
}

async fn read(mut body: RecvStream, reply: &mut Reply) -> Result<(), h2::Error> {
    while let Some(piece) = body.data().await {
        let piece = piece?;
        reply.body_bytes += piece.len();
        reply.body = Checksum(reply.body).with(&piece).0;
        body.flow_control().release_capacity(piece.len())?;
    }
    let trailers = body.trailers().await?;
    let sum = trailers.as_ref().and_then(|trailers| trailers.get("x-sum")).and_then(|sum| sum.to_str().ok());
    reply.trailer = sum.and_then(|sum| sum.parse().ok());
    Ok(())
}

/// Milliseconds that a client waits for the SETTINGS of the proxy.
const SETTINGS_WITHIN: u32 = 3_000;
