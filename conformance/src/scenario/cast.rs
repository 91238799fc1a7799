//! The cast of an aggregator: the API objects that a case finds, and how the world around them behaves.

use std::{collections::BTreeMap, fmt};

use serde_json::Value as Json;

use super::place::{Place, Value};

/// What an aggregator is told beside its cast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staging {
    /// What the client shows of itself in TLS.
    pub certificate: Shown,
    /// Who may what.
    pub authorization: Authorization,
    /// What the backend answers to the aggregator's own questions.
    pub probe: Probe,
    /// Which form of discovery the backend speaks.
    pub discovery: Discovery,
    /// The reason that an APIService shows before the case begins, by name. `Passed`, or `Local` without a service, when nothing is said.
    pub reasons: BTreeMap<String, String>,
}

/// What a client shows of itself in TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// Nothing.
    #[default]
    Nothing,
    /// A certificate of the user `client`, in no group.
    Client,
    /// A certificate of the user `jane`, in two groups.
    Jane,
    /// The certificate of a front proxy.
    FrontProxy,
}

/// Who may what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authorization {
    /// Everybody who is known may do everything.
    #[default]
    Allow,
    /// Only system:masters may do anything.
    Deny,
}

/// What a backend answers to the aggregator's own questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// The resource list of each version of the cast.
    #[default]
    Ok,
    /// 404.
    NotFound,
    /// 302.
    Redirect,
    /// Nothing: it closes the connection.
    Cut,
}

/// Which form of discovery a backend speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discovery {
    /// A resource list for each version.
    #[default]
    Legacy,
    /// One document for all of them, too.
    Aggregated,
}

impl Staging {
    /// The reason that an APIService of the cast is to show before the case begins.
    pub fn reason(&self, api_service: &Json) -> &str {
        let name = api_service["metadata"]["name"].as_str().unwrap_or_default();
        let local = api_service["spec"]["service"].is_null();
        self.reasons.get(name).map_or(if local { "Local" } else { "Passed" }, String::as_str)
    }

    /// Reads one key of a subject, if it is one of these.
    pub(super) fn read(&mut self, key: &str, at: &Place<'_>) {
        match key {
            "certificate" => self.certificate = at.word(SHOWN),
            "authorization" => self.authorization = at.word(AUTHORIZATIONS),
            "probe" => self.probe = at.word(PROBES),
            "discovery" => self.discovery = at.word(DISCOVERIES),
            _ => {
                let Value::Map(map) = at.value() else { return at.wrong("a mapping of names to reasons") };
                self.reasons = map
                    .iter()
                    .filter_map(|(name, reason)| match &reason.value {
                        Value::Text(reason) => Some((name.value.clone(), reason.clone())),
                        _ => None,
                    })
                    .collect();
            }
        }
    }
}

impl fmt::Display for Staging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        if self.certificate != default.certificate {
            write!(f, ", certificate {}", super::subject::word_of(SHOWN, self.certificate))?;
        }
        if self.authorization != default.authorization {
            write!(f, ", authorization {}", super::subject::word_of(AUTHORIZATIONS, self.authorization))?;
        }
        if self.probe != default.probe {
            write!(f, ", probe {}", super::subject::word_of(PROBES, self.probe))?;
        }
        if self.discovery != default.discovery {
            write!(f, ", discovery {}", super::subject::word_of(DISCOVERIES, self.discovery))?;
        }
        for (name, reason) in &self.reasons {
            write!(f, ", {name} {reason}")?;
        }
        Ok(())
    }
}

/// Reads the objects of a cast.
pub(super) fn read(at: &Place<'_>) -> Vec<Json> {
    at.items().iter().map(|item| json(item.value())).collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Number(number) => Json::from(*number),
        Value::Text(text) | Value::Other(text) => Json::from(text.as_str()),
        Value::List(list) => list.iter().map(|node| json(&node.value)).collect(),
        Value::Map(map) => map.iter().map(|(key, node)| (key.value.clone(), json(&node.value))).collect(),
    }
}

/// The keys of a subject that [`Staging::read`] reads.
pub(super) const KEYS: [&str; 5] = ["certificate", "authorization", "probe", "discovery", "reasons"];

const SHOWN: &[(&str, Shown)] =
    &[("none", Shown::Nothing), ("client", Shown::Client), ("jane", Shown::Jane), ("front-proxy", Shown::FrontProxy)];
const AUTHORIZATIONS: &[(&str, Authorization)] = &[("allow", Authorization::Allow), ("deny", Authorization::Deny)];
const PROBES: &[(&str, Probe)] =
    &[("ok", Probe::Ok), ("not-found", Probe::NotFound), ("redirect", Probe::Redirect), ("cut", Probe::Cut)];
const DISCOVERIES: &[(&str, Discovery)] = &[("legacy", Discovery::Legacy), ("aggregated", Discovery::Aggregated)];
