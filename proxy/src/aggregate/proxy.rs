use std::{cell::RefCell, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    api_service::Reference,
    front_proxy, location,
    resolver::{Endpoint, Unresolved, resolve},
    table::{Aggregation, Destination, Table},
    tls::BackendTls,
    transports::{self, Transports},
};
use crate::{
    config::limits,
    forward::{self, UpgradeAware, Upgrades, Wrapping},
    identity::{Permit, User},
    refusal::Refusal,
    upstream::StrippedHeaders,
    wire::{Answer, Exchange, Name, RequestHead, url::Url},
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
    transports: forward::Transports,
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
        let origin = transports::origin(&way.endpoint);
        let set_user = |headers: &mut StrippedHeaders| front_proxy::set_user(headers, way.user);
        let handler = UpgradeAware {
            asked: Some(&way.url),
            wrapping: Wrapping::Told,
            upgrades: Upgrades::Only(&UPGRADES),
            use_location_host: true,
            reject_forwarding_redirects: true,
            until: location::time_limit(&way.url.path).map(|limit| Instant::now() + limit),
            last: Some(&set_user),
            planted: self.planted,
            ..UpgradeAware::new(&way.url, &origin, &way.transports)
        };
        handler.serve(exchange).await.map_err(|fault| {
            tracing::warn!(error = %fault, "a backend gave no answer");
            Refusal::BackendUnreachable(fault.to_string())
        })
    }

    /// The connections to backends that TLS is spoken with in this way.
    pub(super) fn transports(&self, tls: &BackendTls) -> forward::Transports {
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
        Ok(Way { transports: self.transports(tls), endpoint, url, user })
    }
}

/// How many servers a request has come through, as they say themselves.
fn hops(head: &RequestHead) -> usize {
    head.headers.all(&Name::X_FORWARDED_FOR).flat_map(|line| line.split(|byte| *byte == b',')).count()
}

/// Protocols that clients of an API server switch to. Any other wish is left unheard: a backend that took it for HTTP/2 in plain text would
/// be asked things that nobody has authorised.
const UPGRADES: [&[u8]; 2] = [b"websocket", b"SPDY/3.1"];

#[cfg(test)]
mod tests;
