//! What requests are routed by: published whole, so that a request sees old or new and no mix.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::{
    api_service::Reference,
    metrics::Metrics,
    services::Services,
    tls::{BackendTls, BadTls, Credential},
};
use crate::{meta::GroupVersion, upstream::egress::Egress, wire::Peer};

/// An APIService, ready to be asked.
#[derive(Debug)]
pub struct Backend {
    /// The name of the object, `version.group`.
    pub name: String,
    /// The API group; empty is the core group.
    pub group: String,
    /// The version of the group.
    pub version: String,
    /// Who serves it; none where it is served here.
    pub service: Option<Reference>,
    /// Whether its condition says that it answers.
    pub available: bool,
    /// How TLS is spoken to it; none where it is served here.
    pub tls: Option<Result<Arc<BackendTls>, BadTls>>,
    /// The group's place among the groups.
    pub group_priority: i64,
    /// The version's place among the versions of its group.
    pub version_priority: i64,
}

impl Backend {
    /// Whether requests are sent on, and not served here.
    pub fn is_remote(&self) -> bool {
        self.service.is_some()
    }

    /// The path of the document that lists what the backend serves.
    pub fn document(&self) -> String {
        GroupVersion::new(&*self.group, &*self.version).path()
    }
}

/// A backend as one table has it. A request keeps it to its end: whatever is published meanwhile, the request sees nothing of it.
#[derive(Clone, Debug)]
pub struct Destination {
    /// By which the backend's Service is resolved.
    pub table: Arc<Table>,
    /// The backend.
    pub backend: Arc<Backend>,
}

/// All APIServices, and the Services that they name.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// By group, then by version.
    backends: BTreeMap<String, BTreeMap<String, Arc<Backend>>>,
    /// Where their Services answer.
    pub services: Services,
    /// Counts the tables of a process.
    pub number: u64,
}

impl Table {
    /// A table of these backends.
    pub fn new(backends: impl IntoIterator<Item = Arc<Backend>>, services: Services) -> Self {
        let mut table = Self { services, ..Self::default() };
        for backend in backends {
            let versions = table.backends.entry(backend.group.clone()).or_default();
            versions.insert(backend.version.clone(), backend);
        }
        table
    }

    /// The backend of a version of a group.
    pub fn backend(&self, group: &str, version: &str) -> Option<&Arc<Backend>> {
        self.backends.get(group)?.get(version)
    }

    /// The backend of an APIService by its name, `version.group`.
    pub fn named(&self, name: &str) -> Option<&Arc<Backend>> {
        let (version, group) = name.split_once('.')?;
        self.backend(group, version)
    }

    /// A backend of this table, with the table.
    pub fn destination(self: &Arc<Self>, backend: &Arc<Backend>) -> Destination {
        Destination { table: Arc::clone(self), backend: Arc::clone(backend) }
    }

    /// Whether any version of a group is known.
    pub fn has_group(&self, group: &str) -> bool {
        self.backends.contains_key(group)
    }

    /// All backends, by group and version.
    pub fn backends(&self) -> impl Iterator<Item = &Arc<Backend>> {
        self.backends.values().flat_map(BTreeMap::values)
    }

    /// The first backend that requests are sent to: where the planted bug sends all of them.
    pub(super) fn first_remote(&self) -> Option<&Backend> {
        self.backends().map(|backend| &**backend).find(|backend| backend.is_remote())
    }

    /// Whether a way of speaking TLS is still in use.
    pub(super) fn speaks(&self, generation: u64) -> bool {
        self.backends().any(|backend| matches!(&backend.tls, Some(Ok(tls)) if tls.generation == generation))
    }
}

/// What the control loops of worker 0 and the requests of every worker share.
#[derive(Debug)]
pub struct Aggregation {
    table: ArcSwap<Table>,
    complete: watch::Sender<bool>,
    credential: watch::Sender<Option<Arc<Credential>>>,
    egress: Egress,
    metrics: Metrics,
}

impl Aggregation {
    /// Nothing is known yet. `credential` is shown to backends that ask who we are.
    pub fn new(credential: Option<Credential>) -> Self {
        Self {
            table: ArcSwap::default(),
            complete: watch::Sender::new(false),
            credential: watch::Sender::new(credential.map(Arc::new)),
            egress: Egress::default(),
            metrics: Metrics::default(),
        }
    }

    /// Backends are reached through these proxies: requests, probes and documents are, upgrades are not.
    ///
    /// Go: `client-go/transport/cache.go` `tlsTransportCache.get`, which takes those of the environment; `handler_proxy.go` dials by itself
    /// for upgrades.
    #[must_use]
    pub fn through(mut self, egress: Egress) -> Self {
        self.egress = egress;
        self
    }

    /// The proxies through which backends are reached.
    pub(super) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// What is known now.
    pub fn table(&self) -> Guard<Arc<Table>> {
        self.table.load()
    }

    /// Whether all APIServices that there were at the start are in the table. Until then a path that nobody knows may become known.
    ///
    /// Go: the signal `APIServiceRegistrationControllerInitiated`.
    pub fn is_complete(&self) -> bool {
        *self.complete.borrow()
    }

    /// Waits until [`Self::is_complete`].
    pub async fn completed(&self) {
        // The sender lives as long as `self`.
        let _ = self.complete.subscribe().wait_for(|complete| *complete).await;
    }

    /// Shows another certificate to backends. Connections made before serve their requests to the end and are not used again.
    pub fn set_credential(&self, credential: Option<Credential>) {
        self.credential.send_replace(credential.map(Arc::new));
    }

    /// Whether a request comes from an aggregator that shows our certificate: from us, or from one that shares our store.
    pub(super) fn is_from_an_aggregator(&self, peer: &Peer) -> bool {
        peer.tls.is_some() && self.credential.borrow().as_ref().is_some_and(|credential| credential.is_shown_by(peer))
    }

    /// The certificate, and word of each change.
    pub fn credential(&self) -> watch::Receiver<Option<Arc<Credential>>> {
        self.credential.subscribe()
    }

    /// What is counted of the availability of APIServices.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Puts a table in the place of the one before.
    pub fn publish(&self, mut table: Table) {
        table.number = self.table.load().number + 1;
        self.table.store(Arc::new(table));
    }

    /// The first complete table is published.
    pub fn complete(&self) {
        self.complete.send_replace(true);
    }
}
