//! The addresses of a Service: `clusterIP`, `clusterIPs` and the fields about their families.
//!
//! Go: `kubernetes/pkg/registry/core/service/storage/alloc.go`, `pkg/apis/core/validation/validation.go`
//! `ValidateServiceClusterIPsRelatedFields`.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::{
    meta::{FieldError, Object},
    rest::addresses,
};

/// Whether a service of its type has a cluster address, or `None` in its place.
pub(in crate::rest) fn needs_cluster_ip(object: &Object) -> bool {
    object.text(&["spec", "type"]) != "ExternalName"
}

/// The addresses that a service holds; `None` and the empty text are no addresses.
pub(in crate::rest) fn cluster_ips(object: &Object) -> impl Iterator<Item = IpAddr> {
    object.list(&["spec", "clusterIPs"]).iter().filter_map(|ip| ip.as_str()?.parse().ok())
}

/// Says the same in both fields. On an update, what is not given is as it was.
///
/// Go: `NormalizeClusterIPs`, `patchAllocatedValues`.
pub(super) fn normalize(object: &mut Object, old: Option<&Object>) {
    if let Some(old) = old {
        follow(object, old);
    }
    let given = object.text(&["spec", "clusterIP"]).to_owned();
    if !given.is_empty() && object.get(&["spec", "clusterIPs"]).is_none() {
        object.set(&["spec", "clusterIPs"], json!([given]));
    }
}

fn follow(object: &mut Object, old: &Object) {
    let same = |field: &str| object.get(&["spec", field]) == old.get(&["spec", field]);
    if needs_cluster_ip(object)
        && !object.text(&["spec", "clusterIP"]).is_empty()
        && !same("clusterIP")
        && same("clusterIPs")
    {
        // Whoever changes the one alone means both.
        object.remove(&["spec", "clusterIPs"]);
    }
    let fields = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];
    if !needs_cluster_ip(object) {
        // What was allocated for the old type goes, unless the client wants it to stay, which is refused.
        for field in fields {
            if needs_cluster_ip(old) && object.get(&["spec", field]) == old.get(&["spec", field]) {
                object.remove(&["spec", field]);
            }
        }
        return;
    }
    if !needs_cluster_ip(old) {
        return;
    }
    let is_changed = !object.text(&["spec", "clusterIP"]).is_empty()
        && object.text(&["spec", "clusterIP"]) != old.text(&["spec", "clusterIP"]);
    for field in fields {
        let is_missing = object.get(&["spec", field]).is_none();
        if is_missing
            && !(is_changed && field == "clusterIPs")
            && let Some(value) = old.get(&["spec", field])
        {
            object.set(&["spec", field], value.clone());
        }
    }
}

/// What is wrong with the addresses.
pub(in crate::rest) fn validate(object: &Object) -> Vec<FieldError> {
    let ip = object.text(&["spec", "clusterIP"]);
    let Some(ips) = object.get(&["spec", "clusterIPs"]) else { return Vec::new() };
    let list = ips.as_array().map_or(&[][..], Vec::as_slice);
    let mut wrong = Vec::new();
    match list.first().and_then(Value::as_str) {
        Some(_) if ip.is_empty() => {
            let detail = "may not be set when `clusterIPs` is specified";
            wrong.push(FieldError::required("spec.clusterIP", detail));
        }
        Some(first) if first != ip => {
            wrong.push(FieldError::invalid("spec.clusterIPs", ips, "first value must match `clusterIP`"));
        }
        _ => {}
    }
    if list.len() > 2 {
        wrong.push(FieldError::invalid("spec.clusterIPs", ips, "may only hold up to 2 values"));
    }
    for (at, one) in list.iter().filter_map(Value::as_str).enumerate() {
        let field = format!("spec.clusterIPs[{at}]");
        if one == "None" && list.len() > 1 {
            let detail = "'None' must be the first and only value";
            wrong.push(FieldError::invalid(&*field, &json!(one), detail));
        } else if one != "None" && one.parse::<IpAddr>().is_err() {
            wrong.push(addresses::invalid_ip(&field, one));
        }
    }
    wrong
}

/// An address may not change while the service keeps a type that has one. Go: `validateUpgradeDowngradeClusterIPs`.
pub(super) fn validate_change(object: &Object, old: &Object) -> Option<FieldError> {
    let first = |of: &Object| of.get(&["spec", "clusterIPs"]).and_then(|ips| Some(ips.get(0)?.as_str()?.to_owned()));
    let (now, before) = (first(object), first(old));
    let both_have = needs_cluster_ip(object) && needs_cluster_ip(old) && before.is_some();
    let shown = object.get(&["spec", "clusterIPs"]).unwrap_or(&Value::Null);
    (both_have && now != before).then(|| FieldError::invalid("spec.clusterIPs[0]", shown, "may not change once set"))
}

/// Fills in what follows from the address, once it is decided.
pub(in crate::rest) fn complete(object: &mut Object) {
    if !needs_cluster_ip(object) {
        return;
    }
    let ip = object.text(&["spec", "clusterIP"]).to_owned();
    if object.get(&["spec", "clusterIPs"]).is_none() && !ip.is_empty() {
        object.set(&["spec", "clusterIPs"], json!([ip]));
    }
    let selects = object.get(&["spec", "selector"]).is_some();
    // A headless service without a selector may have endpoints of either family.
    let both = ip == "None" && !selects;
    let family = if cluster_ips(object).next().is_some_and(|ip| ip.is_ipv6()) { "IPv6" } else { "IPv4" };
    let families = if both { json!(["IPv4", "IPv6"]) } else { json!([family]) };
    let policy = if both { "RequireDualStack" } else { "SingleStack" };
    for (field, value) in [("ipFamilies", families), ("ipFamilyPolicy", policy.into())] {
        if object.get(&["spec", field]).is_none() {
            object.set(&["spec", field], value);
        }
    }
}
