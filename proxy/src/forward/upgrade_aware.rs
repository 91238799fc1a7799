//! A proxy handler that knows upgrades: the one behind which Go's API server puts exec, attach, port-forward and proxy requests, and
//! its aggregator every request.
//!
//! Go: `apimachinery/pkg/util/proxy/upgradeaware.go`.

mod fault;
mod links;
mod page;
#[cfg(test)]
mod tests;
mod transports;
mod upgrades;

use std::{fmt, num::NonZeroU64};

use bytes::{BufMut as _, Bytes, BytesMut};
use http::{Method, StatusCode};
use tokio::time::Instant;

pub(crate) use self::links::forwarded_uri;
pub use self::{fault::Fault, links::Links, transports::Transports, upgrades::Upgrades};
use super::{FlushInterval, Outbound, Passage, switch};
use crate::{
    config::limits,
    refusal::Refusal,
    upstream::{Alpn, Incoming, Origin, Outgoing, Reply, StrippedHeaders},
    wire::{
        Answer, Body, Channel, Exchange, Name, RequestHead, ResponseHead, Version,
        throttle::Throttled,
        url::{Link, Url, join_paths},
    },
    world::Planted,
};

/// One request's handler, with Go's switches under Go's names.
///
/// Go: `UpgradeAwareHandler`. Trace: `upgrade_aware/*`.
#[derive(Clone, Copy)]
pub struct UpgradeAware<'a> {
    /// Where requests go: host, path, and for upgrades the query.
    pub location: &'a Url,
    /// The backend that the location names.
    pub origin: &'a Origin,
    /// The connections to backends.
    pub transports: &'a Transports,
    /// What the client asked for, where that is not the target of the request: its path, without the location's behind it, is what links
    /// need in front, and its scheme and host are told to the backend.
    pub asked: Option<&'a Url>,
    /// What is done to requests and answers on their way. Go: `WrapTransport`.
    pub wrapping: Wrapping,
    /// Which wishes for another protocol are heard.
    pub upgrades: Upgrades,
    /// Refuses requests that ask for no other protocol.
    pub upgrade_required: bool,
    /// Asks for the path and query of the request, not for those of the location.
    pub use_request_location: bool,
    /// Tells the backend the location's host, not the client's.
    pub use_location_host: bool,
    /// Puts the location's path in front of the one that is asked for.
    pub append_location_path: bool,
    /// Answers 502 where the backend sends the client elsewhere.
    pub reject_forwarding_redirects: bool,
    /// How long bytes of a body of known length may wait.
    pub flush_interval: FlushInterval,
    /// How many bytes a second each direction of a tunnel carries. None: no bound.
    pub max_bytes_per_sec: Option<NonZeroU64>,
    /// When an answer, its body included, is given up, if that is earlier than the request's own deadline.
    pub until: Option<Instant>,
    /// Changes the fields that leave, last of all.
    pub last: Option<&'a dyn Fn(&mut StrippedHeaders)>,
    /// Bugs that are planted.
    pub planted: Planted,
}

/// What is done to requests and answers on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// Nothing.
    Bare,
    /// The backend is told what the client asked for (`X-Forwarded-Uri`, `-Host`, `-Proto`); its fields of CORS, and a `Location` that
    /// cannot be read, are kept from the client.
    Told,
    /// The same, and `Location` and the links of HTML pages are rewritten so that they lead through here again.
    Rewritten,
}

impl<'a> UpgradeAware<'a> {
    /// A handler that does nothing to answers. Go: `NewUpgradeAwareHandler`.
    pub fn new(location: &'a Url, origin: &'a Origin, transports: &'a Transports) -> Self {
        Self {
            location,
            origin,
            transports,
            asked: None,
            wrapping: Wrapping::Bare,
            upgrades: Upgrades::Any,
            upgrade_required: false,
            use_request_location: false,
            use_location_host: false,
            append_location_path: false,
            reject_forwarding_redirects: false,
            flush_interval: FlushInterval::Every(limits::UPGRADE_AWARE_FLUSH_INTERVAL),
            max_bytes_per_sec: None,
            until: None,
            last: None,
            planted: Planted::none(),
        }
    }

    /// Sends a request on and answers with what the backend says.
    ///
    /// # Errors
    /// There is no answer that may be passed on. [`Fault::status`] says so as Go's API server does. Go: `ErrorResponder`.
    pub async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Fault> {
        match self.upgrades.asked(&exchange.head)? {
            Some(protocol) => self.upgrade(exchange, &protocol).await,
            None if self.upgrade_required => Err(Fault::UpgradeRequired),
            None => self.request(exchange).await,
        }
    }

    /// Go: `UpgradeAwareHandler.ServeHTTP`.
    async fn request(&self, exchange: &mut Exchange) -> Result<Answer, Fault> {
        let asked = self.asked.unwrap_or(&exchange.head.target.url).clone();
        let location = self.location_of(&asked);
        if location.path.is_empty() && matches!(exchange.head.method, Method::GET | Method::HEAD) {
            return Ok(to_the_slash(&asked));
        }
        let mut out = Outbound::of(&exchange.head);
        out.url = if self.use_request_location { asked.clone() } else { location };
        if self.use_location_host {
            out.host = self.location.host.clone();
        }
        let path = if self.append_location_path { self.location.path.clone() } else { Bytes::new() };
        let Url { scheme, host, .. } = self.location.clone();
        out.redirect(&Url { scheme, host, path, ..Url::default() });
        let links = Links::new(&asked, self.location, out.host.clone());
        let mut out = out.stripped(&exchange.head, None, &self.planted);
        out.append_forwarded_for(&exchange.peer);
        if self.wrapping != Wrapping::Bare {
            links.tell(&out.url, &mut out.headers);
        }
        self.finish(&mut out.headers);
        let outgoing = Outgoing { head: out.into_head(&exchange.head), body: exchange.take_body() };
        let passage = Passage {
            transport: &self.transports.requests,
            origin: self.origin,
            flush: self.flush_interval,
            until: self.until(exchange),
        };
        match passage.ask(exchange, outgoing).await.map_err(|failure| Fault::unreached(self.wrapping, &failure))? {
            Reply::Response(incoming) => self.answer(exchange, &passage, incoming, &links).await,
            Reply::Switched(head, tunnel) => Passage::switched(head, tunnel, None).map_err(Fault::failed),
        }
    }

    async fn answer(
        &self,
        exchange: &Exchange,
        passage: &Passage<'_>,
        mut incoming: Incoming,
        links: &Links,
    ) -> Result<Answer, Fault> {
        let gone = exchange.gone.clone();
        let answer = match self.wrapping {
            Wrapping::Bare => passage.answer(incoming, gone),
            Wrapping::Told | Wrapping::Rewritten => {
                remove_cors(&mut incoming.head);
                let rewrites = self.wrapping == Wrapping::Rewritten;
                match location(&incoming.head) {
                    Some(location) => {
                        let link = Link::parse(location).map_err(Fault::Location)?;
                        if rewrites {
                            incoming.head.headers.set(Name::LOCATION, links.rewrite(link));
                        }
                        passage.answer(incoming, gone)
                    }
                    None if rewrites => page::answer(passage, incoming, gone, links).await?,
                    None => passage.answer(incoming, gone),
                }
            }
        };
        match answer {
            Answer::Reply(head, _)
                if self.reject_forwarding_redirects && head.status.is_redirection() && location(&head).is_some() =>
            {
                let (head, body) = Refusal::BackendRedirects.render(&exchange.head);
                Ok(Answer::Reply(head, body))
            }
            answer => Ok(answer),
        }
    }

    /// The backend has to switch, or to refuse with a status that says so. Its word goes out as it wrote it, and nobody else uses either
    /// connection afterwards.
    ///
    /// Go: `UpgradeAwareHandler.tryUpgrade`.
    async fn upgrade(&self, exchange: &mut Exchange, protocol: &Bytes) -> Result<Answer, Fault> {
        let mut out = Outbound::of(&exchange.head);
        out.url = self.upgrade_location(self.asked.unwrap_or(&exchange.head.target.url));
        if self.use_location_host {
            out.host = self.location.host.clone();
        }
        let mut out = out.stripped(&exchange.head, Some(protocol), &self.planted);
        if upgrades::names_no_field(&exchange.head) {
            out.headers.say_connection_of(&exchange.head.headers);
        }
        out.append_forwarded_for(&exchange.peer);
        if !out.headers.contains(&Name::USER_AGENT) {
            out.headers.append(Name::USER_AGENT, "Go-http-client/1.1");
        }
        self.finish(&mut out.headers);
        let mut head = out.into_head(&exchange.head);
        head.close = closes(&exchange.head);
        let outgoing = Outgoing { head, body: exchange.take_body() };
        let alpn = if self.origin.alpn == Alpn::Http1 { Alpn::Http1 } else { Alpn::Http1ByAlpn };
        let origin = Origin { alpn, ..self.origin.clone() };
        let passage = Passage {
            transport: &self.transports.upgrades,
            origin: &origin,
            flush: FlushInterval::Always,
            until: self.until(exchange),
        };
        match passage.ask_for_upgrade(exchange, outgoing).await.map_err(|failure| Fault::not_upgraded(&failure))? {
            Reply::Switched(head, mut tunnel) => {
                if let Some(rate) = self.max_bytes_per_sec {
                    tunnel.backend = Channel::Throttled(Box::new(Throttled::new(tunnel.backend, rate)));
                }
                switch::check_choice(&head, protocol).map_err(Fault::failed)?;
                Ok(Answer::Switch(head, tunnel))
            }
            Reply::Response(incoming) if incoming.head.status < StatusCode::BAD_REQUEST => {
                Err(Fault::NotSwitched(incoming.head.status))
            }
            Reply::Response(incoming) => Ok(passage.last_answer(incoming, exchange.gone.clone())),
        }
    }

    /// The location for a request: with its query, and with a slash at the end where its path has one.
    fn location_of(&self, asked: &Url) -> Url {
        let mut location = Url { raw_query: asked.raw_query.clone(), ..self.location.clone() };
        if asked.path.ends_with(b"/") && !location.path.ends_with(b"/") {
            location.path = [&location.path[..], b"/"].concat().into();
        }
        location
    }

    fn upgrade_location(&self, asked: &Url) -> Url {
        if !self.use_request_location {
            return self.location.clone();
        }
        let Url { scheme, host, .. } = self.location.clone();
        let mut url = Url { scheme, host, ..asked.clone() };
        if self.append_location_path {
            let plain = |path: &Bytes| Url { path: path.clone(), ..Url::default() };
            url.path = join_paths(&plain(&self.location.path), &plain(&asked.path)).0;
        }
        url
    }

    fn finish(&self, headers: &mut StrippedHeaders) {
        if let Some(last) = self.last {
            last(headers);
        }
    }

    fn until(&self, exchange: &Exchange) -> Option<Instant> {
        [self.until, exchange.deadline].into_iter().flatten().min()
    }
}

impl fmt::Debug for UpgradeAware<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeAware").field("location", &self.location).finish_non_exhaustive()
    }
}

/// Sends a browser to the path with a slash at its end, so that the relative links of what it gets lead where they should.
///
/// Never to another host, as a path that begins with two slashes would.
///
/// Go: `proxyRedirectsforRootPath`.
fn to_the_slash(asked: &Url) -> Answer {
    let mut location = BytesMut::new();
    let slashes = asked.path.iter().take_while(|byte| **byte == b'/').count();
    location.put_slice(&asked.path[slashes.saturating_sub(1)..]);
    location.put_u8(b'/');
    if !asked.raw_query.is_empty() {
        location.put_u8(b'?');
        location.put_slice(&asked.raw_query);
    }
    let mut head = ResponseHead::new(StatusCode::MOVED_PERMANENTLY);
    head.headers.append(Name::LOCATION, location.freeze());
    Answer::Reply(Box::new(head), Body::empty())
}

/// Where an answer sends the client.
fn location(head: &ResponseHead) -> Option<&Bytes> {
    head.headers.get_bytes(&Name::LOCATION).filter(|location| !location.is_empty())
}

/// Whether the client ends its connection behind the answer, which Go tells the backend of an upgrade. Go: `transfer.go` `shouldClose`.
fn closes(head: &RequestHead) -> bool {
    let says = |word| head.headers.has_token(&Name::CONNECTION, word);
    says(b"close") || (head.version <= Version::Http10 && !says(b"keep-alive"))
}

/// Which origins may read answers is this server's to say. Go: `removeCORSHeaders`.
fn remove_cors(head: &mut ResponseHead) {
    for name in CORS {
        head.headers.remove(&name);
    }
}

const CORS: [Name; 4] = [
    Name::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    Name::ACCESS_CONTROL_ALLOW_HEADERS,
    Name::ACCESS_CONTROL_ALLOW_METHODS,
    Name::ACCESS_CONTROL_ALLOW_ORIGIN,
];
