//! Weir as the subject that a case names.

mod api_server;
mod handler;
mod on_this_thread;
mod seen;

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use bytes::Bytes;
use weir::{
    chain::Handler,
    forward::{FlushInterval, ReverseProxy, Rules},
    listen::{self, Server, Settings, Stopper},
    upstream::{
        Alpn, Compression, Origin, Transport, TransportConfig,
        tls::{Trust, client_config},
    },
    wire::{Name, url::Url},
    world::{Address, Listener, World},
};

use self::handler::ScriptedHandler;
pub use self::{
    api_server::ApiServer,
    on_this_thread::{OnThisThread, spawn_apart},
    seen::SeenRequests,
};
use crate::{
    replay::Certificates,
    scenario::{Addresses, Case, Flush, HandlerStep, Kind, Mode, Protocol, Subject},
};

/// Weir, not yet running, as the subject that a case names.
#[derive(Debug)]
pub struct WeirSubject {
    subject: Subject,
    steps: Rc<[HandlerStep]>,
    certificates: Certificates,
    seen: SeenRequests,
}

impl WeirSubject {
    /// The subject of a case.
    pub fn of(case: &Case, certificates: &Certificates) -> Self {
        Self {
            subject: case.subject.clone(),
            steps: case.handler.clone().unwrap_or_else(HandlerStep::default_steps).into(),
            certificates: certificates.clone(),
            seen: SeenRequests::default(),
        }
    }

    /// What its scripted handler saw; grows while it runs.
    pub fn seen(&self) -> SeenRequests {
        self.seen.clone()
    }

    /// Serves at `listener` until it is dropped. `addresses` are what the placeholders of the case stand for, `backend` is where its
    /// backend is.
    pub async fn run(self, world: World, listener: Listener, addresses: Addresses, backend: Option<SocketAddr>) {
        match (self.subject.kind, backend) {
            (Some(Kind::ReverseProxy), Some(backend)) => {
                let proxy = self.reverse_proxy(&world, backend);
                self.serve(proxy, world, listener).await;
            }
            _ => {
                let handler = ScriptedHandler::new(Rc::clone(&self.steps), addresses, self.seen.clone());
                self.serve(handler, world, listener).await;
            }
        }
    }

    async fn serve(&self, handler: impl Handler + 'static, world: World, listener: Listener) {
        let tls = (self.subject.front != Protocol::Http1).then(|| {
            let (chain, key) = self.certificates.serving();
            listen::tls::server_config(&world, chain, key).expect("the key of the tests fits its certificate")
        });
        let mut settings = Settings::as_go(tls);
        if let Some(head_bytes_max) = self.subject.header_bytes_max {
            settings = settings.head_bytes_max(head_bytes_max);
        }
        let (_never_stops, stop) = Stopper::new();
        Server::new(Rc::new(handler), settings, world).run(listener, stop).await;
    }

    fn reverse_proxy(&self, world: &World, backend: SocketAddr) -> ReverseProxy {
        let tls = self.subject.back != Protocol::Http1;
        let scheme = if tls { "https" } else { "http" };
        let target = Bytes::from(format!("{scheme}://{backend}{}", self.subject.base));
        let target = Url::parse(&target).expect("the recorder took the base as a URL");
        let origin = Origin {
            tls,
            host: backend.ip().to_string(),
            port: backend.port(),
            address: Some(Address::Tcp(backend)),
            alpn: if self.subject.back == Protocol::Http2 { Alpn::Both } else { Alpn::Http1 },
        };
        let flush = match self.subject.flush {
            Flush::Never => FlushInterval::Never,
            Flush::Always => FlushInterval::Always,
            Flush::After(interval) => FlushInterval::Every(interval),
        };
        ReverseProxy::new(self.transport(world), origin, self.rules(target), world.planted).flush_interval(flush)
    }

    fn transport(&self, world: &World) -> Transport {
        let trust = Trust::Roots(self.certificates.roots());
        let tls = client_config(world, trust, None).expect("no identity, so none that is wrong");
        let mut config = TransportConfig::new(Arc::new(tls));
        config.server_name = Some("backend.test".try_into().expect("a host name"));
        config.response_header_timeout = self.subject.response_header_timeout;
        config.compression = if self.subject.compression { Compression::Ask } else { Compression::Leave };
        Transport::new(world.clone(), config)
    }

    fn rules(&self, target: Url) -> Rules {
        match self.subject.mode {
            Mode::Director => Rules::single_host(target),
            Mode::Rewrite => Rules::rewrite_to(target),
            Mode::RewriteMin => Rules::Rewrite(Box::new(move |request| request.set_url(&target))),
            Mode::RewriteKeep => Rules::Rewrite(Box::new(move |request| {
                request.set_url(&target);
                request.out.host = request.inbound.host.clone();
                for prior in request.inbound.headers.all(&Name::X_FORWARDED_FOR) {
                    request.out.headers.append(Name::X_FORWARDED_FOR, Bytes::copy_from_slice(prior));
                }
                request.set_x_forwarded();
                request.out.url.raw_query = request.inbound.target.url.raw_query.clone();
            })),
        }
    }
}
