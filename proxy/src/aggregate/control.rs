use std::sync::Arc;

use super::{
    api_service::ApiService,
    availability::Availability,
    follow::follow,
    local,
    proxy::Proxy,
    queue::Rounds,
    registration::Registrar,
    remote::{RemoteDiscovery, RemoteSpecs},
    table::Aggregation,
    watched::{Changes, Watched, Watches},
};
use crate::{
    discovery::{Service, Sources},
    meta::GroupVersion,
    openapi::Specs,
    rest::{Kind, Kinds, Registry},
    world::{Stop, World},
};

/// Whom the control loops tell what they find out.
#[derive(Clone, Debug)]
pub struct Told {
    /// Requests, which are routed by it.
    pub aggregation: Arc<Aggregation>,
    /// `/apis`.
    pub sources: Arc<Sources>,
    /// `/openapi/v3`.
    pub specs: Arc<Specs>,
}

/// Watches APIServices and Services, publishes what requests are routed by, and finds out which backends answer and what they serve, until
/// it is time to stop. One per process, on worker 0.
///
/// Go: the controllers of `kube-aggregator/pkg/apiserver/apiserver.go` `NewWithDelegate`.
pub async fn control(world: World, registry: Registry, told: Told, stop: Stop) {
    let (watched, proxy) = (Watched::default(), Proxy::new(&world, Arc::clone(&told.aggregation)));
    let api_services = kind_of(Watches::ApiServices);
    let availability = Rounds::new(Availability::new(&world, &registry, api_services, &told.aggregation, &proxy));
    let discovery = Rounds::new(RemoteDiscovery::new(&told.aggregation, &proxy, &told.sources));
    let specs = Rounds::new(RemoteSpecs::new(&told.aggregation, &proxy, &told.specs));
    let registration = Registration {
        registrar: Registrar::new(world.clone()),
        watched: &watched,
        told: &told,
        availability: &availability,
        discovery: &discovery,
        specs: &specs,
    };
    let follow = |what| follow(&registry, kind_of(what), what, &watched, stop.clone());
    tokio::join!(
        follow(Watches::ApiServices),
        follow(Watches::Services),
        follow(Watches::EndpointSlices),
        follow(Watches::Endpoints),
        local::register(&registry, api_services, stop.clone()),
        registration.run(stop.clone()),
        availability.run(stop.clone()),
        discovery.run(stop.clone()),
        specs.run(stop.clone()),
    );
}

fn kind_of(what: Watches) -> &'static Kind {
    let (group, version, resource) = what.resource();
    Kinds::get().by_resource(group, version, resource).expect("the tables of kinds have what the aggregator watches")
}

/// Publishes a new table whenever something changes.
///
/// Go: `kube-aggregator/pkg/apiserver/apiservice_controller.go`.
struct Registration<'a> {
    registrar: Registrar,
    watched: &'a Watched,
    told: &'a Told,
    availability: &'a Rounds<Availability<'a>>,
    discovery: &'a Rounds<RemoteDiscovery<'a>>,
    specs: &'a Rounds<RemoteSpecs<'a>>,
}

impl Registration<'_> {
    async fn run(mut self, mut stop: Stop) {
        let mut credential = self.told.aggregation.credential();
        credential.mark_changed();
        loop {
            let changes = tokio::select! {
                biased;
                () = stop.wait() => return,
                Ok(()) = credential.changed() => {
                    self.registrar.set_credential(credential.borrow_and_update().clone());
                    if self.told.aggregation.is_complete() { Changes::default() } else { continue }
                }
                changes = self.watched.changes() => changes,
            };
            self.publish(&changes);
        }
    }

    fn publish(&mut self, changes: &Changes) {
        let api_services = self.watched.api_services();
        let table = self.registrar.table(&api_services, self.watched.services());
        self.told.aggregation.publish(table);
        self.told.sources.set_services(api_services.iter().map(listed).collect());
        self.told.aggregation.complete();
        let uses_changed =
            |service: &&ApiService| service.spec.service.as_ref().is_some_and(|to| changes.services.contains(&to.key));
        let by_service = api_services.iter().filter(uses_changed).map(|service| &service.metadata.name);
        for name in changes.api_services.iter().chain(by_service) {
            self.availability.changed(name);
            self.discovery.changed(name);
            self.specs.changed(name);
        }
    }
}

/// An APIService, as much of it as the list of groups shows.
fn listed(service: &ApiService) -> Service {
    Service {
        name: service.metadata.name.clone(),
        group_version: GroupVersion::new(&service.spec.group, &service.spec.version),
        group_priority: service.spec.group_priority_minimum,
        version_priority: service.spec.version_priority,
    }
}

#[cfg(test)]
mod tests;
