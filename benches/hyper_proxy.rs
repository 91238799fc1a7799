//! hyper's server in front of hyper-util's pooling client, on one current-thread runtime: what a Rust engineer would write in an afternoon.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, UPGRADE},
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;
type Backend = Client<HttpConnector, Incoming>;

/// Proxies what comes to the listener, for ever.
pub async fn serve(listener: TcpListener, backend: SocketAddr, tls: Option<Arc<rustls::ServerConfig>>) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Backend = Client::builder(TokioExecutor::new()).build(connector);
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        tokio::task::spawn_local(connection(stream, peer.ip(), backend, client.clone(), tls.clone()));
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, to: SocketAddr, client: Backend, tls: Option<TlsAcceptor>) {
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request| forward(client.clone(), to, peer, request));
    let server = auto::Builder::new(TokioExecutor::new());
    // What a client breaks off is its own affair.
    match tls {
        None => drop(server.serve_connection_with_upgrades(TokioIo::new(stream), service).await),
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                drop(server.serve_connection(TokioIo::new(stream), service).await);
            }
        }
    }
}

async fn forward(
    client: Backend,
    to: SocketAddr,
    peer: IpAddr,
    mut request: Request<Incoming>,
) -> Result<Answer, hyper_util::client::legacy::Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri = Uri::builder().scheme("http").authority(to.to_string()).path_and_query(path).build();
    *request.uri_mut() = uri.expect("parts that were parsed");
    *request.version_mut() = hyper::Version::HTTP_11;
    let upgrade = upgrade(request.headers());
    strip(request.headers_mut());
    let peer = HeaderValue::from_str(&peer.to_string()).expect("an address");
    request.headers_mut().append("x-forwarded-for", peer);
    let Some(upgrade) = upgrade else {
        let mut response = client.request(request).await?;
        strip(response.headers_mut());
        return Ok(response.map(BoxBody::new));
    };
    ask_upgrade(request.headers_mut(), upgrade.clone());
    let asked = hyper::upgrade::on(&mut request);
    let response = client.request(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(response.map(BoxBody::new));
    }
    tokio::task::spawn_local(async move {
        let (Ok(client), Ok(backend)) = (asked.await, hyper::upgrade::on(response).await) else { return };
        // Either end may break off.
        drop(tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(backend)).await);
    });
    let mut switched = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *switched.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    ask_upgrade(switched.headers_mut(), upgrade);
    Ok(switched)
}

/// The protocol that is asked for.
fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    headers.get(CONNECTION)?.as_bytes().eq_ignore_ascii_case(b"upgrade").then(|| headers.get(UPGRADE).cloned())?
}

fn ask_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// Takes out what concerns one connection alone.
fn strip(headers: &mut HeaderMap) {
    if let Some(named) = headers.remove(CONNECTION) {
        for name in named.as_bytes().split(|byte| *byte == b',') {
            if let Ok(name) = HeaderName::from_bytes(name.trim_ascii()) {
                headers.remove(name);
            }
        }
    }
    for name in ["keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"] {
        headers.remove(name);
    }
}
