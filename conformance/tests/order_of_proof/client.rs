//! The client's side of a conversation.

use std::future::poll_fn;

use bytes::Bytes;
use h2::{
    Reason,
    client::{ResponseFuture, SendRequest},
};
use http::{Method, Request};
use tokio::{io::AsyncWriteExt as _, task::AbortHandle};
use weir::world::{Address, Stream, World};

use super::{
    fields::Fields,
    http1,
    message::{Http, Incoming, Outgoing, Size},
    proxy::Proxy,
    tls,
};

/// A client of the proxy: with HTTP/1 it asks once per connection, with HTTP/2 everything on one.
pub(crate) struct Client {
    pub(crate) world: World,
    pub(crate) proxy: Proxy,
    http2: Option<(SendRequest<Bytes>, AbortHandle)>,
}

/// A request on its way, and its answer.
pub(crate) struct Asked {
    /// The rest of the request.
    pub(crate) upload: Outgoing,
    answer: Answer,
}

enum Answer {
    OneAwaited(http1::Reader),
    TwoAwaited(ResponseFuture),
    Begun(Incoming),
    Over,
}

/// A head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) fields: Fields,
}

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It closes its connection.
    Closes,
    /// It resets its connection: TCP's RST. HTTP/1 alone: the `h2` crate keeps hold of its connections.
    Resets,
    /// It resets the stream and keeps the connection. HTTP/2 alone.
    ResetsStream(Reason),
}

impl Leaving {
    /// All ways of a version.
    pub(crate) fn all(front: Http) -> &'static [Self] {
        match front {
            Http::One => &[Self::Closes, Self::Resets],
            // The last sounds like an end, and is none.
            Http::Two => &[Self::Closes, Self::ResetsStream(Reason::CANCEL), Self::ResetsStream(Reason::NO_ERROR)],
        }
    }
}

impl Client {
    pub(crate) async fn new(world: World, proxy: Proxy) -> Self {
        let mut client = Self { world, proxy, http2: None };
        if client.proxy.front == Http::Two {
            let tls = tls::connect(&client.world, client.dial().await).await;
            let (requests, connection) = h2::client::handshake(tls).await.expect("an HTTP/2 connection");
            let driver = tokio::task::spawn_local(async move {
                // How the connection ends is seen by its streams.
                let _ = connection.await;
            });
            client.http2 = Some((requests, driver.abort_handle()));
        }
        client
    }

    /// A bare connection to the proxy.
    pub(crate) async fn dial(&self) -> Stream {
        self.world.net.dial(&Address::Tcp(self.proxy.address)).await.expect("the proxy listens")
    }

    pub(crate) async fn get(&mut self) -> Asked {
        self.ask(Method::GET, Size::None).await
    }

    pub(crate) async fn ask(&mut self, method: Method, size: Size) -> Asked {
        let Some((requests, _)) = &mut self.http2 else {
            let (reader, mut writer) = http1::split(self.dial().await);
            let head = http1::head(&format!("{method} /x HTTP/1.1"), &[("host", "h.test")], size);
            writer.write_all(&head).await.expect("the head is taken");
            return Asked { upload: Outgoing::One(writer, size), answer: Answer::OneAwaited(reader) };
        };
        let mut request = Request::builder().method(method).uri("https://h.test/x");
        if let Size::Exactly(bytes) = size {
            request = request.header("content-length", bytes);
        }
        let request = request.body(()).expect("a request");
        poll_fn(|cx| requests.poll_ready(cx)).await.expect("the connection is open");
        let (answer, upload) = requests.send_request(request, size == Size::None).expect("the request is sent");
        Asked { upload: Outgoing::Two(upload), answer: Answer::TwoAwaited(answer) }
    }
}

impl Asked {
    /// The next head of the answer: a 1xx, or its own. Otherwise how it ended without one.
    pub(crate) async fn head(&mut self) -> Result<Heard, String> {
        match std::mem::replace(&mut self.answer, Answer::Over) {
            Answer::OneAwaited(mut reader) => {
                let head = reader.head().await.map_err(|end| format!("{end:?}"))?;
                let status = head.start.split(' ').nth(1).and_then(|status| status.parse().ok());
                let status: u16 = status.unwrap_or_else(|| panic!("not a status line: {}", head.start));
                self.answer = match status {
                    100..200 => Answer::OneAwaited(reader),
                    _ => Answer::Begun(Incoming::One(http1::Body::of_answer(&head, reader))),
                };
                Ok(Heard { status, fields: head.fields })
            }
            Answer::TwoAwaited(mut response) => {
                let early = poll_fn(|cx| response.poll_informational(cx)).await.transpose();
                if let Some(head) = early.map_err(|error| error.to_string())? {
                    self.answer = Answer::TwoAwaited(response);
                    return Ok(Heard { status: head.status().as_u16(), fields: Fields::of_map(head.headers()) });
                }
                let (head, body) = response.await.map_err(|error| error.to_string())?.into_parts();
                self.answer = Answer::Begun(Incoming::Two(body));
                Ok(Heard { status: head.status.as_u16(), fields: Fields::of_map(&head.headers) })
            }
            Answer::Begun(_) | Answer::Over => panic!("an answer has one head"),
        }
    }

    /// The body behind the head.
    pub(crate) fn body(&mut self) -> &mut Incoming {
        match &mut self.answer {
            Answer::Begun(body) => body,
            _ => panic!("the head comes first"),
        }
    }

    /// Leaves, whatever is still to come.
    pub(crate) fn leave(self, client: Client, how: Leaving) {
        match (how, self.upload, self.answer, client.http2) {
            (Leaving::Resets, Outgoing::One(writer, _), Answer::OneAwaited(reader), _) => {
                reader.rejoined(writer).reset();
            }
            (Leaving::Resets, Outgoing::One(writer, _), Answer::Begun(Incoming::One(body)), _) => {
                body.reader.rejoined(writer).reset();
            }
            (Leaving::ResetsStream(reason), Outgoing::Two(mut stream), ..) => stream.send_reset(reason),
            (Leaving::Closes, .., Some((_, connection))) => connection.abort(),
            (Leaving::Closes, .., None) => {}
            _ => panic!("not a way to leave here"),
        }
    }
}
