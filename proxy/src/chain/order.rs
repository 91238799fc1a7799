use std::{sync::Arc, time::Duration};

use super::{
    Filter,
    audit_id::AuditIds,
    authentication::Authenticate,
    authorization::Authorize,
    cache_control::CacheControl,
    deadline::Deadline,
    impersonation::Impersonate,
    in_flight::{LimitInFlight, Seats},
    request_info::RequestInfos,
    request_metrics::RequestMetrics,
    warnings::TellWarnings,
};
use crate::{
    identity::{Authenticator, Authorizer, HeaderNames},
    observe::Metrics,
    world::World,
};

/// What the filters of an API server need to know.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Who knows users.
    pub authenticator: Arc<dyn Authenticator>,
    /// Who knows what users may do.
    pub authorizer: Arc<dyn Authorizer>,
    /// The fields in which the front proxy names users, if there is one.
    pub identity_fields: Option<HeaderNames>,
    /// The most that a request may take that does not run for long.
    pub request_timeout: Duration,
    /// How many requests are served at a time.
    pub seats: Arc<Seats>,
    /// Where requests are counted.
    pub metrics: Metrics,
}

/// The filters of an API server, the first one first.
///
/// Go: `apiserver/pkg/server/config.go` `DefaultBuildHandlerChain`, which lists them from the inside.
pub fn filters(world: &World, parts: &Parts) -> Vec<Box<dyn Filter>> {
    vec![
        Box::new(AuditIds::new(world.dice.split("audit ids"))),
        Box::new(RequestInfos),
        Box::new(RequestMetrics::new(Arc::clone(&world.clock), parts.metrics.recorder())),
        Box::new(CacheControl),
        Box::new(Deadline::new(Arc::clone(&world.clock), parts.request_timeout)),
        Box::new(TellWarnings),
        Box::new(Authenticate::new(Arc::clone(&parts.authenticator), parts.identity_fields.clone())),
        Box::new(Impersonate::new(Arc::clone(&parts.authorizer))),
        Box::new(LimitInFlight::new(Arc::clone(&parts.seats), parts.metrics.recorder())),
        Box::new(Authorize::new(Arc::clone(&parts.authorizer))),
    ]
}
