mod judge;

use std::{cell::RefCell, rc::Rc, sync::OnceLock, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf},
    sync::mpsc,
};
use weir::{
    chain::Handler,
    forward::{ReverseProxy, Rules},
    listen::{Server, Settings, Stopper, http2},
    refusal::Refusal,
    upstream::{
        Alpn, Origin, Transport, TransportConfig,
        tls::{Trust, client_config},
    },
    wire::{Answer, Channel, Exchange, Peer, RequestHead, url::Url},
    world::{Planted, Stream, World},
};
use weir_conformance::strict::{self, Ended};

use super::{Target, http2_server::check, request_head};
use crate::{frames, script, stage};

pub(super) const TARGET: Target = Target {
    name: "end_to_end",
    promises: "Whatever a client and a backend say: a strict parser reads at the backend the requests that were authorised and at the client their \
               answers; a fresh request gets its own answer; and all of it ends.",
    words: &[
        b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST /p HTTP/1.1\r\nHost: h\r\n",
        b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"Connection: close\r\n",
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Expect: 100-continue\r\n",
        b"Te: trailers\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n",
        b"Trailer: X-T\r\n",
        b"X-T: 1\r\n",
        b"HEAD ",
        b"OPTIONS * HTTP/1.1\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"#",
        b"?",
        script::WORDS[0],
        script::WORDS[1],
        script::WORDS[2],
        b"h2",
        frames::WORDS[0],
        frames::WORDS[1],
        frames::WORDS[2],
        frames::WORDS[3],
        frames::WORDS[5],
        frames::WORDS[6],
        frames::WORDS[7],
        frames::WORDS[10],
        frames::WORDS[12],
        frames::WORDS[14],
        frames::WORDS[15],
        frames::WORDS[16],
    ],
    play,
};

const FRESH: &[u8] = b"GET /fresh-7c1f HTTP/1.1\r\n";
const FRESH_ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// How long a client waits for the end of its connection once it has ended its own side.
const CLIENT_PATIENCE: Duration = Duration::from_secs(600);
/// How long a backend waits for bytes: longer than any client for it.
const BACKEND_PATIENCE: Duration = Duration::from_secs(900);

/// What a backend's connection was sent.
type Heard = Rc<RefCell<Vec<u8>>>;

fn play(input: &[u8]) {
    let told: Vec<Vec<u8>> = script::connections(input).into_iter().map(<[u8]>::to_vec).collect();
    stage::play(async {
        let (world, dialled) = stage::world();
        let (client, backends) = told.split_first().expect("at least one part");
        let backend_speaks_http2 = backends.first().is_some_and(|told| told.starts_with(b"h2"));
        let heard: Rc<RefCell<Vec<Heard>>> = Rc::default();
        tokio::task::spawn_local(play_backends(dialled, backends.to_vec(), backend_speaks_http2, Rc::clone(&heard)));
        let handler = Rc::new(Watched::new(&world, backend_speaks_http2, backends.len()));
        let settings = Settings::bounded(None).head_bytes_max(4096);
        let server = Rc::new(Server::new(Rc::clone(&handler), settings.clone(), world.clone()));
        let (_stopper, stop) = Stopper::new();

        let (theirs, ours) = stage::connection();
        let http2 = client.strip_prefix(b"h2");
        let serving = match http2 {
            None => tokio::task::spawn_local(Rc::clone(&server).serve_stream(ours, stop.clone())),
            Some(_) => tokio::task::spawn_local(serve_http2(ours, Rc::clone(&handler), settings, world, stop.clone())),
        };
        let pieces = match http2 {
            None => script::pieces(client).0.into_iter().map(<[u8]>::to_vec).collect(),
            Some(told) => frames::of_client(told),
        };
        let answered = converse(theirs, &pieces).await;
        serving.await.expect("the server does not panic");
        tokio::time::sleep(Duration::from_secs(1)).await;

        let authorised = handler.seen.borrow().clone();
        if !backend_speaks_http2 {
            let (theirs, ours) = stage::connection();
            tokio::task::spawn_local(server.serve_stream(ours, stop));
            let fresh = [FRESH, b"Host: h\r\n\r\n"].concat();
            let answer = converse(theirs, &[fresh]).await;
            let read = strict::responses(&answer, &[b"GET"], Ended::Yes).expect("the answer to a fresh request");
            let [response] = &read.whole[..] else { panic!("a fresh request is answered: {}", answer.escape_ascii()) };
            assert_eq!((response.status, &response.body[..]), (200, &b"fresh"[..]), "{}", answer.escape_ascii());
        }
        let asked = http2.is_none().then(|| request_head::read(&[&pieces.concat()]).0);
        match &asked {
            Some(asked) => judge::answers(&answered, asked),
            None => drop(frames::read(&answered)),
        }
        for heard in &*heard.borrow() {
            match backend_speaks_http2 {
                true => drop(frames::read(&heard.borrow())),
                false => judge::requests(&heard.borrow(), &authorised, asked.as_deref()),
            }
        }
    });
}

/// The proxy, and what it was asked.
struct Watched {
    proxy: ReverseProxy,
    seen: RefCell<Vec<RequestHead>>,
}

impl Watched {
    /// With Go's Rewrite where several backend connections are told of, else with its Director.
    fn new(world: &World, backend_speaks_http2: bool, backends: usize) -> Self {
        static TLS: OnceLock<std::sync::Arc<rustls::ClientConfig>> = OnceLock::new();
        let tls = TLS
            .get_or_init(|| client_config(world, Trust::Anyone, None).expect("no identity that may be wrong").into());
        let mut config = TransportConfig::new(tls.clone());
        config.head_bytes_max = 4096;
        let transport = Transport::new(world.clone(), config);
        let alpn = if backend_speaks_http2 { Alpn::Http2 } else { Alpn::Http1 };
        let origin = Origin { tls: false, host: "backend.test".to_owned(), port: 80, address: None, alpn };
        let target = Url::parse(&Bytes::from_static(b"http://backend.test")).expect("a URL");
        let rules = if backends > 1 { Rules::rewrite_to(target) } else { Rules::single_host(target) };
        Self { proxy: ReverseProxy::new(transport, origin, rules, Planted::none()), seen: RefCell::default() }
    }
}

impl Handler for Watched {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        check(&exchange.head);
        self.seen.borrow_mut().push((*exchange.head).clone());
        self.proxy.forward(exchange).await
    }
}

async fn serve_http2(ours: Stream, handler: Rc<Watched>, settings: Settings, world: World, stop: weir::listen::Stop) {
    http2::serve(Channel::Plain(ours), Peer::new(None, None), handler, &settings.http2, &world, stop).await;
}

/// Says these pieces, ends its side, and reads to the end.
async fn converse(theirs: DuplexStream, pieces: &[Vec<u8>]) -> Vec<u8> {
    let (mut from, mut to) = tokio::io::split(theirs);
    let reading = tokio::task::spawn_local(async move {
        let mut said = Vec::new();
        drop(tokio::time::timeout(CLIENT_PATIENCE, from.read_to_end(&mut said)).await);
        said
    });
    script::say(&mut to, pieces).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(to.shutdown().await);
    drop(to);
    reading.await.expect("whole")
}

async fn play_backends(
    mut dialled: mpsc::UnboundedReceiver<DuplexStream>,
    backends: Vec<Vec<u8>>,
    http2: bool,
    heard: Rc<RefCell<Vec<Heard>>>,
) {
    let mut backends = backends.into_iter();
    while let Some(stream) = dialled.recv().await {
        let listening = Heard::default();
        heard.borrow_mut().push(Rc::clone(&listening));
        let (from, to) = tokio::io::split(stream);
        let told = backends.next().unwrap_or_default();
        let frames = told.strip_prefix(b"h2").unwrap_or(&told);
        match http2 {
            true => tokio::task::spawn_local(play_http2_backend(from, to, frames::of_server(frames), listening)),
            false => tokio::task::spawn_local(play_backend(from, to, told, listening)),
        };
    }
}

/// Says a piece for each head that comes, and a plain answer where there is none; a fresh request gets its own answer.
async fn play_backend(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    told: Vec<u8>,
    listening: Heard,
) {
    let (pieces, ends) = script::pieces(&told);
    let mut pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).peekable();
    let mut came = BytesMut::new();
    let mut answered = 0;
    while hears(&mut from, &mut came).await {
        listening.borrow_mut().extend_from_slice(&came.split());
        loop {
            let Some(end) = listening.borrow()[answered..].windows(4).position(|four| four == b"\r\n\r\n") else {
                break;
            };
            let is_fresh =
                listening.borrow()[answered..answered + end].windows(FRESH.len()).any(|window| window == FRESH);
            answered += end + 4;
            let answer = if is_fresh { FRESH_ANSWER } else { pieces.next().unwrap_or(OK) };
            drop(to.write_all(answer).await);
            if ends && pieces.peek().is_none() {
                drop(to.shutdown().await);
            }
        }
    }
}

async fn play_http2_backend(
    mut from: ReadHalf<DuplexStream>,
    mut to: WriteHalf<DuplexStream>,
    pieces: Vec<Vec<u8>>,
    listening: Heard,
) {
    let mut pieces = Some(pieces);
    let mut came = BytesMut::new();
    while hears(&mut from, &mut came).await {
        listening.borrow_mut().extend_from_slice(&came.split());
        if let Some(pieces) = pieces.take() {
            script::say(&mut to, &pieces).await;
        }
    }
}

/// Whether more has come: a backend that hears nothing for long leaves.
async fn hears(from: &mut ReadHalf<DuplexStream>, came: &mut BytesMut) -> bool {
    let more = tokio::time::timeout(BACKEND_PATIENCE, from.read_buf(came)).await;
    more.is_ok_and(|read| read.is_ok_and(|count| count > 0))
}
