//! Backends: one that answers every request with the same kilobyte, and those of a bench of its own that are not counted.

use std::{
    convert::Infallible,
    net::{self, SocketAddr, TcpStream},
    thread,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::{contender::on_thread, counting};

/// Starts a backend on a thread of its own; it lives as long as the process.
pub fn start() -> SocketAddr {
    on_thread("backend", |told| async move {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on loopback");
        told(listener.local_addr().expect("a bound address"));
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            // Without this the small answers wait for the client's acknowledgement.
            drop(stream.set_nodelay(true));
            tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    })
    .address
}

/// Starts a backend that serves one connection, on a thread of its own; what it asks of the heap is not counted.
pub fn uncounted(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback");
    let address = listener.local_addr().expect("a bound address");
    thread::spawn(move || {
        counting::count_me_out();
        let (stream, _) = listener.accept().expect("the proxy dials");
        stream.set_nodelay(true).expect("a connected socket");
        serve(stream);
    });
    address
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body is read to its end, so that the connection can be used again.
    drop(request.into_body().collect().await);
    let response =
        Response::builder().header("content-type", "text/plain").body(Full::new(Bytes::from_static(&[b'x'; 1024])));
    Ok(response.expect("constant parts"))
}
