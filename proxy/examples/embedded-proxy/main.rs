//! A proxy of one's own around Weir's core: two backends by path, fields of one's own on the way there and back, words for a dead backend.
//!
//! `cargo run -p weir-proxy --example embedded-proxy -- 127.0.0.1:8080 http://127.0.0.1:9000 http://127.0.0.1:9001`

use std::{error::Error, rc::Rc, sync::Arc, time::Duration};

use bytes::Bytes;
use rustls::RootCertStore;
use weir::{
    forward::{FlushInterval, ReverseProxy, Rules},
    listen::{Server, Settings, Stopper},
    upstream::{
        Origin, Transport, TransportConfig,
        tls::{Trust, client_config},
    },
    wire::{Answer, Body, Name, ResponseHead, url::Url},
    world::{self, Address, World},
};

/// What is under `/api/` to one backend, all else to the other: Go's `Rewrite`, `ModifyResponse`, `ErrorHandler` and `FlushInterval`.
fn proxy(
    world: &World,
    transport: Transport,
    api: &str,
    everything_else: &str,
) -> Result<ReverseProxy, Box<dyn Error>> {
    let [api, everything_else] = [api, everything_else].map(|url| Url::parse(&Bytes::copy_from_slice(url.as_bytes())));
    let (api, everything_else) = (api?, everything_else?);
    let origin = Origin::of(&everything_else)?;
    let rules = Rules::Rewrite(Box::new(move |request| {
        let is_api = request.inbound.target.url.path.starts_with(b"/api/");
        request.set_url(if is_api { &api } else { &everything_else });
        request.set_x_forwarded();
        request.out.headers.set(Name::from_slice(b"X-Gateway"), Bytes::from_static(b"weir"));
    }));
    Ok(ReverseProxy::new(transport, origin, rules, world.planted)
        .flush_interval(FlushInterval::Every(Duration::from_millis(100)))
        .modify_response(Box::new(|head| {
            head.headers.remove(&Name::SERVER);
            Ok(())
        }))
        .handle_error(Box::new(|_request, refusal| {
            let words = Body::whole(Bytes::from(format!("no answer: {}\n", refusal.words())));
            Answer::Reply(Box::new(ResponseHead::new(http::StatusCode::BAD_GATEWAY)), words)
        })))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, api, everything_else] = &arguments[..] else {
        return Err("expected ADDRESS API-URL OTHER-URL".into());
    };
    let world = world::real::world(world::real::seed()?);
    let serve = async {
        let tls = client_config(&world, Trust::Roots(Arc::new(RootCertStore::empty())), None)?;
        let transport = Transport::new(world.clone(), TransportConfig::new(Arc::new(tls)));
        let handler = proxy(&world, transport, api, everything_else)?;
        let listener = world.net.listen(&Address::Tcp(listen.parse()?), 1)?.remove(0);
        let (_whoever_drops_it_stops_the_server, stop) = Stopper::new();
        println!("embedded-proxy: http://{}", listener.local().ok_or("no address")?);
        Server::new(Rc::new(handler), Settings::bounded(None), world.clone()).run(listener, stop).await;
        Ok(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve)
}
