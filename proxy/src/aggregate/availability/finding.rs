//! What is found out about a backend, and how its APIService tells it.

use serde_json::json;

use crate::{
    aggregate::{
        api_service::{AVAILABLE, Reference},
        services::Services,
    },
    meta::Object,
};

/// What was found out about the backend of an APIService.
///
/// Go: `kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go` `sync`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It is served here.
    Local,
    /// There is no such Service.
    ServiceNotFound,
    /// The Service has no such port.
    ServicePortError,
    /// Nobody ever answered for the Service.
    EndpointsNotFound,
    /// Nobody answers for the Service now, at the port of this name.
    MissingEndpoints(String),
    /// Nobody gave the document that a backend has to give; why not.
    FailedDiscoveryCheck(String),
    /// It answers.
    Passed,
}

impl Finding {
    /// `True` or `False`.
    pub(super) fn status(&self) -> &'static str {
        if self.is_good() { "True" } else { "False" }
    }

    /// Whether requests may go there.
    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Local | Self::Passed)
    }

    /// One word, a value of the label `reason` too.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Local => "Local",
            Self::ServiceNotFound => "ServiceNotFound",
            Self::ServicePortError => "ServicePortError",
            Self::EndpointsNotFound => "EndpointsNotFound",
            Self::MissingEndpoints(_) => "MissingEndpoints",
            Self::FailedDiscoveryCheck(_) => "FailedDiscoveryCheck",
            Self::Passed => "Passed",
        }
    }

    /// A sentence, in Go's words.
    pub(super) fn message(&self, service: Option<&Reference>) -> String {
        let Some(Reference { key, port }) = service else { return LOCAL_MESSAGE.to_owned() };
        match self {
            Self::Local => LOCAL_MESSAGE.to_owned(),
            Self::ServiceNotFound => format!("{key} is not present"),
            Self::ServicePortError => format!("{key} is not listening on port {port}"),
            Self::EndpointsNotFound => format!("cannot find endpointslices for {key}"),
            Self::MissingEndpoints(name) => {
                format!("endpointslices for {key} have no addresses with port name \"{name}\"")
            }
            Self::FailedDiscoveryCheck(why) => why.clone(),
            Self::Passed => "all checks passed".to_owned(),
        }
    }
}

/// What can be seen without asking the backend; none where it has to be asked.
pub(super) fn without_asking(services: &Services, to: &Reference) -> Option<Finding> {
    let Some(service) = services.service(&to.key) else { return Some(Finding::ServiceNotFound) };
    if service.kind != "ClusterIP" {
        return None;
    }
    let Some(port) = service.ports.iter().find(|port| port.port == to.port) else {
        return Some(Finding::ServicePortError);
    };
    let slices = services.slices(&to.key);
    if slices.is_empty() {
        return Some(Finding::EndpointsNotFound);
    }
    let answers = slices.iter().any(|slice| slice.port_of(&port.name).is_some() && slice.ready().next().is_some());
    (!answers).then(|| Finding::MissingEndpoints(port.name.clone()))
}

/// Whether an APIService says that its backend answers.
pub(super) fn says_good(object: &Object) -> bool {
    object
        .list(&["status", "conditions"])
        .iter()
        .any(|condition| condition["type"] == AVAILABLE && condition["status"] == "True")
}

/// Writes a finding into the conditions of an APIService. `now` counts only if the status changes. True if anything changed.
///
/// Go: `apiregistration/v1/helper/helpers.go` `SetAPIServiceCondition`.
pub(super) fn write(finding: &Finding, service: Option<&Reference>, now: &str, into: &mut Object) -> bool {
    let mut conditions = into.list(&["status", "conditions"]).to_vec();
    let (status, message) = (finding.status(), finding.message(service));
    let before = conditions.iter().position(|condition| condition["type"] == AVAILABLE);
    let since = before.map(|at| &conditions[at]).filter(|condition| condition["status"] == status);
    let since = since.and_then(|condition| condition["lastTransitionTime"].as_str()).unwrap_or(now);
    let condition = json!({
        "type": AVAILABLE, "status": status, "lastTransitionTime": since, "reason": finding.reason(), "message": message,
    });
    match before {
        Some(at) if conditions[at] == condition => return false,
        Some(at) => conditions[at] = condition,
        None => conditions.push(condition),
    }
    into.set(&["status", "conditions"], conditions.into());
    true
}

const LOCAL_MESSAGE: &str = "Local APIServices are always available";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::aggregate::{
        api_service::ServiceKey,
        services::{Service, Slice},
    };

    fn reference() -> Reference {
        Reference { key: ServiceKey { namespace: "ns".to_owned(), name: "api".to_owned() }, port: 443 }
    }

    fn seen(spec: Option<Value>, slices: &[Value]) -> Option<(&'static str, String)> {
        let (mut services, to) = (Services::default(), reference());
        let spec = spec.map(|spec| Service::read(&json!({ "spec": spec })).unwrap());
        services.set_service(&to.key, spec);
        for (at, slice) in slices.iter().enumerate() {
            services.set_slice(&to.key, &at.to_string(), Some(Slice::read(slice).unwrap()));
        }
        without_asking(&services, &to).map(|finding| (finding.reason(), finding.message(Some(&to))))
    }

    #[test]
    fn every_reason_has_gos_words() {
        let cluster = |port: u16| Some(json!({"type": "ClusterIP", "ports": [{"name": "https", "port": port}]}));
        let slice = |ready: bool, port: &str| json!({"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}], "ports": [{"name": port, "port": 1}]});
        for (spec, slices, reason, message) in [
            (None, vec![], "ServiceNotFound", "service/api in \"ns\" is not present"),
            (cluster(80), vec![], "ServicePortError", "service/api in \"ns\" is not listening on port 443"),
            (cluster(443), vec![], "EndpointsNotFound", "cannot find endpointslices for service/api in \"ns\""),
            (
                cluster(443),
                vec![slice(false, "https"), slice(true, "other")],
                "MissingEndpoints",
                "endpointslices for service/api in \"ns\" have no addresses with port name \"https\"",
            ),
        ] {
            assert_eq!(seen(spec, &slices), Some((reason, message.to_owned())));
        }
        assert_eq!(seen(cluster(443), &[slice(true, "https")]), None);
        let to = reference();
        assert_eq!(Finding::Passed.message(Some(&to)), "all checks passed");
        assert_eq!(Finding::Local.message(None), "Local APIServices are always available");
        assert_eq!(Finding::FailedDiscoveryCheck("x".to_owned()).message(Some(&to)), "x");
    }

    #[test]
    fn only_a_cluster_ip_is_looked_at_before_it_is_asked() {
        for kind in ["ExternalName", "NodePort", "LoadBalancer"] {
            assert_eq!(seen(Some(json!({ "type": kind })), &[]), None, "{kind}");
        }
    }

    fn written(conditions: Value, finding: &Finding) -> Option<Value> {
        let mut object = Object::from_value(json!({"status": {"conditions": conditions}})).unwrap();
        let changed = write(finding, Some(&reference()), "now", &mut object);
        changed.then(|| object.get(&["status", "conditions"]).unwrap().clone())
    }

    fn condition(status: &str, reason: &str, message: &str, since: &str) -> Value {
        json!({"type": "Available", "status": status, "lastTransitionTime": since, "reason": reason, "message": message})
    }

    #[test]
    fn the_time_of_the_transition_is_that_of_the_status_alone() {
        let passed = condition("True", "Passed", "all checks passed", "then");
        assert_eq!(written(json!([passed]), &Finding::Passed), None, "nothing is written that says nothing new");
        let failed = |message: &str| Finding::FailedDiscoveryCheck(message.to_owned());
        assert_eq!(
            written(json!([passed]), &failed("a")),
            Some(json!([condition("False", "FailedDiscoveryCheck", "a", "now")]))
        );
        assert_eq!(
            written(json!([condition("False", "FailedDiscoveryCheck", "a", "then")]), &failed("b")),
            Some(json!([condition("False", "FailedDiscoveryCheck", "b", "then")]))
        );
    }

    #[test]
    fn the_conditions_of_others_are_left_alone() {
        let other = json!({"type": "Other", "status": "Unknown"});
        let expected = json!([other, condition("True", "Passed", "all checks passed", "now")]);
        assert_eq!(written(json!([other]), &Finding::Passed), Some(expected));
        assert_eq!(written(Value::Null, &Finding::Passed).unwrap()[0]["lastTransitionTime"], "now");
    }
}
