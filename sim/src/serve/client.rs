//! A client: does as its plan says, and writes down what came of it.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    EXTENSIONS, HEALED,
    caller::{Caller, Response},
    extension::group,
    plan::{Act, Ask, ClientPlan, SERVICES},
};
use crate::{
    history::{Answered, Asked, Checksum, Event, Found, Got, Outcome, Reply, State, Version},
    scenario::PROBES_FROM,
};

/// A client of the API server.
pub(super) struct Client {
    number: usize,
    caller: Caller,
    note: Rc<dyn Fn(Event)>,
    /// The objects that it takes for existing.
    there: BTreeMap<String, bool>,
}

impl Client {
    pub(super) fn new(number: usize, caller: Caller, note: Rc<dyn Fn(Event)>) -> Self {
        Self { number, caller, note, there: BTreeMap::new() }
    }

    /// Does all that is planned; when all faults are over, asks whether everything works and reads what it has written.
    pub(super) async fn play(mut self, plan: &ClientPlan) {
        let begun = Instant::now();
        tokio::time::sleep(plan.starts).await;
        for step in &plan.steps {
            tokio::time::sleep(step.think).await;
            match &step.act {
                Act::Write { object, value, address } => self.write(object, *value, address.as_deref()).await,
                Act::Delete { object } => self.delete(object).await,
                Act::Read { object } => drop(self.read(object).await),
                Act::Ask(ask) => drop(self.ask(ask.id).await),
            }
        }
        tokio::time::sleep_until(begun + HEALED).await;
        for object in plan.objects() {
            let mut attempts = 0..ATTEMPTS_MAX;
            while attempts.next().is_some() && !self.read(object).await {
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
        for extension in 0..EXTENSIONS.1 as u64 {
            let first = PROBES_FROM + self.number as u64 * 10_000;
            for attempt in 0..ATTEMPTS_MAX {
                if self.ask(first + attempt * EXTENSIONS.1 as u64 + extension).await.is_success() {
                    break;
                }
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }

    async fn write(&mut self, object: &str, value: u64, address: Option<&str>) {
        let version = Version { object: object.to_owned(), value: Some(value) };
        (self.note)(Event::Writes(version.clone()));
        let asked = match self.there.get(object).copied().unwrap_or(false) {
            true => self.caller.ask("PUT", &path(object), Some(&body(object, value, None))).await,
            false => self.caller.ask("POST", collection(object), Some(&body(object, value, address))).await,
        };
        let outcome = match asked {
            Ok(done) if done.is_success() => {
                self.there.insert(object.to_owned(), true);
                Outcome::Acknowledged(done.json().as_ref().map(state_of).unwrap_or_default())
            }
            // Whoever made it, it is there, or it is not.
            Ok(refused) if matches!(refused.status, 404 | 409) => {
                self.there.insert(object.to_owned(), refused.status == 409);
                Outcome::Unknown(refused.say())
            }
            // Another Service has the address.
            Ok(refused) if refused.status == 422 && address.is_some() => Outcome::Refused(refused.say()),
            Ok(other) => Outcome::Unknown(other.say()),
            Err(error) => Outcome::Unknown(error),
        };
        (self.note)(Event::Wrote(version, outcome));
    }

    async fn delete(&mut self, object: &str) {
        let version = Version { object: object.to_owned(), value: None };
        (self.note)(Event::Writes(version.clone()));
        let outcome = match self.caller.ask("DELETE", &path(object), None).await {
            // Gone before is as gone.
            Ok(done) if done.is_success() || done.status == 404 => {
                self.there.insert(object.to_owned(), false);
                Outcome::Acknowledged(State::default())
            }
            Ok(other) => Outcome::Unknown(other.say()),
            Err(error) => Outcome::Unknown(error),
        };
        (self.note)(Event::Wrote(version, outcome));
    }

    /// Whether it was answered.
    async fn read(&mut self, object: &str) -> bool {
        let (value, state) = match self.caller.ask("GET", &path(object), None).await {
            Ok(found) if found.is_success() => match found.json() {
                Some(found) => (value_of(&found), state_of(&found)),
                None => return false,
            },
            Ok(absent) if absent.status == 404 => (None, State::default()),
            Ok(_) | Err(_) => return false,
        };
        (self.note)(Event::Found(Found { object: object.to_owned(), value, state }));
        true
    }

    async fn ask(&mut self, id: u64) -> Got {
        let asked = Asked { id, method: "GET".to_owned(), body_bytes: 0, leaves_after: None };
        (self.note)(Event::Asked(asked));
        let path = format!("/apis/{}/v1/things/{id}", group(Ask::extension(id)));
        let got = match self.caller.ask("GET", &path, None).await {
            Ok(response) => {
                let reply = reply(&response);
                if response.cut.is_some() { Got::Cut(reply) } else { Got::Whole(reply) }
            }
            Err(error) => Got::Nothing(error),
        };
        (self.note)(Event::Answered(Answered { id, got: got.clone() }));
        got
    }
}

fn reply(response: &Response) -> Reply {
    Reply {
        status: response.status,
        hints: 0,
        backend: response.head.get("x-backend").map(str::to_owned),
        answers: response.head.get("x-answers").and_then(|id| id.parse().ok()),
        echo: None,
        trailer: None,
        body_bytes: response.body.len(),
        body: Checksum::EMPTY.with(&response.body).0,
    }
}

/// What a client has written into an object.
pub(super) fn value_of(object: &Value) -> Option<u64> {
    object.pointer(&format!("/metadata/annotations/{ANNOTATION}"))?.as_str()?.parse().ok()
}

/// An object's or a list's resource version.
pub(super) fn revision_of(object: &Value) -> Option<u64> {
    object.pointer("/metadata/resourceVersion")?.as_str()?.parse().ok()
}

fn state_of(object: &Value) -> State {
    let address = object.pointer("/spec/clusterIP").and_then(Value::as_str).map(str::to_owned);
    State { revision: revision_of(object).unwrap_or(0), address }
}

/// The path of the collection that an object is in, or of a collection itself.
pub(super) fn collection(object: &str) -> &'static str {
    if object.starts_with(SERVICES) { "/api/v1/namespaces/default/services" } else { "/api/v1/namespaces" }
}

fn path(object: &str) -> String {
    format!("{}/{}", collection(object), name(object))
}

fn name(object: &str) -> &str {
    object.split_once('/').map_or(object, |(_, name)| name)
}

fn body(object: &str, value: u64, address: Option<&str>) -> Value {
    let metadata = json!({"name": name(object), "annotations": {ANNOTATION: value.to_string()}});
    if !object.starts_with(SERVICES) {
        return json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
    }
    let mut spec = json!({"ports": [{"port": 80}]});
    if let Some(address) = address {
        spec["clusterIP"] = address.into();
    }
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
}

const ANNOTATION: &str = "value";
/// An API server looks at its extensions every half minute at the latest.
const ATTEMPTS_MAX: u64 = 40;
const RETRY_DELAY: Duration = Duration::from_secs(1);
