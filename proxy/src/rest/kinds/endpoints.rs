//! Endpoints. They are not mirrored into EndpointSlices: that is a controller's work.
//!
//! Go: `kubernetes/pkg/registry/core/endpoint/strategy.go`, `pkg/apis/core/validation/validation.go` `ValidateEndpoints`.

use serde_json::{Value, json};

use crate::{
    meta::{FieldError, Object},
    rest::{
        addresses::{self, RequiresName},
        names, object_meta,
        strategy::{Allow, Part, Strategy},
        table,
    },
    world::Wall,
};

#[derive(Debug)]
pub(in crate::rest) struct Endpoints;

impl Strategy for Endpoints {
    fn default(&self, object: &mut Object) {
        let subsets = object.fields_mut().get_mut("subsets").and_then(Value::as_array_mut);
        for subset in subsets.into_iter().flatten() {
            let ports = subset.get_mut("ports").and_then(Value::as_array_mut);
            for port in ports.into_iter().flatten() {
                if port.get("protocol").is_none() {
                    port["protocol"] = json!("TCP");
                }
            }
        }
    }

    fn prepare_for_create(&self, _object: &mut Object, _now: Wall) {}

    fn prepare_for_update(&self, _object: &mut Object, _old: &Object, _part: Part) {}

    fn validate(&self, object: &Object, allow: Allow) -> Vec<FieldError> {
        let subsets = object.list(&["subsets"]).iter().enumerate();
        subsets.flat_map(|(at, subset)| validate_subset(&format!("subsets[{at}]"), subset, allow)).collect()
    }

    fn validate_update(&self, object: &Object, old: &Object, _part: Part, allow: Allow) -> Vec<FieldError> {
        if object.get(&["subsets"]) == old.get(&["subsets"]) { Vec::new() } else { self.validate(object, allow) }
    }

    fn name_faults(&self, _object: &Object, name: &str) -> Vec<String> {
        names::dns_1123_subdomain(name)
    }

    fn deprecation(&self) -> Option<&'static str> {
        Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn cells(&self, object: &Object, now: Wall) -> Vec<Value> {
        vec![object.name().into(), shown(object).into(), table::age(object, now)]
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn validate_subset(path: &str, subset: &Value, allow: Allow) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let (ready, not_ready, ports) =
        (list(subset, "addresses"), list(subset, "notReadyAddresses"), list(subset, "ports"));
    if ready.is_empty() && not_ready.is_empty() {
        wrong.push(FieldError::required(path, "must specify `addresses` or `notReadyAddresses`"));
    }
    for (field, addresses) in [("addresses", ready), ("notReadyAddresses", not_ready)] {
        for (at, address) in addresses.iter().enumerate() {
            wrong.extend(validate_address(&format!("{path}.{field}[{at}]"), address, allow));
        }
    }
    for (at, port) in ports.iter().enumerate() {
        wrong.extend(addresses::port(&format!("{path}.ports[{at}]"), port, RequiresName::among(ports.len())));
    }
    wrong
}

fn validate_address(path: &str, address: &Value, allow: Allow) -> Vec<FieldError> {
    let text = |field: &str| address.get(field).and_then(Value::as_str);
    let ip = text("ip").unwrap_or_default();
    let mut wrong = Vec::new();
    if ip.parse::<std::net::IpAddr>().is_err() {
        wrong.push(addresses::invalid_ip(&format!("{path}.ip"), ip));
    }
    if let Some(hostname) = text("hostname") {
        let field = format!("{path}.hostname");
        wrong.extend(object_meta::faults(&field, hostname, names::dns_1123_label(hostname)));
    }
    if let Some(node) = text("nodeName") {
        let field = format!("{path}.nodeName");
        wrong.extend(object_meta::faults(&field, node, names::dns_1123_subdomain(node)));
    }
    if ip.parse::<std::net::IpAddr>().is_err() {
        wrong.push(FieldError::invalid(format!("{path}.ip"), &json!(ip), "must be a valid IP address"));
        return wrong;
    }
    wrong.extend(addresses::endpoint_ip(&format!("{path}.ip"), ip, allow));
    wrong
}

/// Every address with every port. Go: `kubernetes/pkg/printers/internalversion/printers.go` `formatEndpoints`.
fn shown(object: &Object) -> String {
    let mut all = Vec::new();
    for subset in object.list(&["subsets"]) {
        let ports = list(subset, "ports");
        for address in list(subset, "addresses") {
            let ip = address.get("ip").and_then(Value::as_str).unwrap_or_default();
            if ports.is_empty() {
                all.push(ip.to_owned());
            }
            all.extend(ports.iter().map(|port| table::host_port(ip, &port["port"])));
        }
    }
    table::first_of(all, "<none>")
}
