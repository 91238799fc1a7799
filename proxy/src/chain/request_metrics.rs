use std::sync::Arc;

use http::{Method, StatusCode};
use tokio::time::Instant;

use super::{End, Filter, How, Step};
use crate::{
    meta::Query,
    observe::{Family, Kind, Recorder},
    router::{Counted, RequestInfo},
    wire::{Exchange, Facts, Name},
    world::Clock,
};

/// Counts requests, how long they take and how large their answers are.
///
/// Go: `apiserver/pkg/endpoints/metrics/metrics.go` `MonitorRequest`.
pub(super) struct RequestMetrics {
    clock: Arc<dyn Clock>,
    recorder: Recorder,
}

/// What the metrics want to know of a request that its facts do not tell.
struct Arrival {
    at: Instant,
    method: Method,
    /// The patch is an apply.
    applies: bool,
    dry_run: bool,
}

impl RequestMetrics {
    pub(super) fn new(clock: Arc<dyn Clock>, recorder: Recorder) -> Self {
        Self { clock, recorder }
    }
}

impl Filter for RequestMetrics {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let head = &exchange.head;
        let content_type = head.headers.get(&Name::CONTENT_TYPE).unwrap_or_default();
        let arrival = Arrival {
            at: self.clock.now(),
            method: head.method.clone(),
            applies: content_type.starts_with(b"application/apply-patch"),
            dry_run: Query::of(head).text("dryRun") == "All",
        };
        exchange.facts.put(arrival);
        Step::Next
    }

    fn done(&self, facts: &Facts, end: &End) {
        let (Some(arrival), Some(info)) = (facts.get::<Arrival>(), facts.get::<RequestInfo>()) else { return };
        if facts.get::<Counted>().is_none() {
            return;
        }
        let code = end.status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if !info.is_resource && code == StatusCode::NOT_FOUND {
            return; // somebody of ours had to look, and there is nothing at that path
        }
        let labels = labels(arrival, info);
        let mut with_code = labels.to_vec();
        with_code.push(("code", code.as_str()));
        self.recorder.count(&REQUESTS, &with_code);
        if end.how == How::Cut {
            self.recorder.count(&ABORTS, &labels);
        }
        if !info.is_long_running() {
            let seconds = (self.clock.now() - arrival.at).as_secs_f64();
            self.recorder.observe(&DURATION, &labels, seconds);
            self.recorder.observe(&RESPONSE_SIZES, &labels, end.bytes as f64);
        }
    }
}

/// Go: `metrics.go` `CleanScope`, `CanonicalVerb`, `cleanVerb`, `cleanDryRun`.
fn labels<'a>(arrival: &'a Arrival, info: &'a RequestInfo) -> [(&'static str, &'a str); 8] {
    let scope = match info {
        info if !info.is_resource => "",
        info if !info.name.is_empty() || info.verb == "create" => "resource",
        info if !info.namespace.is_empty() => "namespace",
        _ => "cluster",
    };
    let verb = match (&info.verb[..], &arrival.method) {
        ("list", _) => "LIST",
        ("watch", _) => "WATCH",
        ("deletecollection", _) => "DELETECOLLECTION",
        (_, method) if arrival.applies && method == Method::PATCH => "APPLY",
        (_, method) => match method.as_str() {
            known @ ("GET" | "PUT" | "POST" | "PATCH" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE" | "HEAD") => known,
            _ => "other",
        },
    };
    let subresource = if info.is_resource { &info.subresource } else { &info.path };
    [
        ("verb", verb),
        ("dry_run", if arrival.dry_run { "All" } else { "" }),
        ("group", &info.api_group),
        ("version", &info.api_version),
        ("resource", &info.resource),
        ("subresource", subresource),
        ("scope", scope),
        ("component", "apiserver"),
    ]
}

static REQUESTS: Family = Family {
    name: "apiserver_request_total",
    help: "[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.",
    kind: Kind::Counter,
};

static DURATION: Family = Family {
    name: "apiserver_request_duration_seconds",
    help: "[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.",
    kind: Kind::Histogram(&[
        0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0,
        30.0, 45.0, 60.0,
    ]),
};

static RESPONSE_SIZES: Family = Family {
    name: "apiserver_response_sizes",
    help: "[STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.",
    kind: Kind::Histogram(&[1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]),
};

static ABORTS: Family = Family {
    name: "apiserver_request_aborts_total",
    help: "[ALPHA] Number of requests whose answer was cut, for each group, version, verb, resource, subresource and scope.",
    kind: Kind::Counter,
};
