use std::sync::Arc;

use http::{Method, StatusCode};

use super::{RequestInfo, index, resources, version};
use crate::{
    aggregate::{Aggregation, Destination, Proxy},
    discovery::{self, DiscoveryRoute, Sources},
    identity::{Permit, User},
    meta::{Details, GroupVersion, Status, restful},
    observe::{Endpoint, Health, Metrics},
    openapi::{SpecRoute, Specs},
    refusal::Refusal,
    rest::{Registry, Rest, RestRoute},
    wire::{Answer, Body, Exchange, Name, RequestHead, ResponseHead, url::Values},
    world::Stop,
};

/// Who answers a request. Found once.
#[derive(Debug)]
pub enum Route {
    /// A server behind this one.
    Aggregated(Destination),
    /// Objects of our own.
    Rest(RestRoute),
    /// Who asks.
    SelfReview,
    /// Which groups, versions and resources there are.
    Discovery(DiscoveryRoute),
    /// What the API looks like.
    OpenApi(SpecRoute),
    /// A health endpoint, or one of its checks.
    Health(Endpoint, Option<String>),
    /// `/version`.
    Version,
    /// `/metrics`.
    Metrics,
    /// `/`: which paths there are.
    Index,
}

/// Says that a request counts in the request metrics: it found somebody of ours to answer it. Nobody makes a row of labels by asking for
/// paths that are not there.
#[derive(Clone, Copy, Debug)]
pub struct Counted;

/// Says that the answer is a backend's: its header fields stand beside ours.
#[derive(Clone, Copy, Debug)]
pub struct Relayed;

/// What the routers of all workers share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// What `/healthz` and its like look at.
    pub health: Health,
    /// What `/metrics` tells.
    pub metrics: Metrics,
    /// Objects of our own.
    pub registry: Registry,
    /// The servers behind this one.
    pub aggregation: Arc<Aggregation>,
    /// Which groups, versions and resources there are.
    pub sources: Arc<Sources>,
    /// What the API looks like.
    pub specs: Arc<Specs>,
}

/// Finds out who answers, and lets them. One for each worker.
#[derive(Debug)]
pub struct Router {
    shared: Shared,
    rest: Rest,
    proxy: Proxy,
}

impl Router {
    /// `proxy` has the worker's connections to the servers behind this one; `stop` ends watches.
    pub fn new(shared: Shared, proxy: Proxy, stop: Stop) -> Self {
        Self { rest: Rest::new(shared.registry.clone(), stop), shared, proxy }
    }

    /// Who answers this request.
    ///
    /// # Errors
    /// Nobody does.
    ///
    /// Go: `apiserver/pkg/server/handler.go` `director.ServeHTTP`, `kube-aggregator/pkg/apiserver/apiserver.go` `AddAPIService`.
    pub fn route(&self, head: &RequestHead, info: &RequestInfo) -> Result<Route, Refusal> {
        let path = &info.path[..];
        if let Some(rest) = below("/version", path) {
            return version_asked(head, rest);
        }
        let found = match (below("/api", path), below("/apis", path), below("/openapi", path)) {
            (Some(rest), ..) => self.core(head, info, rest)?,
            (_, Some(rest), _) => self.groups(head, info, rest)?,
            (.., Some(rest)) => self.specs(rest),
            _ => self.exact(path),
        };
        found.ok_or_else(|| self.nothing_there())
    }

    /// What stands below `/api`.
    fn core(&self, head: &RequestHead, info: &RequestInfo, rest: &str) -> Result<Option<Route>, Refusal> {
        let table = self.shared.aggregation.table();
        if let Some(backend) = table.backend("", "v1").filter(|backend| backend.is_remote()) {
            return Ok(Some(Route::Aggregated(table.destination(backend))));
        }
        match rest.trim_matches('/').split_once('/').unwrap_or((rest.trim_matches('/'), "")) {
            ("", _) => Ok(Some(Route::Discovery(DiscoveryRoute::Api))),
            ("v1", rest) => resources::route(head, info, GroupVersion::new("", "v1"), rest).map(Some),
            _ => Ok(None),
        }
    }

    /// What stands below `/apis`.
    fn groups(&self, head: &RequestHead, info: &RequestInfo, rest: &str) -> Result<Option<Route>, Refusal> {
        match rest {
            "" => return Ok(Some(Route::Discovery(DiscoveryRoute::Apis))),
            "/" => return Ok(Some(Route::Discovery(DiscoveryRoute::ApisSlash))),
            _ => {}
        }
        let Some(rest) = rest.strip_prefix('/') else { return Ok(None) };
        let (group, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let table = self.shared.aggregation.table();
        if rest.is_empty() {
            let known = group == OWN_GROUP || table.has_group(group);
            return Ok(known.then(|| Route::Discovery(DiscoveryRoute::Group(group.to_owned()))));
        }
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let remote = table.backend(group, version).filter(|backend| backend.is_remote() && group != OWN_GROUP);
        match remote {
            Some(backend) => Ok(Some(Route::Aggregated(table.destination(backend)))),
            None if self.shared.sources.serves(group, version) => {
                resources::route(head, info, GroupVersion::new(group, version), rest).map(Some)
            }
            // go-restful has all that stands below our own group.
            None if group == OWN_GROUP => Err(restful::not_found(head).into()),
            None if (group, version, rest) == SELF_REVIEW && head.method == Method::POST => Ok(Some(Route::SelfReview)),
            None => Ok(None),
        }
    }

    /// What stands below `/openapi`.
    fn specs(&self, rest: &str) -> Option<Route> {
        match rest {
            "/v2" => return Some(Route::OpenApi(SpecRoute::V2)),
            "/v3" => return Some(Route::OpenApi(SpecRoute::V3Index)),
            _ => {}
        }
        let path = rest.strip_prefix("/v3/")?;
        let service = self.shared.specs.backend_of(path);
        let table = self.shared.aggregation.table();
        Some(match service.as_deref().and_then(|name| table.named(name)) {
            Some(backend) => Route::Aggregated(table.destination(backend)),
            None => Route::OpenApi(SpecRoute::V3(path.to_owned())),
        })
    }

    /// Go: `apiserver/pkg/server/mux/pathrecorder.go`.
    fn exact(&self, path: &str) -> Option<Route> {
        match path {
            "/" | "/index.html" => return Some(Route::Index),
            "/metrics" => return Some(Route::Metrics),
            _ => {}
        }
        Endpoint::ALL.into_iter().find_map(|endpoint| {
            let rest = path.strip_prefix('/')?.strip_prefix(endpoint.name())?;
            if rest.is_empty() {
                return Some(Route::Health(endpoint, None));
            }
            let check = rest.strip_prefix('/')?;
            let known = self.shared.health.names(endpoint).any(|own| own == check);
            known.then(|| Route::Health(endpoint, Some(check.to_owned())))
        })
    }

    /// Until all paths are installed, nobody knows what is not there.
    ///
    /// Go: `apiserver/pkg/util/notfoundhandler/not_found_handler.go`.
    fn nothing_there(&self) -> Refusal {
        if self.shared.aggregation.is_complete() {
            return Refusal::not_found();
        }
        let mut status = Status::service_unavailable(
            "the request has been made before all known HTTP paths have been installed, please try again",
        );
        status.details = Some(Box::new(Details { retry_after_seconds: RETRY_AFTER_SECONDS, ..Details::default() }));
        status.into()
    }

    /// Lets whoever answers do so.
    ///
    /// # Errors
    /// They say no.
    pub async fn serve(&self, route: Route, exchange: &mut Exchange, permit: Permit) -> Result<Answer, Refusal> {
        if !matches!(route, Route::Aggregated(_)) {
            exchange.facts.put(Counted);
        }
        let Shared { health, sources, specs, .. } = &self.shared;
        match route {
            Route::Aggregated(to) => self.relay(&to, exchange, permit).await,
            Route::Rest(asked) => self.rest.serve(exchange, &asked, permit).await,
            Route::SelfReview => self.rest.review_self(exchange, permit).await,
            Route::Discovery(asked) => {
                discovery::serve(sources, &exchange.head, &asked)?.ok_or_else(|| self.nothing_there())
            }
            Route::OpenApi(asked) => Ok(specs.serve(&exchange.head, &asked)),
            Route::Health(endpoint, None) => {
                health.all(endpoint, &Values::parse(&exchange.head.target.url.raw_query).0)
            }
            Route::Health(endpoint, Some(check)) => {
                health.one(endpoint, &check).unwrap_or_else(|| Err(Refusal::not_found()))
            }
            Route::Version => Ok(version::answer()),
            Route::Metrics => Ok(self.expose()),
            Route::Index => Ok(index::answer(self.paths())),
        }
    }

    async fn relay(&self, to: &Destination, exchange: &mut Exchange, permit: Permit) -> Result<Answer, Refusal> {
        let user: Option<User> = exchange.facts.get().cloned();
        let answer = self.proxy.serve(exchange, to, user.as_ref(), permit).await?;
        exchange.facts.put(Relayed);
        Ok(answer)
    }

    fn expose(&self) -> Answer {
        let mut text = self.shared.metrics.expose();
        self.shared.aggregation.metrics().write(&mut text);
        let mut head = ResponseHead::new(StatusCode::OK);
        head.headers.append(Name::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
        Answer::Reply(Box::new(head), Body::whole(text))
    }

    /// Every path that is told to somebody who asks for `/`.
    fn paths(&self) -> Vec<String> {
        let fixed = ["/api", "/api/v1", "/apis", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/version"];
        let mut paths: Vec<String> = fixed.map(str::to_owned).into();
        paths.push(format!("/apis/{OWN_GROUP}"));
        paths.push(format!("/apis/{OWN_GROUP}/v1"));
        for endpoint in Endpoint::ALL {
            paths.push(format!("/{}", endpoint.name()));
            paths.extend(self.shared.health.names(endpoint).map(|check| format!("/{}/{check}", endpoint.name())));
        }
        for backend in self.shared.aggregation.table().backends().filter(|backend| !backend.group.is_empty()) {
            paths.push(format!("/apis/{}", backend.group));
            paths.push(format!("/apis/{}/{}", backend.group, backend.version));
        }
        paths
    }
}

/// What of a path stands below a root: nothing, or something that begins with a slash. None where it stands elsewhere.
fn below<'p>(root: &str, path: &'p str) -> Option<&'p str> {
    path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Go: `apiserver/pkg/server/routes/version.go`, which go-restful serves.
fn version_asked(head: &RequestHead, rest: &str) -> Result<Route, Refusal> {
    if !rest.trim_matches('/').is_empty() {
        return Err(restful::not_found(head).into());
    }
    if head.method != Method::GET {
        return Err(restful::method_not_allowed(head).into());
    }
    restful::check_accept(head, &["application/json"])?;
    Ok(Route::Version)
}

/// What `kubectl auth whoami` asks; the only resource of its group that is here.
const SELF_REVIEW: (&str, &str, &str) = ("authentication.k8s.io", "v1", "selfsubjectreviews");
/// The group of APIServices themselves: no APIService can take it away.
const OWN_GROUP: &str = "apiregistration.k8s.io";

/// Go: `notfoundhandler.RetryAfter`.
const RETRY_AFTER_SECONDS: u32 = 5;
