//! What there is to discover: our own kinds, what other servers were heard to serve, and the APIServices.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use arc_swap::ArcSwap;

use super::{
    aggregated::{Freshness, Resource, Version},
    document::{Local, Published},
    legacy,
    merge::{Entry, Service},
};
use crate::meta::GroupVersion;

/// What there is to discover. Shared by all workers; the documents are made anew and published whole when something changes.
#[derive(Debug)]
pub struct Sources {
    pub(super) local: Local,
    pub(super) published: ArcSwap<Published>,
    heard: Mutex<Heard>,
}

/// A version of a group that this process serves itself.
#[derive(Clone, Debug)]
pub struct LocalVersion {
    /// The group and the version.
    pub group_version: GroupVersion,
    /// Its resources and subresources, in the order in which they are told.
    pub resources: Vec<legacy::Resource>,
    /// Its group's place among the groups.
    pub group_priority: i64,
    /// Its place among the versions of its group.
    pub version_priority: i64,
}

/// What another server was heard to serve in a version of a group.
#[derive(Clone, Debug)]
pub struct RemoteVersion {
    /// Its resources; what was heard last, if the server does not answer now.
    pub resources: Vec<Resource>,
    /// Whether the server answered.
    pub freshness: Freshness,
    /// `spec.groupPriorityMinimum` of its APIService.
    pub group_priority: i64,
    /// `spec.versionPriority` of its APIService.
    pub version_priority: i64,
}

#[derive(Debug, Default)]
struct Heard {
    remote: BTreeMap<GroupVersion, Entry>,
    services: Vec<Service>,
}

impl Sources {
    /// Only what this process serves itself. `address` is where clients reach it, `host:port`.
    ///
    /// # Errors
    /// The table of a kind says another scope for a subresource than for its resource.
    pub fn new(address: &str, versions: &[LocalVersion]) -> Result<Self, legacy::ScopeMismatch> {
        let local = Local::new(address, versions)?;
        let heard = Heard::default();
        let published = ArcSwap::from_pointee(Published::new(&local, &heard.remote, &heard.services));
        Ok(Self { local, published, heard: Mutex::new(heard) })
    }

    /// Whether this process serves a version of a group itself.
    pub fn serves(&self, group: &str, version: &str) -> bool {
        self.local.versions.contains_key(&GroupVersion::new(group, version))
    }

    /// Tells what another server serves in a version of a group. It takes the place of what was told of it before, and of our own.
    ///
    /// Go: `kube-aggregator/pkg/apiserver/handler_discovery.go` `syncAPIService`.
    pub fn set_remote(&self, at: &GroupVersion, remote: RemoteVersion) {
        let version =
            Version { version: at.version.clone(), resources: remote.resources, freshness: Some(remote.freshness) };
        let RemoteVersion { group_priority, version_priority, .. } = remote;
        let entry = Entry { version, group_priority, version_priority };
        let mut heard = self.heard();
        if heard.remote.get(at) != Some(&entry) {
            heard.remote.insert(at.clone(), entry);
            self.publish(&heard);
        }
    }

    /// Forgets what another server serves in a version of a group.
    pub fn remove(&self, at: &GroupVersion) {
        let mut heard = self.heard();
        if heard.remote.remove(at).is_some() {
            self.publish(&heard);
        }
    }

    /// Tells which APIServices there are, available or not, those of our own versions too: they make the list of groups.
    pub fn set_services(&self, services: Vec<Service>) {
        let mut heard = self.heard();
        if heard.services != services {
            heard.services = services;
            self.publish(&heard);
        }
    }

    fn publish(&self, heard: &Heard) {
        self.published.store(Arc::new(Published::new(&self.local, &heard.remote, &heard.services)));
    }

    /// For writers alone; whoever panicked with it left nothing half done.
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
