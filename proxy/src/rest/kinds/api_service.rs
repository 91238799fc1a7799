//! APIService. Go: `kube-aggregator/pkg/registry/apiservice/strategy.go`, `pkg/apis/apiregistration/validation/validation.go`.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    meta::{FieldError, Object, time},
    rest::{
        names, object_meta,
        strategy::{Allow, Part, Strategy, keep},
        table,
    },
    wire::token::go_quote,
    world::Wall,
};

#[derive(Debug)]
pub(in crate::rest) struct ApiService;

impl Strategy for ApiService {
    fn default(&self, object: &mut Object) {
        let service = object.get(&["spec", "service"]).is_some();
        if service && object.get(&["spec", "service", "port"]).is_none() {
            object.set(&["spec", "service", "port"], json!(443));
        }
    }

    fn prepare_for_create(&self, object: &mut Object, now: Wall) {
        let mut status = json!({});
        if object.get(&["spec", "service"]).is_none() {
            let available = json!({
                "type": "Available", "status": "True", "lastTransitionTime": time::format(now),
                "reason": "Local", "message": "Local APIServices are always available",
            });
            status = json!({"conditions": [available]});
        }
        object.set(&["status"], status);
    }

    fn prepare_for_update(&self, object: &mut Object, old: &Object, part: Part) {
        match part {
            Part::Main | Part::Finalize => keep(object, old, &["status"]),
            Part::Status => {
                keep(object, old, &["spec"]);
                for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    keep(object, old, &["metadata", field]);
                }
            }
        }
    }

    fn validate(&self, object: &Object, _allow: Allow) -> Vec<FieldError> {
        let (group, version) = (object.text(&["spec", "group"]), object.text(&["spec", "version"]));
        let mut wrong = Vec::new();
        if group.is_empty() && version != "v1" {
            let detail = "only v1 may have an empty group and it better be legacy kube";
            wrong.push(FieldError::required("spec.group", detail));
        }
        if !group.is_empty() {
            wrong.extend(object_meta::faults("spec.group", group, names::dns_1123_subdomain(group)));
        }
        wrong.extend(object_meta::faults("spec.version", version, names::dns_1035_label(version)));
        wrong.extend(priority(object, "groupPriorityMinimum", 20_000));
        wrong.extend(priority(object, "versionPriority", 1_000));
        wrong.extend(backend(object));
        wrong
    }

    fn validate_update(&self, object: &Object, _old: &Object, part: Part, allow: Allow) -> Vec<FieldError> {
        match part {
            Part::Main | Part::Finalize => {
                let mut wrong = object_meta::validate(object, |name| self.name_faults(object, name));
                wrong.extend(self.validate(object, allow));
                wrong
            }
            Part::Status => conditions(object),
        }
    }

    fn name_faults(&self, object: &Object, name: &str) -> Vec<String> {
        let faults = names::path_segment(name);
        let expected = format!("{}.{}", object.text(&["spec", "version"]), object.text(&["spec", "group"]));
        if !faults.is_empty() || name == expected {
            return faults;
        }
        vec![format!("must be `spec.version+\".\"+spec.group`: {}", go_quote(expected.as_bytes()))]
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }

    fn cells(&self, object: &Object, now: Wall) -> Vec<Value> {
        let service = match object.get(&["spec", "service"]) {
            None => "Local".to_owned(),
            Some(_) => {
                let service = |field| object.text(&["spec", "service", field]);
                format!("{}/{}", service("namespace"), service("name"))
            }
        };
        let mut conditions = object.list(&["status", "conditions"]).iter();
        let available = match conditions.find(|condition| condition["type"] == "Available") {
            None => "Unknown".to_owned(),
            Some(condition) if condition["status"] == "True" => "True".to_owned(),
            Some(condition) => {
                let text = |field: &str| condition.get(field).and_then(Value::as_str).unwrap_or_default();
                format!("{} ({})", text("status"), text("reason"))
            }
        };
        vec![object.name().into(), service.into(), available.into(), table::age(object, now)]
    }
}

fn priority(object: &Object, field: &str, max: i64) -> Option<FieldError> {
    let value = object.get(&["spec", field])?;
    let in_range = value.as_i64().is_some_and(|priority| priority > 0 && priority <= max);
    let detail = format!("must be positive and less than {max}");
    (!in_range).then(|| FieldError::invalid(format!("spec.{field}"), value, detail))
}

fn backend(object: &Object) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let bundle = STANDARD.decode(object.text(&["spec", "caBundle"])).unwrap_or_default();
    let insecure = object.get(&["spec", "insecureSkipTLSVerify"]) == Some(&Value::Bool(true));
    if object.get(&["spec", "service"]).is_none() {
        if !bundle.is_empty() {
            let shown = json!(format!("{} bytes", bundle.len()));
            wrong.push(FieldError::invalid("spec.caBundle", &shown, "local APIServices may not have a caBundle"));
        }
        if insecure {
            let detail = "local APIServices may not have insecureSkipTLSVerify";
            wrong.push(FieldError::invalid("spec.insecureSkipTLSVerify", &json!(true), detail));
        }
        return wrong;
    }
    for field in ["namespace", "name"] {
        if object.text(&["spec", "service", field]).is_empty() {
            wrong.push(FieldError::required(format!("spec.service.{field}"), ""));
        }
    }
    if let Some(port) = object.get(&["spec", "service", "port"])
        && !port.as_i64().is_some_and(|port| (1..=65_535).contains(&port))
    {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        wrong.push(FieldError::invalid("spec.service.port", port, detail));
    }
    if insecure && !bundle.is_empty() {
        let detail = "may not be true if caBundle is present";
        wrong.push(FieldError::invalid("spec.insecureSkipTLSVerify", &json!(true), detail));
    }
    wrong
}

fn conditions(object: &Object) -> Vec<FieldError> {
    let conditions = object.list(&["status", "conditions"]);
    let wrong = conditions.iter().enumerate().filter_map(|(at, condition)| {
        let status = condition.get("status").cloned().unwrap_or_else(|| json!(""));
        let known = matches!(status.as_str(), Some("True" | "False" | "Unknown"));
        let field = format!("status.conditions[{at}].status");
        (!known).then(|| FieldError::not_supported(field, &status, &["True", "False", "Unknown"]))
    });
    wrong.collect()
}
