//! Weir as the subject that a case names.

mod api_server;
mod environment;
mod handler;
mod hooks;
mod on_this_thread;
mod rules;
mod seen;
mod upgrade_aware;

use std::{net::SocketAddr, num::NonZeroUsize, rc::Rc, sync::Arc};

use bytes::Bytes;
use rustls::RootCertStore;
use weir::{
    chain::Handler,
    forward::{FlushInterval, ReverseProxy, Transports},
    listen::{self, KeepAlive, Server, Settings},
    upstream::{
        Alpn, Compression, Origin, Reuse, Transport, TransportConfig,
        tls::{Trust, client_config},
    },
    wire::url::Url,
    world::{Address, Listener, World},
};

pub use self::{
    api_server::ApiServer,
    on_this_thread::{OnThisThread, spawn_apart},
    seen::SeenRequests,
};
use self::{handler::ScriptedHandler, upgrade_aware::RunningUpgradeAware};
use crate::{
    replay::{Certificates, Control},
    scenario::{Addresses, Case, Flush, HandlerStep, Kind, Protocol, Subject, Trusting},
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

    /// Serves at `listener` until it is dropped; `control` shuts it down. `addresses` are what the placeholders of the case stand for,
    /// `backend` is where its backend is.
    pub async fn run(
        self,
        world: World,
        listener: Listener,
        addresses: Addresses,
        backend: Option<SocketAddr>,
        control: Control,
    ) {
        match backend {
            Some(backend) if self.subject.kind == Some(Kind::UpgradeAware) => {
                let target = self.target(&addresses, backend);
                let origin = self.origin(&target, backend);
                let handler = RunningUpgradeAware::new(
                    &self.subject,
                    target,
                    origin,
                    Transports::new(&world, self.transport_config(&world, &addresses)),
                );
                self.serve(handler, world, listener, &control).await;
            }
            Some(backend) => {
                let proxy = self.reverse_proxy(&world, &addresses, backend);
                self.serve(proxy, world, listener, &control).await;
            }
            None => {
                let handler = ScriptedHandler::new(Rc::clone(&self.steps), addresses, self.seen.clone());
                self.serve(handler, world, listener, &control).await;
            }
        }
    }

    async fn serve(&self, handler: impl Handler + 'static, world: World, listener: Listener, control: &Control) {
        let tls = (self.subject.front != Protocol::Http1).then(|| {
            let (chain, key) = self.certificates.serving();
            listen::tls::server_config(&world, chain, key).expect("the key of the tests fits its certificate")
        });
        let mut settings = Settings::as_go(tls);
        if let Some(head_bytes_max) = self.subject.header_bytes_max {
            settings = settings.head_bytes_max(head_bytes_max);
        }
        let tuning = &self.subject.tuning;
        settings.read_header_timeout = tuning.time("read_header_timeout_ms").or_else(|| tuning.time("read_timeout_ms"));
        settings.idle_timeout = tuning.time("idle_timeout_ms").or_else(|| tuning.time("read_timeout_ms"));
        settings.read_timeout = tuning.time("read_timeout_ms");
        settings.write_timeout = tuning.time("write_timeout_ms");
        settings.keep_alive = if tuning.is_on("keep_alives_off") { KeepAlive::Never } else { KeepAlive::Allowed };
        settings.http2.idle_timeout = settings.idle_timeout;
        let times = ["read_header_timeout_ms", "read_timeout_ms", "write_timeout_ms"];
        let shortest = times.iter().filter_map(|key| tuning.time(key)).min();
        settings.tls_handshake_timeout = shortest.unwrap_or(settings.tls_handshake_timeout);
        let handler = Rc::new(handler);
        Server::new(Rc::clone(&handler), settings, world).run(listener, control.stop()).await;
        std::future::pending::<()>().await; // a proxy keeps its connections to the backend
    }

    fn reverse_proxy(&self, world: &World, addresses: &Addresses, backend: SocketAddr) -> ReverseProxy {
        let target = self.target(addresses, backend);
        let origin = self.origin(&target, backend);
        let flush = flush_interval(self.subject.flush);
        let rules = rules::of(self.subject.mode, target);
        let transport = Transport::new(world.clone(), self.transport_config(world, addresses));
        let proxy = ReverseProxy::new(transport, origin, rules, world.planted).flush_interval(flush);
        hooks::hang(proxy, &self.subject)
    }

    /// The URL that requests go to.
    fn target(&self, addresses: &Addresses, backend: SocketAddr) -> Url {
        let scheme = if self.subject.back == Protocol::Http1 { "http" } else { "https" };
        let place = match &self.subject.tuning.target {
            Some(target) => target.filled(addresses),
            None => format!("{scheme}://{backend}").into_bytes(),
        };
        let target = Bytes::from([&place, self.subject.base.as_bytes()].concat());
        Url::parse(&target).expect("the recorder took it as a URL")
    }

    fn origin(&self, target: &Url, backend: SocketAddr) -> Origin {
        let tls = &target.scheme[..] == b"https";
        let authority = String::from_utf8_lossy(&target.host).into_owned();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority.as_str(), ""),
        };
        let default = if tls { "443" } else { "80" };
        let port = if port.is_empty() { default } else { port };
        Origin {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.parse().unwrap_or_default(),
            address: self.subject.tuning.target.is_none().then_some(Address::Tcp(backend)),
            alpn: if self.subject.back == Protocol::Http2 { Alpn::Both } else { Alpn::Http1 },
        }
    }

    fn transport_config(&self, world: &World, addresses: &Addresses) -> TransportConfig {
        let roots = match self.subject.trust {
            Trusting::Nobody => Arc::new(RootCertStore::empty()),
            Trusting::All | Trusting::AnotherName => self.certificates.roots(),
        };
        let trust = Trust::Roots(roots);
        let tls = client_config(world, trust, None).expect("no identity, so none that is wrong");
        let mut config = TransportConfig::new(Arc::new(tls));
        let name = if self.subject.trust == Trusting::AnotherName { "another.example" } else { "backend.test" };
        config.server_name = Some(name.try_into().expect("a host name"));
        config.response_header_timeout = self.subject.response_header_timeout;
        config.compression = if self.subject.compression { Compression::Ask } else { Compression::Leave };
        let tuning = &self.subject.tuning;
        let times = [
            (&mut config.expect_continue_timeout, "expect_continue_timeout_ms"),
            (&mut config.idle_connection_timeout, "idle_connection_timeout_ms"),
            (&mut config.tls_handshake_timeout, "tls_handshake_timeout_ms"),
        ];
        for (time, key) in times {
            *time = tuning.time(key).unwrap_or(*time);
        }
        let sizes = [
            (&mut config.head_bytes_max, "max_response_header_bytes"),
            (&mut config.idle_connections_per_origin_max, "max_idle_per_host"),
        ];
        for (size, key) in sizes {
            *size = tuning.number(key).map_or(*size, |number| number as usize);
        }
        config.connections_per_origin_max =
            tuning.number("max_per_host").and_then(|max| NonZeroUsize::new(max as usize));
        config.reuse = if tuning.is_on("disable_keep_alives") { Reuse::Once } else { Reuse::Pooled };
        if let Some(url) = &tuning.egress {
            let url = String::from_utf8(url.filled(addresses)).expect("the recorder took it as a URL");
            config.egress = environment::egress(world, url);
        }
        config
    }
}

fn flush_interval(flush: Flush) -> FlushInterval {
    match flush {
        Flush::Never => FlushInterval::Never,
        Flush::Always => FlushInterval::Always,
        Flush::After(interval) => FlushInterval::Every(interval),
    }
}
