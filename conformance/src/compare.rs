//! Differences between Go's trace of a case and ours, field by field.

mod events;
mod json;
mod message;
mod seen;

pub use self::seen::beside;
use crate::{
    replay::Play,
    trace::{CaseTrace, ConnectionTrace, Received},
};

/// A field in which two traces differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Which: `client[0].awaited[1].head.status`, `backend[0].end`, `seen[0].header.Host`.
    pub field: String,
    /// What Go has there.
    pub go: String,
    /// What we have there.
    pub ours: String,
}

/// The differences between what Go was recorded doing and what was seen now, sorted by their fields; masked, placeholders put back.
pub fn differences(go: &CaseTrace, ours: &Play) -> Vec<Difference> {
    let mut found = Findings::default();
    for (side, go, ours) in [("client", &go.client, &ours.trace.client), ("backend", &go.backend, &ours.trace.backend)]
    {
        found.count(&format!("{side}.connections"), go.len(), ours.len());
        for (at, (go, ours)) in go.iter().zip(ours).enumerate() {
            connection(&mut found, &format!("{side}[{at}]"), go, ours);
        }
    }
    found.count("seen.requests", go.seen.len(), ours.trace.seen.len());
    for (at, (go, ours)) in go.seen.iter().zip(&ours.trace.seen).enumerate() {
        seen::compare(&mut found, &format!("seen[{at}]"), go, ours);
    }
    for fault in &ours.faults {
        found.note(&format!("{}.script", fault.side), "played to its end", &fault.reason);
    }
    found.0.sort();
    found.0
}

fn connection(found: &mut Findings, field: &str, go: &ConnectionTrace, ours: &ConnectionTrace) {
    found.count(&format!("{field}.awaited"), go.awaited.len(), ours.awaited.len());
    for (at, (go, ours)) in go.awaited.iter().zip(&ours.awaited).enumerate() {
        let field = format!("{field}.awaited[{at}]");
        if go.gave_up != ours.gave_up {
            found.note(&format!("{field}.gave_up"), &go.gave_up.to_string(), &ours.gave_up.to_string());
        }
        received(found, &format!("{field}.{}", go.kind.key()), &go.received, &ours.received);
    }
    received(found, &format!("{field}.rest"), &go.rest, &ours.rest);
    if go.end != ours.end {
        found.note(&format!("{field}.end"), &go.end.to_string(), &ours.end.to_string());
    }
}

fn received(found: &mut Findings, field: &str, go: &Received, ours: &Received) {
    match (go, ours) {
        (Received::Bytes(go), Received::Bytes(ours)) => message::bytes(found, field, go, ours),
        (Received::Events(go), Received::Events(ours)) => events::compare(found, field, go, ours),
        (Received::Bytes(_), Received::Events(_)) => found.note(&format!("{field}.protocol"), "HTTP/1", "HTTP/2"),
        (Received::Events(_), Received::Bytes(_)) => found.note(&format!("{field}.protocol"), "HTTP/2", "HTTP/1"),
    }
}

/// Differences as they are found.
#[derive(Default)]
struct Findings(Vec<Difference>);

impl Findings {
    fn note(&mut self, field: &str, go: &str, ours: &str) {
        self.0.push(Difference { field: field.to_owned(), go: go.to_owned(), ours: ours.to_owned() });
    }

    /// Notes the field if the texts differ.
    fn text(&mut self, field: &str, go: &str, ours: &str) {
        if go != ours {
            self.note(field, go, ours);
        }
    }

    fn count(&mut self, field: &str, go: usize, ours: usize) {
        self.text(field, &go.to_string(), &ours.to_string());
    }

    /// Compares fields by name, and the order of the names that both have.
    fn fields(&mut self, field: &str, go: &[(&str, &str)], ours: &[(&str, &str)]) {
        let values = |fields: &[(&str, &str)], wanted: &str| {
            let values: Vec<&str> =
                fields.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect();
            if values.is_empty() { "(none)".to_owned() } else { values.join(" | ") }
        };
        let mut names: Vec<&str> = go.iter().chain(ours).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            self.text(&format!("{field}.header.{name}"), &values(go, name), &values(ours, name));
        }
        let order = |fields: &[(&str, &str)], other: &[(&str, &str)]| {
            let mut order: Vec<String> = Vec::new();
            for (name, _) in fields {
                if other.iter().any(|(there, _)| there == name) && order.last().is_none_or(|last| last != name) {
                    order.push((*name).to_owned());
                }
            }
            order.join(", ")
        };
        self.text(&format!("{field}.order"), &order(go, ours), &order(ours, go));
    }
}

#[cfg(test)]
mod tests;
