//! Whether backends answer: looked at every half minute and whenever something changes, and written into the APIService.
//!
//! Go: `kube-aggregator/pkg/controllers/status`.

mod finding;
mod probe;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::finding::Finding;
use super::{
    proxy::Proxy,
    queue::{Backoff, Look, Next},
    resolver::endpoints,
    table::{Aggregation, Backend, Destination},
};
use crate::{
    config::limits,
    meta::{Object, Status, time},
    rest::{Kind, Registry, WriteOptions},
    world::World,
};

/// Finds out whether backends answer.
#[derive(Debug)]
pub(super) struct Availability<'a> {
    world: &'a World,
    registry: &'a Registry,
    kind: &'static Kind,
    aggregation: &'a Arc<Aggregation>,
    proxy: &'a Proxy,
}

impl<'a> Availability<'a> {
    /// Nothing is known yet. `kind` is that of the APIServices.
    pub(super) fn new(
        world: &'a World,
        registry: &'a Registry,
        kind: &'static Kind,
        aggregation: &'a Arc<Aggregation>,
        proxy: &'a Proxy,
    ) -> Self {
        Self { world, registry, kind, aggregation, proxy }
    }
}

impl Look for Availability<'_> {
    const HANDS: usize = limits::AVAILABILITY_PROBES_MAX;
    const BACKOFF: Backoff = Backoff { first: limits::AVAILABILITY_BACKOFF_MIN, max: limits::AVAILABILITY_INTERVAL };

    /// Looks at one APIService and writes down what was found. What failed is looked at again soon.
    async fn look_at(&self, name: &str) -> Next {
        let table = self.aggregation.table();
        let Some(to) = table.named(name).map(|backend| table.destination(backend)) else {
            self.aggregation.metrics().forget(name);
            return Next::Never;
        };
        // Where our own settings do not let us ask, what was said before stands.
        drop(table); // a guard is not kept while others are waited for
        let Some(finding) = self.find(&to).await else { return Next::Retry };
        self.aggregation.metrics().set_available(name, finding.is_good());
        if let Err(status) = self.write(&to.backend, &finding).await {
            tracing::warn!(apiservice = name, error = %status.message, "the condition of an APIService was not written");
            return Next::Retry;
        }
        match finding {
            Finding::FailedDiscoveryCheck(_) => Next::Retry,
            _ => Next::After(limits::AVAILABILITY_INTERVAL),
        }
    }
}

impl Availability<'_> {
    async fn find(&self, to: &Destination) -> Option<Finding> {
        let (backend, services) = (&*to.backend, &to.table.services);
        let Some(service) = &backend.service else { return Some(Finding::Local) };
        if let Some(finding) = finding::without_asking(services, service) {
            return Some(finding);
        }
        let tls = backend.tls.as_ref()?.as_ref().ok()?;
        let mut endpoints = match endpoints(services, service) {
            Ok(endpoints) => endpoints,
            Err(error) => return Some(Finding::FailedDiscoveryCheck(error.to_string())),
        };
        endpoints.truncate(limits::AVAILABILITY_ENDPOINTS_MAX);
        Some(match probe::probe(self.proxy, backend, tls, &endpoints).await {
            Ok(()) => Finding::Passed,
            Err(error) => Finding::FailedDiscoveryCheck(error),
        })
    }

    /// Go: `updateAPIServiceStatus`, whose counter sees only those that answered before.
    async fn write(&self, backend: &Backend, finding: &Finding) -> Result<(), Status> {
        let now = time::format(self.world.clock.wall());
        let mut was_good = false;
        let change = |mut object: Object| {
            was_good = finding::says_good(&object);
            finding::write(finding, backend.service.as_ref(), &now, &mut object);
            Ok(object)
        };
        let options = WriteOptions::default();
        let written = self.registry.update(self.kind, Some("status"), None, &backend.name, change, &options).await;
        match written {
            Ok(_) if was_good && !finding.is_good() => {
                self.aggregation.metrics().count_unavailable(&backend.name, finding.reason());
                Ok(())
            }
            Ok(_) => Ok(()),
            // It was deleted meanwhile.
            Err(status) if status.code == 404 => Ok(()),
            Err(status) => Err(status),
        }
    }
}
