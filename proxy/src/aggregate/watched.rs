//! What the objects that the aggregator watches say now, and which of them changed.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use tokio::sync::Notify;

use super::{
    api_service::{ApiService, ServiceKey},
    services::{Service, Services, Slice},
};
use crate::meta::Object;

/// What the watched objects say now. One per process, on worker 0.
#[derive(Debug, Default)]
pub(super) struct Watched {
    state: RefCell<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The objects that are known of each kind that was listed: for slices, with the Service they belong to.
    known: BTreeMap<Watches, BTreeMap<ServiceKey, ServiceKey>>,
    api_services: BTreeMap<String, ApiService>,
    services: Services,
    changes: Option<Changes>,
}

/// A kind that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watches {
    ApiServices,
    Services,
    EndpointSlices,
    Endpoints,
}

/// What changed since it was last asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// APIServices, by name, but for what is only said of them; those that are gone too.
    pub(super) api_services: BTreeSet<String>,
    /// Services, or who answers for them.
    pub(super) services: BTreeSet<ServiceKey>,
}

impl Watches {
    pub(super) const ALL: [Self; 4] = [Self::ApiServices, Self::Services, Self::EndpointSlices, Self::Endpoints];

    /// Group, version and resource.
    pub(super) fn resource(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ApiServices => ("apiregistration.k8s.io", "v1", "apiservices"),
            Self::Services => ("", "v1", "services"),
            Self::EndpointSlices => ("discovery.k8s.io", "v1", "endpointslices"),
            Self::Endpoints => ("", "v1", "endpoints"),
        }
    }
}

impl Watched {
    /// All objects of a kind, as a list gave them: what it does not name is gone.
    pub(super) fn replace(&self, kind: Watches, objects: &[Object]) {
        let mut state = self.state.borrow_mut();
        let listed: BTreeSet<ServiceKey> = objects.iter().map(key_of).collect();
        let known: Vec<ServiceKey> = state.known.entry(kind).or_default().keys().cloned().collect();
        for gone in known.iter().filter(|key| !listed.contains(key)) {
            state.forget(kind, gone);
        }
        for object in objects {
            state.set(kind, object);
        }
        state.changes.get_or_insert_default();
        self.changed.notify_one();
    }

    /// An object was made or changed. One that cannot be read counts as gone.
    pub(super) fn set(&self, kind: Watches, object: &Object) {
        self.state.borrow_mut().set(kind, object);
        self.changed.notify_one();
    }

    /// An object is gone.
    pub(super) fn remove(&self, kind: Watches, object: &Object) {
        self.state.borrow_mut().forget(kind, &key_of(object));
        self.changed.notify_one();
    }

    /// Waits for changes and takes them. The first ones come when every kind was listed, even if there is nothing.
    pub(super) async fn changes(&self) -> Changes {
        loop {
            if let Some(changes) = self.state.borrow_mut().take_changes() {
                return changes;
            }
            self.changed.notified().await;
        }
    }

    /// All APIServices, by name.
    pub(super) fn api_services(&self) -> Vec<ApiService> {
        self.state.borrow().api_services.values().cloned().collect()
    }

    /// All Services, and who answers for them.
    pub(super) fn services(&self) -> Services {
        self.state.borrow().services.clone()
    }
}

impl State {
    fn take_changes(&mut self) -> Option<Changes> {
        if self.known.len() < Watches::ALL.len() { None } else { self.changes.take() }
    }

    fn set(&mut self, kind: Watches, object: &Object) {
        let key = key_of(object);
        let value = object.clone().into_value();
        let service = match kind {
            Watches::EndpointSlices => service_of(object),
            Watches::ApiServices | Watches::Services | Watches::Endpoints => key.clone(),
        };
        let before = self.known.entry(kind).or_default().insert(key.clone(), service.clone());
        if let Some(before) = before.filter(|before| *before != service) {
            // A slice went over to another Service.
            let changed = self.services.set_slice(&before, &key.name, None);
            self.service_changed(&before, changed);
        }
        let changed = match kind {
            Watches::ApiServices => ApiService::read(value).map(|read| {
                self.set_api_service(&key.name, Some(read));
                false
            }),
            Watches::Services => Service::read(&value).map(|read| self.services.set_service(&key, Some(read))),
            Watches::EndpointSlices => {
                Slice::read(&value).map(|read| self.services.set_slice(&service, &key.name, Some(read)))
            }
            Watches::Endpoints => Slice::read_subsets(&value).map(|read| self.services.set_endpoints(&key, Some(read))),
        };
        match changed {
            Ok(changed) => self.service_changed(&service, changed),
            Err(error) => {
                tracing::warn!(?kind, name = %key.name, %error, "an object that cannot be read is passed over");
                self.forget(kind, &key);
            }
        }
    }

    fn forget(&mut self, kind: Watches, key: &ServiceKey) {
        let Some(service) = self.known.entry(kind).or_default().remove(key) else { return };
        let changed = match kind {
            Watches::ApiServices => return self.set_api_service(&key.name, None),
            Watches::Services => self.services.set_service(key, None),
            Watches::EndpointSlices => self.services.set_slice(&service, &key.name, None),
            Watches::Endpoints => self.services.set_endpoints(key, None),
        };
        self.service_changed(&service, changed);
    }

    fn set_api_service(&mut self, name: &str, read: Option<ApiService>) {
        let before = match &read {
            Some(read) => self.api_services.insert(name.to_owned(), read.clone()),
            None => self.api_services.remove(name),
        };
        if before == read {
            return;
        }
        let changes = self.changes.get_or_insert_default();
        let what_counts = |service: &ApiService| (service.spec.clone(), service.metadata.clone());
        // That it is said to answer changes where requests go, not what there is to find out.
        if before.as_ref().map(what_counts) != read.as_ref().map(what_counts) {
            changes.api_services.insert(name.to_owned());
        }
    }

    fn service_changed(&mut self, service: &ServiceKey, changed: bool) {
        if changed {
            self.changes.get_or_insert_default().services.insert(service.clone());
        }
    }
}

fn key_of(object: &Object) -> ServiceKey {
    ServiceKey { namespace: object.namespace().to_owned(), name: object.name().to_owned() }
}

/// The Service that an EndpointSlice belongs to. Go: `discoveryv1.LabelServiceName`.
fn service_of(slice: &Object) -> ServiceKey {
    let name = slice.label("kubernetes.io/service-name").unwrap_or_default();
    ServiceKey { namespace: slice.namespace().to_owned(), name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(value: Value) -> Object {
        Object::from_value(value).unwrap()
    }

    fn slice(name: &str, service: &str, address: &str) -> Object {
        object(json!({
            "metadata": {"name": name, "namespace": "ns", "labels": {"kubernetes.io/service-name": service}},
            "endpoints": [{"addresses": [address]}], "ports": [{"port": 1}],
        }))
    }

    fn key(name: &str) -> ServiceKey {
        ServiceKey { namespace: "ns".to_owned(), name: name.to_owned() }
    }

    fn take(watched: &Watched) -> Option<Changes> {
        watched.state.borrow_mut().take_changes()
    }

    fn listed() -> Watched {
        let watched = Watched::default();
        Watches::ALL.into_iter().for_each(|kind| watched.replace(kind, &[]));
        take(&watched);
        watched
    }

    #[test]
    fn nothing_is_told_before_every_kind_was_listed() {
        let watched = Watched::default();
        for kind in &Watches::ALL[..3] {
            watched.replace(*kind, &[]);
            assert_eq!(take(&watched), None);
        }
        watched.replace(Watches::ALL[3], &[]);
        assert_eq!(take(&watched), Some(Changes::default()), "told once, though there is nothing");
        assert_eq!(take(&watched), None);
    }

    #[test]
    fn what_a_second_list_does_not_name_is_gone() {
        let watched = listed();
        watched.replace(Watches::EndpointSlices, &[slice("a", "api", "10.0.0.1"), slice("b", "api", "10.0.0.2")]);
        assert_eq!(take(&watched).unwrap().services.into_iter().collect::<Vec<_>>(), [key("api")]);
        watched.replace(Watches::EndpointSlices, &[slice("b", "api", "10.0.0.2")]);
        assert_eq!(watched.services().slices(&key("api")).len(), 1);
        assert!(take(&watched).is_some());
        watched.replace(Watches::EndpointSlices, &[slice("b", "api", "10.0.0.2")]);
        assert_eq!(take(&watched), Some(Changes::default()), "nothing has changed");
    }

    #[test]
    fn a_slice_that_goes_over_to_another_service_leaves_the_first() {
        let watched = listed();
        watched.set(Watches::EndpointSlices, &slice("a", "one", "10.0.0.1"));
        watched.set(Watches::EndpointSlices, &slice("a", "two", "10.0.0.1"));
        assert_eq!(watched.services().slices(&key("one")).len(), 0);
        assert_eq!(watched.services().slices(&key("two")).len(), 1);
        assert_eq!(take(&watched).unwrap().services.len(), 2);
    }

    #[test]
    fn an_object_that_cannot_be_read_is_as_good_as_gone() {
        let watched = listed();
        let good = json!({"metadata": {"name": "v1.a.com"}, "spec": {"group": "a.com", "version": "v1"}});
        watched.set(Watches::ApiServices, &object(good));
        assert_eq!(watched.api_services().len(), 1);
        let bad = json!({"metadata": {"name": "v1.a.com"}, "spec": {"caBundle": "*"}});
        watched.set(Watches::ApiServices, &object(bad));
        assert_eq!(watched.api_services().len(), 0);
        assert!(take(&watched).unwrap().api_services.contains("v1.a.com"));
    }
}
