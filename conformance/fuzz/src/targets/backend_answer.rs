use std::{cell::RefCell, rc::Rc, sync::OnceLock, time::Duration};

use bytes::{Bytes, BytesMut};
use http::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::mpsc,
};
use weir::{
    upstream::{
        Alpn, Incoming, Origin, OutHead, Outgoing, Reply, StrippedHeaders, Transport, TransportConfig,
        tls::{Trust, client_config},
    },
    wire::{Body, Frame, Frames, Headers, Name, ResponseHead, Version},
    world::World,
};
use weir_conformance::strict::{self, Ended, Read};

use super::Target;
use crate::{frames, script, stage};

/// What one connection has heard so far.
type Heard = Rc<RefCell<Vec<u8>>>;

pub(super) const TARGET: Target = Target {
    name: "backend_answer",
    promises: "An answer that is called whole is what a strict parser reads, or says otherwise; one that was cut is never called whole; and all of it ends.",
    words: &[
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 ",
        b"HTTP/1.0 200 OK\r\n",
        b"100 Continue\r\n\r\n",
        b"103",
        b"101 Switching Protocols\r\n",
        b"204",
        b"304",
        b"\r\n",
        b"\r\n\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"Connection: close\r\n",
        b"Upgrade: websocket\r\n",
        b"Connection: Upgrade\r\n",
        b"Trailer: X-T\r\n",
        b"X-T: 1\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\0",
        b"hello",
        script::WORDS[0],
        script::WORDS[1],
        script::WORDS[2],
        frames::WORDS[0],
        frames::WORDS[1],
        frames::WORDS[5],
        frames::WORDS[6],
        frames::WORDS[7],
        frames::WORDS[10],
        frames::WORDS[11],
        frames::WORDS[13],
    ],
    play,
};

/// What the input asks: its first byte is the first of a method, in lower case for a backend of HTTP/2.
struct Asked {
    method: Method,
    upgrade: bool,
    http2: bool,
}

impl Asked {
    fn of(byte: u8) -> Self {
        let method = match byte.to_ascii_uppercase() {
            b'H' => Method::HEAD,
            b'P' => Method::POST,
            _ => Method::GET,
        };
        Self { method, upgrade: byte == b'U', http2: byte.is_ascii_lowercase() }
    }
}

fn play(input: &[u8]) {
    let Some((first, told)) = input.split_first() else { return };
    let asked = Asked::of(*first);
    stage::play(async {
        let (world, dialled) = stage::world();
        let transport = transport(world);
        let heard = Rc::new(RefCell::new(Vec::new()));
        let backend = tokio::task::spawn_local(backend(dialled, told.to_vec(), asked.http2, Rc::clone(&heard)));
        let first = exchange(&transport, &asked).await;
        if let (Some((head, body)), false) = (&first, asked.http2) {
            hold_against_a_strict_reader(told, &asked.method, head, body.as_deref());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        exchange(&transport, &asked).await;
        backend.abort();
        if asked.http2 {
            heard.borrow().iter().for_each(|heard: &Heard| drop(frames::read(&heard.borrow())));
        }
    });
}

/// The head of the answer, and its body unless it was cut; none if there is no answer.
async fn exchange(transport: &Transport, asked: &Asked) -> Option<(ResponseHead, Option<Vec<u8>>)> {
    let alpn = if asked.http2 { Alpn::Http2 } else { Alpn::Http1 };
    let origin = Origin { tls: false, host: "backend.test".to_owned(), port: 80, address: None, alpn };
    let mut informed = |head: &ResponseHead| check(head);
    let sent = transport.send(&origin, request(asked), &mut informed);
    let sent = tokio::time::timeout(Duration::from_secs(300), sent).await.expect("an answer, or none, in time");
    match sent.ok()? {
        Reply::Switched(head, _) => {
            check(&head);
            None
        }
        Reply::Response(Incoming { head, mut body, .. }) => {
            check(&head);
            let mut read = Vec::new();
            loop {
                let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
                match frame {
                    None => return Some((*head, Some(read))),
                    Some(Ok(Frame::Data(bytes))) => read.extend_from_slice(&bytes),
                    Some(Ok(Frame::Flush | Frame::Trailers(_))) => {}
                    Some(Err(_)) => return Some((*head, None)),
                }
            }
        }
    }
}

fn request(asked: &Asked) -> Outgoing {
    let mut headers = StrippedHeaders::ours(Headers::new());
    headers.append(Name::ACCEPT, "*/*");
    if asked.upgrade {
        headers.ask_upgrade(Bytes::from_static(b"websocket"));
    }
    let head = OutHead {
        method: asked.method.clone(),
        target: Bytes::from_static(b"/x"),
        host: Bytes::from_static(b"h.test"),
        headers,
        announced: Vec::new(),
        client: Version::Http11,
        close: false,
    };
    let body = if asked.method == Method::POST { Body::whole("hello") } else { Body::empty() };
    Outgoing { head: Box::new(head), body }
}

/// Plays the backend: on each connection, once something was asked, what the input tells.
async fn backend(
    mut dialled: mpsc::UnboundedReceiver<DuplexStream>,
    told: Vec<u8>,
    http2: bool,
    heard: Rc<RefCell<Vec<Heard>>>,
) {
    let mut connections = script::connections(&told).into_iter();
    while let Some(stream) = dialled.recv().await {
        let told = connections.next().unwrap_or_default();
        let pieces: Vec<Vec<u8>> = match http2 {
            true => frames::of_server(told),
            false => script::pieces(told).0.into_iter().map(<[u8]>::to_vec).collect(),
        };
        let listening = Rc::new(RefCell::new(Vec::new()));
        heard.borrow_mut().push(Rc::clone(&listening));
        let (mut from, mut to) = tokio::io::split(stream);
        tokio::task::spawn_local(async move {
            let mut piece = BytesMut::new();
            let mut pieces = Some(pieces);
            while from.read_buf(&mut piece).await.is_ok_and(|count| count > 0) {
                listening.borrow_mut().extend_from_slice(&piece.split());
                if let Some(pieces) = pieces.take() {
                    script::say(&mut to, &pieces).await;
                    drop(to.shutdown().await);
                }
            }
        });
    }
}

fn transport(world: World) -> Transport {
    static TLS: OnceLock<std::sync::Arc<rustls::ClientConfig>> = OnceLock::new();
    let tls =
        TLS.get_or_init(|| client_config(&world, Trust::Anyone, None).expect("no identity that may be wrong").into());
    let mut config = TransportConfig::new(tls.clone());
    config.head_bytes_max = 4096;
    config.response_header_timeout = Some(Duration::from_secs(30));
    Transport::new(world, config)
}

/// What may be passed on.
fn check(head: &ResponseHead) {
    for (name, value) in head.headers.iter() {
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{name:?}: {}", value.escape_ascii());
    }
}

fn hold_against_a_strict_reader(told: &[u8], method: &Method, head: &ResponseHead, body: Option<&[u8]>) {
    let first = script::connections(told)[0];
    let said = script::pieces(first).0.concat();
    let mut rest = &said[..];
    loop {
        let read = strict::response(rest, method.as_str().as_bytes(), Ended::Yes);
        match read {
            Ok(Read::Whole { message, length }) if message.status < 200 && message.status != 101 => {
                rest = &rest[length..]
            }
            Ok(Read::Whole { message, .. }) => {
                if let Some(body) = body {
                    assert_eq!(head.status.as_u16(), message.status, "the status");
                    assert_eq!(body.escape_ascii().to_string(), message.body.escape_ascii().to_string(), "the body");
                }
                return;
            }
            Ok(Read::Cut(Some(_))) => return assert_eq!(body, None, "a cut body was called whole"),
            Ok(Read::Cut(None)) | Err(_) => return,
        }
    }
}
