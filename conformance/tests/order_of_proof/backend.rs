//! The backend's side of a conversation.

use std::{future::poll_fn, net::SocketAddr};

use bytes::Bytes;
use h2::server::SendResponse;
use http::{Response, StatusCode};
use tokio::{io::AsyncWriteExt as _, sync::mpsc, task::AbortHandle};
use weir::world::{Address, Listener, Stream, World};

use super::{
    fields::map_of,
    http1,
    message::{Http, Incoming, Outgoing, Size, reset_of},
    tls,
};

/// What the proxy finds at its backend's address.
pub(crate) struct Backend {
    world: World,
    listener: Listener,
    back: Http,
    /// The HTTP/2 connection that is open.
    http2: Option<Connection>,
}

type Fresh = (http::Request<h2::RecvStream>, SendResponse<Bytes>);

struct Connection {
    requests: mpsc::UnboundedReceiver<Fresh>,
    driver: AbortHandle,
}

/// A request, and the answer to it.
pub(crate) struct Asking {
    /// What is asked for.
    pub(crate) target: String,
    /// The request's body.
    pub(crate) body: Incoming,
    reply: Reply,
}

enum Reply {
    OneOwed(http1::Writer),
    TwoOwed(SendResponse<Bytes>),
    Begun(Outgoing),
    Over,
}

impl Backend {
    /// Listens at an address of this world.
    pub(crate) fn listen(world: &World, at: SocketAddr, back: Http) -> Self {
        let mut listeners = world.net.listen(&Address::Tcp(at), 1).expect("the address is free");
        Self { world: world.clone(), listener: listeners.remove(0), back, http2: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local().expect("a TCP listener").port()
    }

    /// The next connection, its bytes untouched.
    pub(crate) async fn connection(&mut self) -> Stream {
        poll_fn(|cx| self.listener.poll_accept(cx)).await.expect("a connection")
    }

    /// The next request: with HTTP/1 on a connection of its own, for answers say that it ends with them.
    pub(crate) async fn request(&mut self) -> Asking {
        if self.back == Http::One {
            return Asking::of_stream(self.connection().await).await;
        }
        loop {
            if let Some(connection) = &mut self.http2
                && let Some((request, reply)) = connection.requests.recv().await
            {
                let (head, body) = request.into_parts();
                let target = head.uri.path().to_owned();
                return Asking { target, body: Incoming::Two(body), reply: Reply::TwoOwed(reply) };
            }
            let stream = self.connection().await;
            self.http2 = Some(Connection::open(&self.world, stream).await);
        }
    }

    /// Closes the HTTP/2 connection, with all its streams.
    pub(crate) fn hang_up(&mut self) {
        let connection = self.http2.take().expect("a connection is open");
        connection.driver.abort();
    }
}

impl Connection {
    async fn open(world: &World, stream: Stream) -> Self {
        let tls = tls::accept(world, stream).await;
        let mut connection = h2::server::handshake(tls).await.expect("an HTTP/2 connection");
        let (tell, requests) = mpsc::unbounded_channel();
        let driver = tokio::task::spawn_local(async move {
            // How the connection ends is seen by its streams.
            while let Some(Ok(request)) = connection.accept().await {
                let _ = tell.send(request);
            }
        });
        Self { requests, driver: driver.abort_handle() }
    }
}

impl Asking {
    async fn of_stream(stream: Stream) -> Self {
        let (mut reader, writer) = http1::split(stream);
        let head = reader.head().await.expect("a request");
        let target = head.start.split(' ').nth(1).unwrap_or_default().to_owned();
        let body = Incoming::One(http1::Body::of_request(&head, reader));
        Self { target, body, reply: Reply::OneOwed(writer) }
    }

    /// Sends a 1xx head.
    pub(crate) async fn inform(&mut self, status: u16, fields: &[(&'static str, &'static str)]) {
        match &mut self.reply {
            Reply::OneOwed(writer) => {
                let head = http1::head(&format!("HTTP/1.1 {status} Informational"), fields, Size::None);
                writer.write_all(&head).await.expect("the head is taken");
            }
            Reply::TwoOwed(reply) => reply.send_informational(response(status, fields)).expect("an open stream"),
            Reply::Begun(_) | Reply::Over => panic!("a 1xx comes before the head"),
        }
    }

    /// Sends the head.
    pub(crate) async fn answer(&mut self, fields: &[(&'static str, &'static str)], size: Size) {
        let reply = std::mem::replace(&mut self.reply, Reply::Over);
        self.reply = Reply::Begun(match reply {
            Reply::OneOwed(mut writer) => {
                let fields = [fields, &[("connection", "close")]].concat();
                let head = http1::head("HTTP/1.1 200 OK", &fields, size);
                writer.write_all(&head).await.expect("the head is taken");
                Outgoing::One(writer, size)
            }
            Reply::TwoOwed(mut reply) => {
                let mut head = response(200, fields);
                if let Size::Exactly(bytes) = size {
                    head.headers_mut().insert("content-length", bytes.into());
                }
                Outgoing::Two(reply.send_response(head, false).expect("an open stream"))
            }
            Reply::Begun(_) | Reply::Over => panic!("an answer has one head"),
        });
    }

    /// Answers `ok`.
    pub(crate) async fn ok(mut self) {
        self.answer(&[], Size::Exactly(2)).await;
        let download = self.download();
        download.data(Bytes::from_static(b"ok")).await.expect("the bytes are taken");
        download.finish(&[]).await;
    }

    /// The body behind the head.
    pub(crate) fn download(&mut self) -> &mut Outgoing {
        match &mut self.reply {
            Reply::Begun(download) => download,
            _ => panic!("the head comes first"),
        }
    }

    /// Sends bytes as they are, head included. HTTP/1 alone.
    pub(crate) async fn raw(&mut self, bytes: &[u8]) {
        let Reply::OneOwed(writer) = &mut self.reply else { panic!("nothing but raw bytes") };
        writer.write_all(bytes).await.expect("the bytes are taken");
    }

    /// Resets the connection: TCP's RST. HTTP/1 alone.
    pub(crate) fn reset(self) {
        match (self.body, self.reply) {
            (Incoming::One(body), Reply::OneOwed(writer)) => body.reader.rejoined(writer).reset(),
            _ => panic!("nothing but raw bytes"),
        }
    }

    /// Waits until the proxy has given the request up: with HTTP/1 its connection ends, with HTTP/2 the stream is reset.
    pub(crate) async fn given_up(&mut self) {
        match (&mut self.body, &mut self.reply) {
            (Incoming::One(body), _) => drop(body.reader.end().await),
            (_, Reply::TwoOwed(reply)) => drop(poll_fn(|cx| reply.poll_reset(cx)).await),
            (_, Reply::Begun(Outgoing::Two(stream))) => drop(reset_of(stream).await),
            _ => panic!("one version of HTTP"),
        }
    }
}

fn response(status: u16, fields: &[(&'static str, &'static str)]) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    *response.headers_mut() = map_of(fields);
    response
}
