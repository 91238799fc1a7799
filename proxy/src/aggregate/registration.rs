use std::sync::Arc;

use super::{
    api_service::ApiService,
    services::Services,
    table::{Backend, Table},
    tls::{Credential, TlsCache},
};
use crate::world::World;

/// Makes tables out of APIServices.
///
/// Go: `kube-aggregator/pkg/apiserver/apiserver.go` `AddAPIService`, `handler_proxy.go` `updateAPIService`.
#[derive(Debug)]
pub struct Registrar {
    world: World,
    tls: TlsCache,
}

impl Registrar {
    /// One that has made none yet.
    pub fn new(world: World) -> Self {
        Self { world, tls: TlsCache::default() }
    }

    /// Shows another certificate to backends from the next table on.
    pub fn set_credential(&mut self, credential: Option<Arc<Credential>>) {
        self.tls.set_credential(credential);
    }

    /// A table of these APIServices, and of the Services that they name.
    pub fn table(&mut self, api_services: &[ApiService], services: Services) -> Table {
        let table = Table::new(api_services.iter().map(|service| Arc::new(self.backend(service))), services);
        let remote = api_services.iter().filter_map(|service| Some((service, service.spec.service.as_ref()?)));
        self.tls.retain(remote);
        table
    }

    fn backend(&mut self, service: &ApiService) -> Backend {
        let tls = service.spec.service.as_ref().map(|to| self.tls.of(&self.world, service, to));
        if let Some(Err(error)) = &tls {
            tracing::warn!(apiservice = %service.metadata.name, %error, "no TLS towards a backend");
        }
        Backend {
            name: service.metadata.name.clone(),
            group: service.spec.group.clone(),
            version: service.spec.version.clone(),
            service: service.spec.service.clone(),
            available: service.is_available(),
            tls,
            group_priority: service.spec.group_priority_minimum,
            version_priority: service.spec.version_priority,
        }
    }
}
