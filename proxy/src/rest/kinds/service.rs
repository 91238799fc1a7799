//! Service. Node ports and load balancers are not provided: such services are kept as they are given.
//!
//! Go: `kubernetes/pkg/registry/core/service/strategy.go`, `pkg/apis/core/validation/validation.go` `validateService`.

mod addresses_of;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub(in crate::rest) use self::addresses_of::{cluster_ips, complete, needs_cluster_ip, validate as validate_addresses};
use crate::{
    meta::{FieldError, Object},
    rest::{
        addresses::{self, RequiresName},
        names, object_meta,
        strategy::{Allow, Part, Strategy, keep},
        table,
    },
    world::Wall,
};

#[derive(Debug)]
pub(in crate::rest) struct Service;

impl Strategy for Service {
    fn default(&self, object: &mut Object) {
        for (field, value) in [("sessionAffinity", "None"), ("type", "ClusterIP")] {
            if object.text(&["spec", field]).is_empty() {
                object.set(&["spec", field], value.into());
            }
        }
        match object.text(&["spec", "sessionAffinity"]) {
            "None" => {
                object.remove(&["spec", "sessionAffinityConfig"]);
            }
            "ClientIP" if object.get(&["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"]).is_none() => {
                object.set(&["spec", "sessionAffinityConfig"], json!({"clientIP": {"timeoutSeconds": 10_800}}));
            }
            _ => {}
        }
        let ports = object.fields_mut().get_mut("spec").and_then(|spec| spec.get_mut("ports")?.as_array_mut());
        for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
            default_port(port);
        }
        let kind = object.text(&["spec", "type"]).to_owned();
        if kind != "ExternalName" && object.get(&["spec", "internalTrafficPolicy"]).is_none() {
            object.set(&["spec", "internalTrafficPolicy"], "Cluster".into());
        }
        let accessible = matches!(&*kind, "LoadBalancer" | "NodePort");
        if accessible && object.text(&["spec", "externalTrafficPolicy"]).is_empty() {
            object.set(&["spec", "externalTrafficPolicy"], "Cluster".into());
        }
        if kind == "LoadBalancer" && object.get(&["spec", "allocateLoadBalancerNodePorts"]).is_none() {
            object.set(&["spec", "allocateLoadBalancerNodePorts"], true.into());
        }
    }

    fn prepare_for_create(&self, object: &mut Object, _now: Wall) {
        object.set(&["status"], json!({"loadBalancer": {}}));
        addresses_of::normalize(object, None);
    }

    fn prepare_for_update(&self, object: &mut Object, old: &Object, part: Part) {
        if part == Part::Status {
            return keep(object, old, &["spec"]);
        }
        keep(object, old, &["status"]);
        addresses_of::normalize(object, Some(old));
    }

    fn validate(&self, object: &Object, _allow: Allow) -> Vec<FieldError> {
        let kind = object.text(&["spec", "type"]);
        let mut wrong = Vec::new();
        let ports = object.list(&["spec", "ports"]);
        let headless = object.text(&["spec", "clusterIP"]) == "None";
        if ports.is_empty() && !headless && kind != "ExternalName" {
            wrong.push(FieldError::required("spec.ports", ""));
        }
        if headless && matches!(kind, "LoadBalancer" | "NodePort") {
            let detail = format!("may not be set to 'None' for {kind} services");
            wrong.push(FieldError::invalid("spec.clusterIPs[0]", &json!("None"), detail));
        }
        if kind == "ExternalName" {
            wrong.extend(external_name(object));
        }
        wrong.extend(validate_ports(ports));
        let selector = object.get(&["spec", "selector"]).and_then(Value::as_object);
        let selector = selector.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
        wrong.extend(object_meta::labels("spec.selector", selector));
        wrong.extend(affinity(object));
        wrong.extend(addresses_of::validate(object));
        if !matches!(kind, "ClusterIP" | "ExternalName" | "LoadBalancer" | "NodePort") {
            let known = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
            wrong.push(FieldError::not_supported("spec.type", &json!(kind), &known));
        }
        wrong.extend(node_ports_and_twins(ports, kind));
        wrong
    }

    fn validate_update(&self, object: &Object, old: &Object, part: Part, allow: Allow) -> Vec<FieldError> {
        if part == Part::Status {
            return Vec::new();
        }
        let mut wrong: Vec<FieldError> = addresses_of::validate_change(object, old).into_iter().collect();
        wrong.extend(self.validate(object, allow));
        wrong
    }

    fn name_faults(&self, _object: &Object, name: &str) -> Vec<String> {
        names::dns_1123_label(name)
    }

    fn selectable_fields(&self) -> &'static [&'static str] {
        &["spec.clusterIP", "spec.type"]
    }

    fn unknown_selectable_field(&self, field: &str) -> String {
        format!("field label not supported: {field}")
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn cells(&self, object: &Object, now: Wall) -> Vec<Value> {
        let first_ip = object.get(&["spec", "clusterIPs"]).and_then(|ips| ips.get(0)?.as_str()).unwrap_or("<none>");
        let selector = object.get(&["spec", "selector"]).and_then(Value::as_object);
        let pairs =
            selector.into_iter().flatten().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
        let external = match object.text(&["spec", "type"]) {
            "ExternalName" => object.text(&["spec", "externalName"]).to_owned(),
            "LoadBalancer" => or_none(external_ips(object), "<pending>"),
            "ClusterIP" | "NodePort" => or_none(external_ips(object), "<none>"),
            _ => "<unknown>".to_owned(),
        };
        vec![
            object.name().into(),
            object.text(&["spec", "type"]).into(),
            first_ip.into(),
            external.into(),
            or_none(shown_ports(object), "<none>").into(),
            table::age(object, now),
            or_none(pairs.collect(), "<none>").into(),
        ]
    }
}

fn default_port(port: &mut Map<String, Value>) {
    if port.get("protocol").is_none() {
        port.insert("protocol".to_owned(), "TCP".into());
    }
    let target = port.get("targetPort");
    if target.is_none_or(|target| *target == json!(0) || *target == json!("")) {
        let number = port.get("port").cloned().unwrap_or(json!(0));
        port.insert("targetPort".to_owned(), number);
    }
}

fn external_name(object: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if object.get(&["spec", field]).is_some() {
            wrong.push(FieldError::forbidden(format!("spec.{field}"), "may not be set for ExternalName services"));
        }
    }
    let name = object.text(&["spec", "externalName"]);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        wrong.push(FieldError::required("spec.externalName", ""));
    } else {
        wrong.extend(object_meta::faults("spec.externalName", name, names::dns_1123_subdomain(name)));
    }
    wrong
}

fn validate_ports(ports: &[Value]) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{at}]");
        wrong.extend(addresses::port(&path, port, RequiresName::among(ports.len())));
        let name = port.get("name").and_then(Value::as_str).unwrap_or_default();
        if !name.is_empty() && !seen.insert(name) {
            wrong.push(FieldError::duplicate(format!("{path}.name"), &json!(name)));
        }
        let field = format!("{path}.targetPort");
        match port.get("targetPort") {
            Some(Value::String(name)) => wrong.extend(addresses::port_name(&field, name)),
            Some(number) => wrong.extend(addresses::port_number(&field, number)),
            None => {}
        }
    }
    wrong
}

/// Node ports where the type has none, and ports that are there twice.
fn node_ports_and_twins(ports: &[Value], kind: &str) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        if kind == "ClusterIP" && port.get("nodePort").is_some() {
            let detail = "may not be used when `type` is 'ClusterIP'";
            wrong.push(FieldError::forbidden(format!("spec.ports[{at}].nodePort"), detail));
        }
    }
    for (at, port) in ports.iter().enumerate() {
        let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or_default();
        let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
        if !seen.insert((protocol, number)) {
            // Go's internal type has no JSON names, and all its fields are shown.
            let twin = json!({
                "Name": "", "Protocol": protocol, "AppProtocol": null, "Port": number, "TargetPort": 0, "NodePort": 0,
            });
            wrong.push(FieldError::duplicate(format!("spec.ports[{at}]"), &twin));
        }
    }
    wrong
}

fn affinity(object: &Object) -> Vec<FieldError> {
    let field = "spec.sessionAffinity";
    match object.text(&["spec", "sessionAffinity"]) {
        "None" => Vec::new(),
        "ClientIP" => {
            let path = ["spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"];
            let seconds = object.get(&path).cloned().unwrap_or(Value::Null);
            let in_range = seconds.as_i64().is_some_and(|seconds| (1..=86_400).contains(&seconds));
            let detail = "must be greater than 0 and less than 86400";
            let wrong = (!in_range)
                .then(|| FieldError::invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", &seconds, detail));
            wrong.into_iter().collect()
        }
        "" => vec![FieldError::required(field, "")],
        other => vec![FieldError::not_supported(field, &json!(other), &["ClientIP", "None"])],
    }
}

fn external_ips(object: &Object) -> Vec<String> {
    let balances = object.text(&["spec", "type"]) == "LoadBalancer";
    let ingress = if balances { object.list(&["status", "loadBalancer", "ingress"]) } else { &[] };
    let balanced = ingress.iter().filter_map(|one| one.get("ip").or_else(|| one.get("hostname"))?.as_str());
    let external = object.list(&["spec", "externalIPs"]).iter().filter_map(Value::as_str);
    balanced.chain(external).map(str::to_owned).collect()
}

fn shown_ports(object: &Object) -> Vec<String> {
    let shown = object.list(&["spec", "ports"]).iter().map(|port| {
        let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or_default();
        match port.get("nodePort") {
            Some(node) => format!("{}:{node}/{protocol}", port["port"]),
            None => format!("{}/{protocol}", port["port"]),
        }
    });
    shown.collect()
}

fn or_none(texts: Vec<String>, none: &str) -> String {
    if texts.is_empty() { none.to_owned() } else { texts.join(",") }
}
