use std::{cell::RefCell, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use tokio::time::Instant;

use super::{
    api_service::Reference,
    front_proxy, location,
    resolver::{Endpoint, Unresolved, resolve},
    table::{Aggregation, Destination, Table},
    tls::BackendTls,
    transports::{self, Transports},
    wording,
};
use crate::{
    config::limits,
    forward::{FlushInterval, Outbound, Passage},
    identity::{Permit, User},
    refusal::Refusal,
    upstream::{Outgoing, Reply, StrippedHeaders},
    wire::{Answer, Exchange, Name, RequestHead, ResponseHead, url::Url},
    world::{Bug, Dice, Planted, World},
};

/// Sends requests on to the backends of APIServices. One per worker.
///
/// Go: `kube-aggregator/pkg/apiserver/handler_proxy.go` `proxyHandler`.
#[derive(Debug)]
pub struct Proxy {
    aggregation: Arc<Aggregation>,
    transports: Transports,
    dice: RefCell<Dice>,
    planted: Planted,
}

/// Where a request goes: the endpoint of a backend, and the URL there.
struct Way<'a> {
    pair: transports::Pair,
    endpoint: Endpoint,
    url: Url,
    user: &'a User,
}

impl Proxy {
    /// A proxy without connections.
    pub fn new(world: &World, aggregation: Arc<Aggregation>) -> Self {
        Self {
            aggregation,
            transports: Transports::new(world.clone()),
            dice: RefCell::new(world.dice.split("aggregate/resolve")),
            planted: world.planted,
        }
    }

    /// Sends a request on to a backend, in the name of a user, and answers with what the backend says.
    ///
    /// # Errors
    /// The backend may not be asked, or it could not be, or its answer is none that may be passed on.
    ///
    /// Go: `proxyHandler.ServeHTTP`, whose order of refusals can be seen.
    pub async fn serve(
        &self,
        exchange: &mut Exchange,
        to: &Destination,
        user: Option<&User>,
        _permit: Permit,
    ) -> Result<Answer, Refusal> {
        let way = self.way(exchange, to, user)?;
        match protocol_asked(&exchange.head) {
            Some(protocol) => self.upgrade(exchange, &way, &protocol).await,
            None => self.request(exchange, &way).await,
        }
    }

    /// The connections to backends that TLS is spoken with in this way.
    pub(super) fn transports(&self, tls: &BackendTls) -> transports::Pair {
        self.transports.of(tls, &self.aggregation)
    }

    /// An endpoint of a Service, by this table.
    ///
    /// # Errors
    /// Nobody answers for it.
    pub(super) fn resolve(&self, table: &Table, service: &Reference) -> Result<Endpoint, Unresolved> {
        resolve(&table.services, service, &mut self.dice.borrow_mut())
    }

    fn way<'a>(&self, exchange: &Exchange, to: &Destination, user: Option<&'a User>) -> Result<Way<'a>, Refusal> {
        if hops(&exchange.head) >= limits::AGGREGATED_HOPS_MAX && self.aggregation.is_from_an_aggregator(&exchange.peer)
        {
            return Err(Refusal::BackendLoops);
        }
        let misroutes = self.planted.has(Bug::RoutesToTheOtherBackend);
        let other = to.table.first_remote().filter(|_| misroutes);
        let backend = other.unwrap_or(&to.backend);
        let (Some(service), Some(tls)) = (&backend.service, &backend.tls) else { return Err(Refusal::NoDelegate) };
        if !backend.available {
            return Err(Refusal::BackendUnavailable);
        }
        let tls = tls.as_ref().map_err(|error| Refusal::BackendMisconfigured(error.to_string()))?;
        let user = user.filter(|user| !user.name.is_empty()).ok_or(Refusal::MissingUser)?;
        let endpoint = self.resolve(&to.table, service).map_err(|error| {
            tracing::warn!(apiservice = %backend.name, %error, "error resolving a backend");
            Refusal::BackendUnavailable
        })?;
        let url = location::at_backend(&exchange.head.target.url, Bytes::from(endpoint.to_string()));
        Ok(Way { pair: self.transports(tls), endpoint, url, user })
    }

    async fn request(&self, exchange: &mut Exchange, way: &Way<'_>) -> Result<Answer, Refusal> {
        let mut out = self.outbound(exchange, way, None);
        out.headers.set(Name::X_FORWARDED_URI, location::forwarded_uri(&way.url));
        out.headers.set(Name::X_FORWARDED_HOST, way.url.host.clone());
        out.headers.set(Name::X_FORWARDED_PROTO, "https");
        front_proxy::set_user(&mut out.headers, way.user);
        let outgoing = Outgoing { head: out.into_head(&exchange.head), body: exchange.take_body() };
        let origin = transports::origin(&way.endpoint);
        let passage = Passage {
            transport: &way.pair.requests,
            origin: &origin,
            flush: FlushInterval::Every(limits::AGGREGATED_FLUSH_INTERVAL),
            until: deadline(exchange, location::time_limit(&way.url.path)),
        };
        match passage.ask(exchange, outgoing).await.map_err(|failure| unreachable(wording::unreached(&failure)))? {
            Reply::Response(mut incoming) => {
                check_location(&incoming.head)?;
                remove_cors(&mut incoming.head);
                Ok(passage.answer(incoming, exchange.gone.clone()))
            }
            Reply::Switched(head, tunnel) => {
                Passage::switched(head, tunnel, None).map_err(|error| Refusal::BackendUnreachable(error.to_string()))
            }
        }
    }

    /// The backend has to switch, or to refuse with a status that says so. Its word goes out as it wrote it, and nobody else uses either
    /// connection afterwards.
    ///
    /// Go: `apimachinery/pkg/util/proxy/upgradeaware.go` `UpgradeAwareHandler.tryUpgrade`.
    async fn upgrade(&self, exchange: &mut Exchange, way: &Way<'_>, protocol: &Bytes) -> Result<Answer, Refusal> {
        let mut out = self.outbound(exchange, way, Some(protocol));
        if !out.headers.contains(&Name::USER_AGENT) {
            out.headers.append(Name::USER_AGENT, "Go-http-client/1.1");
        }
        front_proxy::set_user(&mut out.headers, way.user);
        let outgoing = Outgoing { head: out.into_head(&exchange.head), body: exchange.take_body() };
        let origin = transports::upgrade_origin(&way.endpoint);
        let passage = Passage {
            transport: &way.pair.upgrades,
            origin: &origin,
            flush: FlushInterval::Always,
            until: deadline(exchange, location::time_limit(&way.url.path)),
        };
        match passage.ask(exchange, outgoing).await.map_err(|failure| unreachable(wording::not_upgraded(&failure)))? {
            Reply::Switched(head, tunnel) => Passage::switched(head, tunnel, Some(protocol))
                .map_err(|error| Refusal::BackendUnreachable(error.to_string())),
            Reply::Response(incoming) if incoming.head.status < StatusCode::BAD_REQUEST => {
                let status = incoming.head.status.as_u16();
                Err(Refusal::BackendUnreachable(format!("invalid upgrade response: status code {status}")))
            }
            Reply::Response(incoming) => Ok(passage.last_answer(incoming, exchange.gone.clone())),
        }
    }

    /// What goes out of what came in, but for who asks.
    fn outbound(&self, exchange: &Exchange, way: &Way<'_>, upgrade: Option<&Bytes>) -> Outbound<StrippedHeaders> {
        let mut out = Outbound::of(&exchange.head);
        out.url = way.url.clone();
        out.host = way.url.host.clone();
        let mut out = out.stripped(&exchange.head, upgrade, &self.planted);
        out.append_forwarded_for(&exchange.peer);
        out
    }
}

/// The protocol that the client asks to switch to, if it is one that clients of an API server speak.
///
/// Any other wish is left unheard, as every server may (RFC 9110, section 7.8): a backend that took it for HTTP/2 in plain text would
/// be asked things that nobody has authorised.
fn protocol_asked(head: &RequestHead) -> Option<Bytes> {
    if !head.headers.has_token(&Name::CONNECTION, b"upgrade") {
        return None;
    }
    let asked = head.headers.get_bytes(&Name::UPGRADE)?;
    UPGRADES.iter().any(|known| asked.eq_ignore_ascii_case(known)).then(|| asked.clone())
}

/// How many servers a request has come through, as they say themselves.
fn hops(head: &RequestHead) -> usize {
    head.headers.all(&Name::X_FORWARDED_FOR).flat_map(|line| line.split(|byte| *byte == b',')).count()
}

fn deadline(exchange: &Exchange, limit: Option<Duration>) -> Option<Instant> {
    let own = limit.map(|limit| Instant::now() + limit);
    [own, exchange.deadline].into_iter().flatten().min()
}

/// A backend sends no client elsewhere: the client would go there with its credentials.
///
/// Go: `apimachinery/pkg/util/proxy/transport.go` `Transport.RoundTrip`, `upgradeaware.go` `RejectForwardingRedirects`.
fn check_location(head: &ResponseHead) -> Result<(), Refusal> {
    let Some(location) = head.headers.get_bytes(&Name::LOCATION).filter(|location| !location.is_empty()) else {
        return Ok(());
    };
    if let Err(error) = Url::parse(location) {
        let text = format!("Internal error occurred: error trying to parse Location header: {error}");
        return Err(Refusal::BackendUnreachable(text));
    }
    if head.status.is_redirection() { Err(Refusal::BackendRedirects) } else { Ok(()) }
}

/// Which origins may read answers is this server's to say.
///
/// Go: `apimachinery/pkg/util/proxy/upgradeaware.go` `corsRemovingTransport`.
fn remove_cors(head: &mut ResponseHead) {
    for name in CORS {
        head.headers.remove(&name);
    }
}

fn unreachable(text: String) -> Refusal {
    tracing::warn!(error = %text, "a backend gave no answer");
    Refusal::BackendUnreachable(text)
}

/// Protocols that clients of an API server switch to.
const UPGRADES: [&[u8]; 2] = [b"websocket", b"SPDY/3.1"];

const CORS: [Name; 4] = [
    Name::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    Name::ACCESS_CONTROL_ALLOW_HEADERS,
    Name::ACCESS_CONTROL_ALLOW_METHODS,
    Name::ACCESS_CONTROL_ALLOW_ORIGIN,
];

#[cfg(test)]
mod tests;
