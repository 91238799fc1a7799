use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use super::api_service::ServiceKey;

/// The Services of the cluster and where they answer: what requests are resolved by. Cheap to clone; published whole.
#[derive(Clone, Debug, Default)]
pub struct Services {
    services: BTreeMap<ServiceKey, Arc<Service>>,
    /// By Service, and by their own names.
    slices: BTreeMap<ServiceKey, BTreeMap<String, Arc<Slice>>>,
    /// From Endpoints objects, for Services that have no EndpointSlice.
    endpoints: BTreeMap<ServiceKey, Vec<Arc<Slice>>>,
}

/// A Service, as much of it as the aggregator needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Service {
    /// `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its address in the service network; `None` where it wants none.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: String,
    /// The name that an ExternalName stands for.
    pub external_name: String,
    /// `IPv4`, `IPv6`; the first one is preferred.
    pub ip_families: Vec<String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServicePort {
    /// Its name; empty where there is but one port.
    pub name: String,
    /// Its number.
    pub port: u16,
}

/// Addresses that answer for a Service, all at the same ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Slice {
    /// `IPv4`, `IPv6` or `FQDN`; empty in what comes from Endpoints.
    pub address_type: String,
    /// Who answers.
    #[serde(deserialize_with = "null_is_empty")]
    pub endpoints: Vec<SliceEndpoint>,
    /// The ports, by the names that the Service gives them.
    #[serde(deserialize_with = "null_is_empty")]
    pub ports: Vec<SlicePort>,
}

/// One that answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SliceEndpoint {
    /// Its addresses; all are the same.
    pub addresses: Vec<String>,
    /// Whether it answers now.
    pub conditions: SliceConditions,
}

/// Whether an endpoint answers now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SliceConditions {
    /// Nobody says is yes.
    pub ready: Option<bool>,
}

/// A port of a slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SlicePort {
    /// The name that the Service gives it.
    pub name: Option<String>,
    /// Its number at the addresses.
    pub port: Option<u16>,
}

impl Services {
    /// The Service of a name.
    pub fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.services.get(key).map(|service| &**service)
    }

    /// The slices of a Service, in the order of their names.
    pub fn slices(&self, key: &ServiceKey) -> Vec<&Slice> {
        match self.slices.get(key) {
            Some(slices) if !slices.is_empty() => slices.values().map(|slice| &**slice).collect(),
            _ => self.endpoints.get(key).into_iter().flatten().map(|slice| &**slice).collect(),
        }
    }

    /// Puts a Service in; none takes it out. True if that changed something.
    pub fn set_service(&mut self, key: &ServiceKey, service: Option<Service>) -> bool {
        match service {
            Some(service) => self.services.insert(key.clone(), Arc::new(service.clone())).as_deref() != Some(&service),
            None => self.services.remove(key).is_some(),
        }
    }

    /// Puts a slice of a Service in; none takes it out. True if that changed something.
    pub fn set_slice(&mut self, key: &ServiceKey, name: &str, slice: Option<Slice>) -> bool {
        let slices = self.slices.entry(key.clone()).or_default();
        let changed = match slice {
            Some(slice) => slices.insert(name.to_owned(), Arc::new(slice.clone())).as_deref() != Some(&slice),
            None => slices.remove(name).is_some(),
        };
        if slices.is_empty() {
            self.slices.remove(key);
        }
        changed
    }

    /// Puts what an Endpoints object says in; none takes it out. True if that changed something.
    pub fn set_endpoints(&mut self, key: &ServiceKey, subsets: Option<Vec<Slice>>) -> bool {
        match subsets {
            Some(subsets) => {
                let before = self.endpoints.insert(key.clone(), subsets.iter().cloned().map(Arc::new).collect());
                before.is_none_or(|before| !before.iter().map(|slice| &**slice).eq(&subsets))
            }
            None => self.endpoints.remove(key).is_some(),
        }
    }
}

impl Service {
    /// Reads a Service object.
    ///
    /// # Errors
    /// A field is not of its type.
    pub fn read(object: &Value) -> Result<Self, serde_json::Error> {
        object.get("spec").map_or_else(|| Ok(Self::default()), Self::deserialize)
    }
}

impl Slice {
    /// Reads an EndpointSlice object.
    ///
    /// # Errors
    /// A field is not of its type.
    pub fn read(object: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(object)
    }

    /// Reads an Endpoints object: a slice for each of its subsets.
    ///
    /// # Errors
    /// A field is not of its type.
    pub fn read_subsets(object: &Value) -> Result<Vec<Self>, serde_json::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Subset {
            #[serde(deserialize_with = "null_is_empty")]
            addresses: Vec<Address>,
            #[serde(deserialize_with = "null_is_empty")]
            ports: Vec<SlicePort>,
        }
        #[derive(Deserialize)]
        struct Address {
            ip: String,
        }
        let subsets: Option<Vec<Subset>> = object.get("subsets").map_or(Ok(None), Deserialize::deserialize)?;
        let slice = |subset: Subset| Self {
            address_type: String::new(),
            endpoints: subset.addresses.into_iter().map(|address| SliceEndpoint::ready_at(address.ip)).collect(),
            ports: subset.ports,
        };
        Ok(subsets.unwrap_or_default().into_iter().map(slice).collect())
    }

    /// The number of the port of a name; no name is the empty one.
    pub fn port_of(&self, name: &str) -> Option<u16> {
        self.ports.iter().find(|port| port.name.as_deref().unwrap_or_default() == name)?.port
    }

    /// The addresses that answer now.
    pub fn ready(&self) -> impl Iterator<Item = &str> {
        let ready = self.endpoints.iter().filter(|endpoint| endpoint.conditions.ready.unwrap_or(true));
        ready.filter_map(|endpoint| endpoint.addresses.first()).map(String::as_str)
    }
}

impl SliceEndpoint {
    fn ready_at(address: String) -> Self {
        Self { addresses: vec![address], conditions: SliceConditions::default() }
    }
}

fn null_is_empty<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_stand_in_for_slices_that_are_not_there() {
        let key = ServiceKey { namespace: "ns".to_owned(), name: "api".to_owned() };
        let mut services = Services::default();
        let subsets = json!({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 8443}]}]});
        assert!(services.set_endpoints(&key, Some(Slice::read_subsets(&subsets).unwrap())));
        assert!(!services.set_endpoints(&key, Some(Slice::read_subsets(&subsets).unwrap())), "nothing has changed");
        assert_eq!(services.slices(&key)[0].ready().collect::<Vec<_>>(), ["10.0.0.1"]);
        let slice = json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.2"]}], "ports": [{"name": "", "port": 1}]});
        assert!(services.set_slice(&key, "api-1", Some(Slice::read(&slice).unwrap())));
        assert_eq!(services.slices(&key)[0].ready().collect::<Vec<_>>(), ["10.0.0.2"]);
        assert!(services.set_slice(&key, "api-1", None));
        assert_eq!(services.slices(&key)[0].ready().collect::<Vec<_>>(), ["10.0.0.1"]);
    }

    #[test]
    fn an_endpoint_is_ready_unless_it_says_no() {
        let slice = json!({"endpoints": [
            {"addresses": ["a"], "conditions": {"ready": false}},
            {"addresses": ["b"], "conditions": {}},
            {"addresses": ["c"], "conditions": {"ready": true}},
            {"addresses": []},
        ], "ports": null});
        assert_eq!(Slice::read(&slice).unwrap().ready().collect::<Vec<_>>(), ["b", "c"]);
    }
}
