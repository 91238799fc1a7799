//! What addresses and ports may be, in Go's words.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::{names, strategy::Allow};
use crate::meta::FieldError;

/// What is wrong with the address of an endpoint. Go: `kubernetes/pkg/apis/core/validation/validation.go` `ValidateEndpointIP`.
pub(super) fn endpoint_ip(field: &str, text: &str, allow: Allow) -> Vec<FieldError> {
    let Ok(address) = text.parse::<IpAddr>() else { return vec![invalid_ip(field, text)] };
    let mut details = Vec::new();
    if address.is_unspecified() {
        details.push(format!("may not be unspecified ({text})"));
    }
    if address.is_loopback() && allow == Allow::Nothing {
        details.push("may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned());
    }
    let (link_local, link_local_multicast) = match address {
        IpAddr::V4(address) => (address.is_link_local(), address.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(address) => (address.is_unicast_link_local(), address.segments()[0] & 0xff0f == 0xff02),
    };
    if link_local {
        details.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned());
    }
    if link_local_multicast {
        details.push("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned());
    }
    details.into_iter().map(|detail| FieldError::invalid(field, &json!(text), detail)).collect()
}

/// A text that is no address. Go: `IsValidIPForLegacyField`.
pub(super) fn invalid_ip(field: &str, text: &str) -> FieldError {
    FieldError::invalid(field, &json!(text), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
}

/// What is wrong with the number of a port. Go: `IsValidPortNum`.
pub(super) fn port_number(field: &str, port: &Value) -> Option<FieldError> {
    let in_range = port.as_i64().is_some_and(|port| (1..=65_535).contains(&port));
    (!in_range).then(|| FieldError::invalid(field, port, "must be between 1 and 65535, inclusive"))
}

/// What is wrong with the name of a port among others. Go: `ValidatePortNumOrName`, `IsValidPortName`.
pub(super) fn port_name(field: &str, name: &str) -> Vec<FieldError> {
    let mut details = Vec::new();
    if name.len() > 15 {
        details.push("must be no more than 15 characters");
    }
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        details.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        details.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        details.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        details.push("must not begin or end with a hyphen");
    }
    details.into_iter().map(|detail| FieldError::invalid(field, &json!(name), detail)).collect()
}

/// What is wrong with a protocol.
pub(super) fn protocol(field: &str, protocol: Option<&str>) -> Option<FieldError> {
    match protocol.unwrap_or_default() {
        "TCP" | "UDP" | "SCTP" => None,
        "" => Some(FieldError::required(field, "")),
        other => Some(FieldError::not_supported(field, &json!(other), &["SCTP", "TCP", "UDP"])),
    }
}

/// What is wrong with what both Endpoints and Services say of a port: its name, number, protocol and application protocol.
pub(super) fn port(path: &str, port: &Value, requires_name: RequiresName) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let text = |field: &str| port.get(field).and_then(Value::as_str);
    let name_field = format!("{path}.name");
    match text("name").unwrap_or_default() {
        "" if requires_name == RequiresName::Yes => wrong.push(FieldError::required(name_field, "")),
        "" => {}
        name => wrong.extend(super::object_meta::faults(&name_field, name, names::dns_1123_label(name))),
    }
    wrong.extend(port_number(&format!("{path}.port"), port.get("port").unwrap_or(&Value::Null)));
    wrong.extend(protocol(&format!("{path}.protocol"), text("protocol")));
    if let Some(application) = text("appProtocol") {
        let field = format!("{path}.appProtocol");
        wrong.extend(super::object_meta::faults(&field, application, names::qualified(application)));
    }
    wrong
}

/// Whether a port must have a name: where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequiresName {
    /// It must.
    Yes,
    /// It may.
    No,
}

impl RequiresName {
    /// What holds among so many.
    pub(super) fn among(count: usize) -> Self {
        if count > 1 { Self::Yes } else { Self::No }
    }
}
