//! A proxy with every fault that this layer ever had, to see whether the judge sees them.
//!
//! It reads lines up to LF, believes the first length, takes any coding with `chunked` in it, passes on what it does not know, and gives
//! connections back to its pool whatever is left on them.

use std::{cell::RefCell, rc::Rc};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use weir::{
    listen,
    world::{Address, Stream, World},
};
use weir_conformance::attack::{
    Speaks,
    simulated::{Proxy, Wanted},
};

/// The naive proxy.
pub(crate) fn naive() -> Proxy {
    Rc::new(|world, wanted| Box::pin(serve(world, wanted)))
}

async fn serve(world: World, wanted: Wanted) {
    let mut listener = world.net.listen(&Address::Tcp(wanted.listen), 1).expect("the port is free").remove(0);
    wanted.ready.notify_one();
    let pool = Rc::new(Pool { world: world.clone(), backend: Address::Tcp(wanted.backend), idle: RefCell::default() });
    let tls = (wanted.front == Speaks::Http2).then(|| {
        let (chain, key) = wanted.certificates.serving();
        TlsAcceptor::from(listen::tls::server_config(&world, chain, key).expect("the key fits"))
    });
    while let Ok(stream) = std::future::poll_fn(|cx| listener.poll_accept(cx)).await {
        let (pool, tls) = (Rc::clone(&pool), tls.clone());
        tokio::task::spawn_local(async move {
            let _the_peer_left = match tls {
                None => http1(stream, &pool).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(tls) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        super::naive_http2::serve(tls, &pool).await
                    }
                    Ok(tls) => http1(tls, &pool).await,
                    Err(_) => Some(()),
                },
            };
        });
    }
}

/// Connections to the backend; one that is given back is used again, whatever is left on it.
pub(crate) struct Pool {
    world: World,
    backend: Address,
    idle: RefCell<Vec<Upstream>>,
}

/// A connection to the backend, and what came of it and was not used.
pub(crate) struct Upstream {
    stream: Stream,
    left: Vec<u8>,
}

impl Pool {
    /// Sends a request as it is, and gives what it takes for the answer.
    pub(crate) async fn ask(&self, request: &[u8], method: &[u8]) -> Option<Vec<u8>> {
        let idle = self.idle.borrow_mut().pop();
        let mut upstream = match idle {
            Some(idle) => idle,
            None => Upstream { stream: self.world.net.dial(&self.backend).await.ok()?, left: Vec::new() },
        };
        upstream.stream.write_all(request).await.ok()?;
        let head = read_head(&mut upstream.stream, &mut upstream.left).await?;
        let body = if method == b"HEAD" {
            Vec::new()
        } else {
            read_body(&mut upstream.stream, &mut upstream.left, &head).await?
        };
        self.idle.borrow_mut().push(upstream);
        Some([head, body].concat())
    }
}

async fn http1<S: AsyncRead + AsyncWrite + Unpin>(mut client: S, pool: &Pool) -> Option<()> {
    let mut left = Vec::new();
    loop {
        let head = read_head(&mut client, &mut left).await?;
        let body = read_body(&mut client, &mut left, &head).await?;
        let method = head.split(|byte| *byte == b' ').next().unwrap_or_default().to_vec();
        let answer = pool.ask(&[head, body].concat(), &method).await?;
        client.write_all(&answer).await.ok()?;
        client.flush().await.ok()?;
    }
}

/// Up to an empty line, which a CR may end or not.
async fn read_head<S: AsyncRead + Unpin>(from: &mut S, left: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut looked_at = 0;
    loop {
        for end in [&b"\r\n\r\n"[..], b"\n\n"] {
            let start = looked_at.min(left.len());
            if let Some(at) = left[start..].windows(end.len()).position(|window| window == end) {
                return Some(left.drain(..start + at + end.len()).collect());
            }
        }
        looked_at = left.len().saturating_sub(3);
        more(from, left).await?;
    }
}

/// As long as the first length says; else as long as chunks last.
async fn read_body<S: AsyncRead + Unpin>(from: &mut S, left: &mut Vec<u8>, head: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let value = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    if let Some(length) = value("content-length:") {
        let digits: String =
            length.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let length = digits.parse::<u32>().unwrap_or_default() as usize;
        while left.len() < length {
            more(from, left).await?;
        }
        return Some(left.drain(..length).collect());
    }
    if value("transfer-encoding:").is_some_and(|coding| coding.contains("chunked")) {
        loop {
            if let Some(at) = left.windows(5).position(|window| window == b"0\r\n\r\n") {
                return Some(left.drain(..at + 5).collect());
            }
            more(from, left).await?;
        }
    }
    Some(Vec::new())
}

async fn more<S: AsyncRead + Unpin>(from: &mut S, left: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 16 << 10];
    let count = from.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
    left.extend_from_slice(&buffer[..count]);
    Some(())
}
