//! The APIServices of what this process serves itself: they are there from the start, so that clients see every version in one list.
//!
//! Go: `kube-aggregator/pkg/controllers/autoregister`, `kubernetes/pkg/controlplane/apiserver/aggregator.go`.

use std::collections::BTreeSet;

use serde_json::json;

use super::queue::Backoff;
use crate::{
    config::limits,
    discovery::priorities,
    meta::{GroupVersion, Object},
    rest::{Kind, Kinds, Registry, WriteOptions},
    world::Stop,
};

/// Makes the APIServices of our own versions that are not there. Those that somebody has changed or taken over are left as they are.
///
/// A store that fails is asked again, less and less often, until it is time to stop.
pub(super) async fn register(registry: &Registry, kind: &'static Kind, mut stop: Stop) {
    for version in own_versions() {
        let mut failures = 0;
        while let Err(status) = create(registry, kind, &version).await {
            tracing::warn!(version = %version, error = %status.message, "an APIService of our own was not made");
            let wait = BACKOFF.after(failures);
            failures += 1;
            tokio::select! {
                biased;
                () = stop.wait() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

/// The versions that this process serves. That of the APIServices themselves has none, as in Go.
fn own_versions() -> BTreeSet<GroupVersion> {
    let all = Kinds::get().all().iter().map(|kind| GroupVersion::new(&*kind.group, &*kind.version));
    all.filter(|version| version.group != "apiregistration.k8s.io").collect()
}

async fn create(registry: &Registry, kind: &'static Kind, version: &GroupVersion) -> Result<(), crate::meta::Status> {
    match registry.create(kind, None, api_service(version), &WriteOptions::default()).await {
        Err(status) if status.code != 409 => Err(status),
        _ => Ok(()),
    }
}

/// Go: `makeAPIService`.
fn api_service(at: &GroupVersion) -> Object {
    let (group_priority, version_priority) = priorities(at);
    let fields = json!({
        "kind": "APIService",
        "apiVersion": "apiregistration.k8s.io/v1",
        "metadata": {
            "name": format!("{}.{}", at.version, at.group),
            "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
        },
        "spec": {
            "group": at.group, "version": at.version,
            "groupPriorityMinimum": group_priority, "versionPriority": version_priority,
        },
    });
    Object::from_value(fields).expect("it is a map")
}

const BACKOFF: Backoff = Backoff { first: limits::WATCH_BACKOFF_MIN, max: limits::WATCH_BACKOFF_MAX };
