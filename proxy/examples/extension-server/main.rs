//! A sample extension server: it serves `flunders.wardle.example.com` to whoever comes through an aggregator.
//!
//! It is a server of its own, made of hyper and rustls alone; nothing of Weir is in it. Try it in three terminals:
//!
//! ```text
//! weir serve
//! cargo run --example extension-server
//! kubectl --kubeconfig weir-data/admin.kubeconfig apply -f extension-server.yaml
//! kubectl --kubeconfig weir-data/admin.kubeconfig get flunders
//! ```
//!
//! Only the aggregator's front proxy may connect: its certificate has to be signed by `weir-data/front-proxy-ca.crt`. Who asks is then
//! believed to be whom `X-Remote-User` names.
#![expect(clippy::disallowed_methods, reason = "a process of its own, which asks its own operating system")]

mod discovery;
mod flunders;
mod manifest;
mod openapi;
mod reply;
mod table;
mod tls;

use std::{cell::RefCell, error::Error, net::SocketAddr, path::PathBuf, rc::Rc};

use clap::Parser;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{net::TcpListener, task::LocalSet};
use tokio_rustls::TlsAcceptor;

use self::{
    flunders::Flunders,
    reply::{Reply, status},
};

/// A sample extension server for an aggregator: it serves flunders.wardle.example.com
#[derive(Debug, Parser)]
struct Flags {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// The certificate authority of the aggregator's front proxy
    #[arg(long, value_name = "FILE", default_value = "weir-data/front-proxy-ca.crt")]
    front_proxy_ca: PathBuf,
    /// Where to write the Service and the APIService, for kubectl apply
    #[arg(long, value_name = "FILE", default_value = "extension-server.yaml")]
    manifest: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let flags = Flags::parse();
    let front_proxy_ca = std::fs::read(&flags.front_proxy_ca)
        .map_err(|error| format!("--front-proxy-ca={}: {error}", flags.front_proxy_ca.display()))?;
    let (tls, ca_bundle) = tls::server(&front_proxy_ca)?;
    let listener = TcpListener::bind(flags.listen).await?;
    let port = listener.local_addr()?.port();
    std::fs::write(&flags.manifest, manifest::text(&ca_bundle, port))?;
    println!("extension-server: https://{}", listener.local_addr()?);
    println!("now: kubectl --kubeconfig weir-data/admin.kubeconfig apply -f {}", flags.manifest.display());
    LocalSet::new().run_until(serve(listener, TlsAcceptor::from(tls))).await
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> Result<(), Box<dyn Error>> {
    let flunders = Rc::new(RefCell::new(Flunders::default()));
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, flunders) = (acceptor.clone(), Rc::clone(&flunders));
        tokio::task::spawn_local(async move {
            let stream = match acceptor.accept(stream).await {
                Ok(stream) => TokioIo::new(stream),
                Err(error) => return eprintln!("refused a connection: {error}"),
            };
            let service = service_fn(|request| {
                let flunders = Rc::clone(&flunders);
                async move { Ok::<_, hyper::Error>(answer(&flunders, request).await) }
            });
            let mut connection = auto::Builder::new(OnThisThread);
            connection.http1().timer(TokioTimer::new());
            if let Err(error) = connection.serve_connection(stream, service).await {
                eprintln!("a connection failed: {error}");
            }
        });
    }
}

/// Runs what hyper starts beside a connection of HTTP/2.
#[derive(Clone, Copy, Debug)]
struct OnThisThread;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, work: F) {
        tokio::task::spawn_local(work);
    }
}

async fn answer(flunders: &RefCell<Flunders>, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let user = head.headers.get("x-remote-user").and_then(|user| user.to_str().ok()).unwrap_or_default().to_owned();
    println!("{user}: {} {}", head.method, head.uri);
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return status(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "limit is 1 MiB");
    };
    let path = head.uri.path().trim_end_matches('/').to_owned();
    match (path.as_str(), &head.method) {
        ("/apis", &Method::GET) => discovery::groups(&head.headers),
        (discovery::GROUP_PATH, &Method::GET) => reply::json(&discovery::group()),
        (discovery::VERSION_PATH, &Method::GET) => reply::json(&discovery::resources()),
        ("/openapi/v3", &Method::GET) => reply::json(&openapi::index()),
        (openapi::PATH, &Method::GET) => reply::json(&openapi::document()),
        ("/readyz" | "/healthz" | "/livez", &Method::GET) => reply::text("ok"),
        _ => flunders.borrow_mut().serve(&head, &path, &body.to_bytes(), &user),
    }
}

const BODY_BYTES_MAX: usize = 1 << 20;
