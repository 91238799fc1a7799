use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::StatusCode;

use super::{Request, Unheard, ask};
use crate::{
    aggregate::{
        api_service::Reference,
        fetch::Fetched,
        proxy::Proxy,
        queue::{Backoff, Look, Next},
        table::{Aggregation, Backend, Destination},
    },
    config::limits,
    discovery::{
        RemoteVersion, Sources,
        aggregated::{Freshness, Group, Resource, read_groups},
        legacy::{read_resources, to_aggregated},
    },
    identity::User,
    meta::GroupVersion,
    wire::Name,
};

/// Finds out which resources backends serve, for `/apis`.
///
/// Go: `kube-aggregator/pkg/apiserver/handler_discovery.go` `discoveryManager`.
#[derive(Debug)]
pub(in crate::aggregate) struct RemoteDiscovery<'a> {
    aggregation: &'a Arc<Aggregation>,
    proxy: &'a Proxy,
    sources: &'a Sources,
    /// What each server said last of all its groups, and the tag of that.
    documents: RefCell<BTreeMap<Reference, (Bytes, Vec<Group>)>>,
    /// What was told of each APIService.
    told: RefCell<BTreeMap<String, (GroupVersion, Vec<Resource>)>>,
}

impl<'a> RemoteDiscovery<'a> {
    /// Nothing is known yet.
    pub(in crate::aggregate) fn new(aggregation: &'a Arc<Aggregation>, proxy: &'a Proxy, sources: &'a Sources) -> Self {
        Self { aggregation, proxy, sources, documents: RefCell::default(), told: RefCell::default() }
    }
}

impl Look for RemoteDiscovery<'_> {
    const HANDS: usize = limits::DISCOVERY_FETCHES_MAX;
    const BACKOFF: Backoff = Backoff { first: limits::DISCOVERY_BACKOFF_MIN, max: limits::DISCOVERY_INTERVAL };

    /// Tells what the backend of one APIService serves; what it said last, if it does not answer.
    async fn look_at(&self, name: &str) -> Next {
        let table = self.aggregation.table();
        let Some(to) = table.named(name).filter(|backend| backend.is_remote()).map(|found| table.destination(found))
        else {
            self.forget(name);
            return Next::Never;
        };
        drop(table); // a guard is not kept while others are waited for
        let backend = &to.backend;
        let at = GroupVersion::new(&backend.group, &backend.version);
        let (resources, freshness, next) = match self.resources(&to).await {
            Ok(resources) => (resources, Freshness::Current, Next::After(limits::DISCOVERY_INTERVAL)),
            Err(error) => {
                tracing::debug!(apiservice = name, %error, "a backend does not say what it serves");
                (self.told_before(name), Freshness::Stale, Next::Retry)
            }
        };
        self.told.borrow_mut().insert(name.to_owned(), (at.clone(), resources.clone()));
        let (group_priority, version_priority) = (backend.group_priority, backend.version_priority);
        self.sources.set_remote(&at, RemoteVersion { resources, freshness, group_priority, version_priority });
        next
    }
}

impl RemoteDiscovery<'_> {
    fn forget(&self, name: &str) {
        if let Some((at, _)) = self.told.borrow_mut().remove(name) {
            self.sources.remove(&at);
        }
        let table = self.aggregation.table();
        let in_use = |service: &Reference| table.backends().any(|backend| backend.service.as_ref() == Some(service));
        self.documents.borrow_mut().retain(|service, _| in_use(service));
    }

    fn told_before(&self, name: &str) -> Vec<Resource> {
        self.told.borrow().get(name).map(|(_, resources)| resources.clone()).unwrap_or_default()
    }

    /// Go: `fetchFreshDiscoveryForService`.
    async fn resources(&self, to: &Destination) -> Result<Vec<Resource>, Unheard> {
        let backend = &*to.backend;
        let known = backend.service.as_ref().and_then(|service| self.documents.borrow().get(service).cloned());
        let user = User::named(USER).with_groups([MASTERS]);
        let etag = known.as_ref().map(|(etag, _)| etag.clone()).filter(|etag| !etag.is_empty());
        let request = Request {
            user: &user,
            path: "/apis",
            accept: Some(AGGREGATED),
            etag: etag.clone(),
            timeout: limits::AGGREGATED_DISCOVERY_TIMEOUT,
        };
        let fetched = ask(self.proxy, to, request).await?;
        match (fetched.status, known) {
            (StatusCode::NOT_MODIFIED, Some((_, groups))) => Ok(of_version(&groups, backend)),
            (StatusCode::SERVICE_UNAVAILABLE, _) => Err(Unheard::Status(503)),
            (StatusCode::OK, _) if is_aggregated(&fetched) => self.keep(backend, &fetched),
            _ => self.resources_before(to, etag).await,
        }
    }

    fn keep(&self, backend: &Backend, fetched: &Fetched) -> Result<Vec<Resource>, Unheard> {
        let groups = read_groups(&fetched.body).map_err(|error| Unheard::Unreadable(error.to_string()))?;
        let resources = of_version(&groups, backend);
        if let Some(service) = &backend.service {
            let etag = fetched.headers.get_bytes(&Name::ETAG).cloned().unwrap_or_default();
            self.documents.borrow_mut().insert(service.clone(), (etag, groups));
        }
        Ok(resources)
    }

    /// Asks a server that knows nothing of the aggregated document.
    ///
    /// Go: `fetchFreshDiscoveryForService`, "fallback to legacy".
    async fn resources_before(&self, to: &Destination, etag: Option<Bytes>) -> Result<Vec<Resource>, Unheard> {
        let user = User::named(USER);
        let path = to.backend.document();
        let timeout = limits::AGGREGATED_DISCOVERY_TIMEOUT;
        let request = Request { user: &user, path: &path, accept: Some("application/json"), etag, timeout };
        let fetched = ask(self.proxy, to, request).await?;
        if fetched.status != StatusCode::OK {
            return Err(Unheard::Status(fetched.status.as_u16()));
        }
        let list = read_resources(&fetched.body).map_err(|error| Unheard::Unreadable(error.to_string()))?;
        to_aggregated(&list).map_err(|error| Unheard::Unreadable(error.to_string()))
    }
}

/// The resources of the backend's version; none where the server does not speak of it.
fn of_version(groups: &[Group], backend: &Backend) -> Vec<Resource> {
    // A group may be told in several pieces; of a version told twice the last counts.
    let pieces = groups.iter().filter(|group| group.metadata.name == backend.group);
    let mut versions = pieces.flat_map(|group| &group.versions).filter(|version| version.version == backend.version);
    versions.next_back().map(|version| version.resources.clone()).unwrap_or_default()
}

/// Whether an answer says that it is the aggregated document, whatever the order of the parameters.
fn is_aggregated(fetched: &Fetched) -> bool {
    let said = fetched.headers.get(&Name::CONTENT_TYPE).unwrap_or_default();
    let said = String::from_utf8_lossy(said);
    let mut parts = said.split(';').map(str::trim);
    let base = parts.next().is_some_and(|base| base.eq_ignore_ascii_case("application/json"));
    let parameters: Vec<&str> = parts.collect();
    let version = ["v=v2", "v=v2beta1"].iter().any(|version| parameters.contains(version));
    base && version && ["g=apidiscovery.k8s.io", "as=APIGroupDiscoveryList"].iter().all(|own| parameters.contains(own))
}

const USER: &str = "system:kube-aggregator";
const MASTERS: &str = "system:masters";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

#[cfg(test)]
mod tests;
