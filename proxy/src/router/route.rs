use http::{Method, StatusCode};

use super::{RequestInfo, index, restful, version};
use crate::{
    identity::Permit,
    meta::{Details, Status},
    observe::{Check, Endpoint, Health, Metrics},
    refusal::Refusal,
    wire::{Answer, Body, Exchange, Name, RequestHead, ResponseHead, url::Values},
};

/// Who answers a request. Found once.
#[derive(Debug)]
pub enum Route {
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

/// Finds out who answers, and lets them.
#[derive(Debug)]
pub struct Router {
    health: Health,
    metrics: Metrics,
    /// That all paths there are have been installed.
    installed: Check,
}

impl Router {
    /// `installed` passes once every APIService that is stored has its path.
    pub fn new(health: Health, metrics: Metrics, installed: Check) -> Self {
        Self { health, metrics, installed }
    }

    /// Who answers this request.
    ///
    /// # Errors
    /// Nobody does.
    ///
    /// Go: `apiserver/pkg/server/handler.go` `director.ServeHTTP`.
    pub fn route(&self, head: &RequestHead, info: &RequestInfo) -> Result<Route, Refusal> {
        if info.path == "/version" || info.path.starts_with("/version/") {
            return version_asked(head, &info.path);
        }
        self.exact(&info.path).ok_or_else(|| self.nothing_there())
    }

    /// Go: `apiserver/pkg/server/mux/pathrecorder.go`.
    fn exact(&self, path: &str) -> Option<Route> {
        match path {
            "/" | "/index.html" => return Some(Route::Index),
            "/metrics" => return Some(Route::Metrics),
            _ => {}
        }
        let path = path.strip_prefix('/')?;
        let endpoint = Endpoint::ALL.into_iter().find(|endpoint| path.starts_with(endpoint.name()))?;
        match &path[endpoint.name().len()..] {
            "" => Some(Route::Health(endpoint, None)),
            rest => {
                let name = rest.strip_prefix('/').filter(|name| self.health.names(endpoint).any(|own| own == *name))?;
                Some(Route::Health(endpoint, Some(name.to_owned())))
            }
        }
    }

    /// Until all paths are installed, nobody knows what is not there.
    ///
    /// Go: `apiserver/pkg/util/notfoundhandler/not_found_handler.go`.
    fn nothing_there(&self) -> Refusal {
        if self.installed.passes() {
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
    pub async fn serve(&self, route: Route, exchange: &mut Exchange, _permit: Permit) -> Result<Answer, Refusal> {
        exchange.facts.put(Counted);
        match route {
            Route::Health(endpoint, None) => {
                self.health.all(endpoint, &Values::parse(&exchange.head.target.url.raw_query).0)
            }
            Route::Health(endpoint, Some(name)) => {
                self.health.one(endpoint, &name).unwrap_or_else(|| Err(Refusal::not_found()))
            }
            Route::Version => Ok(version::answer()),
            Route::Metrics => Ok(self.expose()),
            Route::Index => Ok(index::answer(self.paths())),
        }
    }

    fn expose(&self) -> Answer {
        let mut head = ResponseHead::new(StatusCode::OK);
        head.headers.append(Name::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
        Answer::Reply(head, Body::whole(self.metrics.expose()))
    }

    /// Every path that is told to somebody who asks for `/`.
    fn paths(&self) -> Vec<String> {
        let mut paths = vec!["/metrics".to_owned(), "/version".to_owned()];
        for endpoint in Endpoint::ALL {
            paths.push(format!("/{}", endpoint.name()));
            paths.extend(self.health.names(endpoint).map(|check| format!("/{}/{check}", endpoint.name())));
        }
        paths
    }
}

/// Go: `apiserver/pkg/server/routes/version.go`, which go-restful serves.
fn version_asked(head: &RequestHead, path: &str) -> Result<Route, Refusal> {
    if !path["/version".len()..].bytes().all(|byte| byte == b'/') {
        return Err(restful::not_found(head));
    }
    if head.method != Method::GET {
        return Err(restful::method_not_allowed(head));
    }
    restful::check_accept(head, &["application/json"]).map(|()| Route::Version)
}

/// Go: `notfoundhandler.RetryAfter`.
const RETRY_AFTER_SECONDS: u32 = 5;
