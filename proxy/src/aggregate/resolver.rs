//! From a Service to an address that answers. There is no service network here: a cluster IP stands for the endpoints behind it.

use std::fmt;

use super::{
    api_service::Reference,
    services::{Service, Services, Slice},
};
use crate::world::Dice;

/// Where a backend is dialled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// A name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A Service that cannot be dialled, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// There is no such Service.
    #[error("service \"{0}\" not found")]
    NotFound(String),
    /// It wants no address in the service network: Go has nothing to dial then.
    #[error("cannot route to service with ClusterIP \"{HEADLESS}\"")]
    Headless,
    /// It is of a type that has no endpoints.
    #[error("unsupported service type \"{0}\"")]
    Type(String),
    /// It has no such port.
    #[error("no service port {port} found for service \"{service}\"")]
    Port {
        /// The port of the APIService.
        port: u16,
        /// The Service.
        service: String,
    },
    /// Nobody answers for it now.
    #[error("no endpoints available for service \"{0}\"")]
    NoEndpoints(String),
}

/// All addresses that answer for a Service now; those of its first family of addresses before the others.
///
/// # Errors
/// There are none.
///
/// Go: `k8s.io/apiserver/pkg/util/proxy/proxy.go` `ResolveCluster`, and `ResolveEndpoint` for who stands behind a cluster IP.
pub fn endpoints(services: &Services, to: &Reference) -> Result<Vec<Endpoint>, Unresolved> {
    let name = &to.key.name;
    let service = services.service(&to.key).ok_or_else(|| Unresolved::NotFound(name.clone()))?;
    match service.kind.as_str() {
        "ExternalName" => return Ok(vec![Endpoint { host: service.external_name.clone(), port: to.port }]),
        "ClusterIP" if service.cluster_ip == HEADLESS => return Err(Unresolved::Headless),
        "ClusterIP" | "LoadBalancer" | "NodePort" => {}
        other => return Err(Unresolved::Type(other.to_owned())),
    }
    let port = service.ports.iter().find(|port| port.port == to.port);
    let port = port.ok_or_else(|| Unresolved::Port { port: to.port, service: name.clone() })?;
    let mut slices = services.slices(&to.key);
    slices.sort_by_key(|slice| !is_preferred(service, slice));
    let found: Vec<Endpoint> = slices.into_iter().flat_map(|slice| of_slice(slice, &port.name)).collect();
    if found.is_empty() { Err(Unresolved::NoEndpoints(name.clone())) } else { Ok(found) }
}

/// One of the addresses that answer for a Service now. Those of its first family of addresses are taken while there are any.
///
/// # Errors
/// There are none.
pub fn resolve(services: &Services, to: &Reference, dice: &mut Dice) -> Result<Endpoint, Unresolved> {
    let mut found = endpoints(services, to)?;
    let preferred = found.iter().take_while(|endpoint| endpoint.is_ipv6() == found[0].is_ipv6()).count();
    Ok(found.swap_remove(dice.below(preferred as u64) as usize))
}

fn of_slice<'a>(slice: &'a Slice, port_name: &str) -> impl Iterator<Item = Endpoint> + 'a {
    let port = slice.port_of(port_name);
    slice.ready().filter_map(move |address| Some(Endpoint { host: address.to_owned(), port: port? }))
}

fn is_preferred(service: &Service, slice: &Slice) -> bool {
    service.ip_families.first().is_none_or(|family| slice.address_type.is_empty() || *family == slice.address_type)
}

impl Endpoint {
    fn is_ipv6(&self) -> bool {
        self.host.contains(':')
    }
}

/// `host:port`, an IPv6 address in brackets. Go: `net.JoinHostPort`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ipv6() {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Go: `v1.ClusterIPNone`.
const HEADLESS: &str = "None";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aggregate::api_service::ServiceKey;

    fn reference(port: u16) -> Reference {
        Reference { key: ServiceKey { namespace: "ns".to_owned(), name: "api".to_owned() }, port }
    }

    fn cluster(spec: &Value, slices: &[Value]) -> Services {
        let key = reference(443).key;
        let mut services = Services::default();
        services.set_service(&key, Some(Service::read(&json!({ "spec": spec })).unwrap()));
        for (at, slice) in slices.iter().enumerate() {
            services.set_slice(&key, &format!("api-{at}"), Some(Slice::read(slice).unwrap()));
        }
        services
    }

    fn slice(family: &str, port_name: &str, addresses: &[&str]) -> Value {
        let endpoints: Vec<Value> = addresses.iter().map(|address| json!({"addresses": [address]})).collect();
        json!({"addressType": family, "endpoints": endpoints, "ports": [{"name": port_name, "port": 8443}]})
    }

    fn texts(found: Result<Vec<Endpoint>, Unresolved>) -> Vec<String> {
        found.map_or_else(|error| vec![error.to_string()], |found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_cluster_ip_stands_for_its_endpoints() {
        for kind in ["ClusterIP", "NodePort", "LoadBalancer"] {
            let spec = json!({"type": kind, "ports": [{"name": "https", "port": 443}]});
            let services = cluster(&spec, &[slice("IPv4", "https", &["10.0.0.1", "10.0.0.2"])]);
            assert_eq!(texts(endpoints(&services, &reference(443))), ["10.0.0.1:8443", "10.0.0.2:8443"], "{kind}");
        }
    }

    #[test]
    fn an_external_name_is_dialled_at_the_port_of_the_api_service() {
        let services = cluster(&json!({"type": "ExternalName", "externalName": "localhost"}), &[]);
        assert_eq!(texts(endpoints(&services, &reference(6444))), ["localhost:6444"]);
    }

    #[test]
    fn what_cannot_be_resolved_says_why_in_the_words_of_go() {
        let spec = json!({"type": "ClusterIP", "ports": [{"name": "https", "port": 443}]});
        let of =
            |spec: &Value, slices: &[Value], port| texts(endpoints(&cluster(spec, slices), &reference(port))).remove(0);
        assert_eq!(of(&spec, &[], 443), "no endpoints available for service \"api\"");
        assert_eq!(
            of(&spec, &[slice("IPv4", "other", &["10.0.0.1"])], 443),
            "no endpoints available for service \"api\""
        );
        let headless = json!({"type": "ClusterIP", "clusterIP": "None", "ports": [{"name": "https", "port": 443}]});
        let slices = [slice("IPv4", "https", &["10.0.0.1"])];
        assert_eq!(of(&headless, &slices, 443), "cannot route to service with ClusterIP \"None\"");
        assert_eq!(of(&spec, &[], 80), "no service port 80 found for service \"api\"");
        assert_eq!(of(&json!({"type": "Other"}), &[], 443), "unsupported service type \"Other\"");
        assert_eq!(texts(endpoints(&Services::default(), &reference(1))), ["service \"api\" not found"]);
    }

    #[test]
    fn the_first_family_of_addresses_is_taken_while_it_answers() {
        let spec = json!({"type": "ClusterIP", "ipFamilies": ["IPv6", "IPv4"], "ports": [{"port": 443}]});
        let slices = [slice("IPv4", "", &["10.0.0.1"]), slice("IPv6", "", &["fd00::1", "fd00::2"])];
        let services = cluster(&spec, &slices);
        let mut dice = Dice::new([1; 32]);
        for _ in 0..20 {
            assert!(resolve(&services, &reference(443), &mut dice).unwrap().to_string().starts_with("[fd00::"));
        }
        let services = cluster(&spec, &slices[..1]);
        assert_eq!(resolve(&services, &reference(443), &mut dice).unwrap().to_string(), "10.0.0.1:8443");
    }

    #[test]
    fn the_choice_falls_on_every_endpoint() {
        let spec = json!({"type": "ClusterIP", "ports": [{"port": 443}]});
        let services = cluster(&spec, &[slice("IPv4", "", &["10.0.0.1", "10.0.0.2", "10.0.0.3"])]);
        let mut dice = Dice::new([1; 32]);
        let chosen: std::collections::BTreeSet<String> =
            (0..50).map(|_| resolve(&services, &reference(443), &mut dice).unwrap().to_string()).collect();
        assert_eq!(chosen.len(), 3);
    }
}
