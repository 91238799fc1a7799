//! Differences within HTTP/2, event by event.

use super::{Findings, json};

/// Lists of events: one by one where both have the same kinds in the same order, else as a whole.
pub(super) fn compare(found: &mut Findings, field: &str, go: &[String], ours: &[String]) {
    let go_events: Vec<Event<'_>> = go.iter().map(|line| Event::of(line)).collect();
    let our_events: Vec<Event<'_>> = ours.iter().map(|line| Event::of(line)).collect();
    let same_kinds = go_events.len() == our_events.len()
        && go_events.iter().zip(&our_events).all(|(go, ours)| (go.kind, go.stream) == (ours.kind, ours.stream));
    if !same_kinds {
        return found.note(&format!("{field}.events"), &go.join("\n"), &ours.join("\n"));
    }
    for (at, (go, ours)) in go_events.iter().zip(&our_events).enumerate() {
        let field = format!("{field}[{at}]");
        match (go.fields(), ours.fields()) {
            (Some(go_fields), Some(our_fields)) => {
                found.fields(&field, &borrowed(&go_fields), &borrowed(&our_fields));
                found.text(&format!("{field}.end_stream"), go.end(), ours.end());
            }
            _ => {
                let field = format!("{field}.{}", go.kind.to_lowercase());
                match (go.bytes(), ours.bytes()) {
                    (Some(bytes), Some(our_bytes)) if json::bodies(found, &field, &bytes, &our_bytes) => {
                        found.text(&format!("{field}.end_stream"), go.end(), ours.end());
                    }
                    _ => found.text(&field, go.text, ours.text),
                }
            }
        }
    }
}

/// One line of a trace: its kind, the stream where there is one, the rest.
struct Event<'a> {
    kind: &'a str,
    stream: &'a str,
    text: &'a str,
}

impl<'a> Event<'a> {
    fn of(line: &'a str) -> Self {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "GOAWAY" {
            return Self { kind, stream: "", text: rest };
        }
        let (stream, text) = rest.split_once(' ').unwrap_or((rest, ""));
        Self { kind, stream, text }
    }

    /// The fields of HEADERS.
    fn fields(&self) -> Option<Vec<(String, String)>> {
        let list = self.text.strip_suffix(END_STREAM).unwrap_or(self.text);
        if self.kind == "HEADERS" { serde_json::from_str(list).ok() } else { None }
    }

    /// The bytes of DATA.
    fn bytes(&self) -> Option<String> {
        let quoted = self.text.strip_suffix(END_STREAM).unwrap_or(self.text);
        if self.kind == "DATA" { serde_json::from_str(quoted).ok() } else { None }
    }

    fn end(&self) -> &'static str {
        if self.text.ends_with(END_STREAM) { "true" } else { "false" }
    }
}

fn borrowed(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

const END_STREAM: &str = " end_stream";
