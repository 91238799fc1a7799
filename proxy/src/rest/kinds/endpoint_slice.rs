//! EndpointSlice. Go: `kubernetes/pkg/registry/discovery/endpointslice/strategy.go`, `pkg/apis/discovery/validation/validation.go`.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{
    meta::{FieldError, Object},
    rest::{
        addresses, names, object_meta,
        strategy::{Allow, Part, Strategy},
        table,
    },
    world::Wall,
};

const ENDPOINTS_MAX: usize = 1000;
const ADDRESSES_MAX: usize = 100;
const PORTS_MAX: usize = 20_000;

#[derive(Debug)]
pub(in crate::rest) struct EndpointSlice;

impl Strategy for EndpointSlice {
    fn default(&self, object: &mut Object) {
        let ports = object.fields_mut().get_mut("ports").and_then(Value::as_array_mut);
        for port in ports.into_iter().flatten() {
            for (field, value) in [("name", ""), ("protocol", "TCP")] {
                if port.get(field).is_none() {
                    port[field] = json!(value);
                }
            }
        }
    }

    fn prepare_for_create(&self, object: &mut Object, _now: Wall) {
        object.set(&["metadata", "generation"], json!(1));
    }

    fn prepare_for_update(&self, object: &mut Object, old: &Object, _part: Part) {
        let same = |field: &str| object.get(&[field]) == old.get(&[field]);
        let labels_are_same = object.get(&["metadata", "labels"]) == old.get(&["metadata", "labels"]);
        let generation = old.get(&["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
        let unchanged = same("endpoints") && same("ports") && same("addressType") && labels_are_same;
        object.set(&["metadata", "generation"], json!(if unchanged { generation } else { generation + 1 }));
    }

    fn validate(&self, object: &Object, allow: Allow) -> Vec<FieldError> {
        let address_type = object.text(&["addressType"]);
        let mut wrong: Vec<FieldError> = match address_type {
            "IPv4" | "IPv6" | "FQDN" => Vec::new(),
            "" => vec![FieldError::required("addressType", "")],
            other => vec![FieldError::not_supported("addressType", &json!(other), &["FQDN", "IPv4", "IPv6"])],
        };
        wrong.extend(validate_ports(object.list(&["ports"])));
        wrong.extend(validate_endpoints(object.list(&["endpoints"]), address_type, allow));
        wrong
    }

    fn validate_update(&self, object: &Object, old: &Object, _part: Part, allow: Allow) -> Vec<FieldError> {
        let mut wrong = self.validate(object, allow);
        let address_type = object.text(&["addressType"]);
        if address_type != old.text(&["addressType"]) {
            wrong.push(FieldError::invalid("addressType", &json!(address_type), "field is immutable"));
        }
        wrong
    }

    fn name_faults(&self, _object: &Object, name: &str) -> Vec<String> {
        names::dns_1123_subdomain(name)
    }

    fn warnings(&self, object: &Object) -> Vec<String> {
        let is_name = object.text(&["addressType"]) == "FQDN";
        is_name.then(|| "spec.addressType: FQDN endpoints are deprecated".to_owned()).into_iter().collect()
    }

    fn cells(&self, object: &Object, now: Wall) -> Vec<Value> {
        let ports = object.list(&["ports"]).iter().map(|port| match port.get("port") {
            Some(number) => number.to_string(),
            None => "*".to_owned(),
        });
        let endpoints = object.list(&["endpoints"]).iter();
        let addresses = endpoints.flat_map(|endpoint| list(endpoint.get("addresses")).iter().filter_map(Value::as_str));
        vec![
            object.name().into(),
            object.text(&["addressType"]).into(),
            table::first_of(ports, "<unset>").into(),
            table::first_of(addresses.map(str::to_owned), "<unset>").into(),
            table::age(object, now),
        ]
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn validate_ports(ports: &[Value]) -> Vec<FieldError> {
    if ports.len() > PORTS_MAX {
        return vec![FieldError::too_many("ports", ports.len(), PORTS_MAX)];
    }
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        let text = |field: &str| port.get(field).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        let field = format!("ports[{at}].name");
        if !name.is_empty() {
            wrong.extend(object_meta::faults(&field, name, names::dns_1123_label(name)));
        }
        if !seen.insert(name) {
            wrong.push(FieldError::duplicate(field, &json!(name)));
        }
        wrong.extend(addresses::protocol(&format!("ports[{at}].protocol"), text("protocol")));
        if let Some(application) = text("appProtocol") {
            let field = format!("ports[{at}].appProtocol");
            wrong.extend(object_meta::faults(&field, application, names::qualified(application)));
        }
    }
    wrong
}

fn validate_endpoints(endpoints: &[Value], address_type: &str, allow: Allow) -> Vec<FieldError> {
    if endpoints.len() > ENDPOINTS_MAX {
        return vec![FieldError::too_many("endpoints", endpoints.len(), ENDPOINTS_MAX)];
    }
    let mut wrong = Vec::new();
    for (at, endpoint) in endpoints.iter().enumerate() {
        let path = format!("endpoints[{at}]");
        let addresses = list(endpoint.get("addresses"));
        let field = format!("{path}.addresses");
        if addresses.is_empty() {
            wrong.push(FieldError::required(&*field, "must contain at least 1 address"));
        } else if addresses.len() > ADDRESSES_MAX {
            wrong.push(FieldError::too_many(&*field, addresses.len(), ADDRESSES_MAX));
        }
        for (at, address) in addresses.iter().enumerate() {
            let address = address.as_str().unwrap_or_default();
            wrong.extend(validate_address(&field, at, address, address_type, allow));
        }
        for (name, faults) in
            [("nodeName", names::dns_1123_subdomain as fn(&str) -> Vec<String>), ("hostname", names::dns_1123_label)]
        {
            if let Some(text) = endpoint.get(name).and_then(Value::as_str) {
                wrong.extend(object_meta::faults(&format!("{path}.{name}"), text, faults(text)));
            }
        }
    }
    wrong
}

fn validate_address(field: &str, at: usize, address: &str, address_type: &str, allow: Allow) -> Vec<FieldError> {
    let item = format!("{field}[{at}]");
    let mut wrong = Vec::new();
    match (address_type, address.parse::<IpAddr>()) {
        ("IPv4" | "IPv6", Err(_)) => wrong.push(addresses::invalid_ip(&item, address)),
        ("IPv4" | "IPv6", Ok(ip)) => {
            if ip.is_ipv4() != (address_type == "IPv4") {
                let detail = format!("must be an {address_type} address");
                wrong.push(FieldError::invalid(field, &json!(address), detail));
            }
            wrong.extend(addresses::endpoint_ip(&item, address, allow));
        }
        ("FQDN", _) => {
            let name = address.strip_suffix('.').unwrap_or(address);
            let mut faults = names::dns_1123_subdomain(name);
            if faults.is_empty() && !name.contains('.') {
                faults.push("should be a domain with at least two segments separated by dots".to_owned());
            }
            wrong.extend(object_meta::faults(&item, address, faults));
        }
        _ => {}
    }
    wrong
}
