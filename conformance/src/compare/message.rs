//! Differences within HTTP/1.

use super::{Findings, json};

/// Bytes: the parts of a message where both are one, else the bytes as a whole.
pub(super) fn bytes(found: &mut Findings, field: &str, go: &str, ours: &str) {
    if go == ours {
        return;
    }
    let (Some(go), Some(ours)) = (Message::of(go), Message::of(ours)) else {
        return found.note(field, go, ours);
    };
    match (&go.start, &ours.start) {
        (Start::Answer { version, status }, Start::Answer { version: our_version, status: our_status }) => {
            found.text(&format!("{field}.version"), version, our_version);
            found.text(&format!("{field}.status"), status, our_status);
        }
        (Start::Request(go), Start::Request(ours)) => found.text(&format!("{field}.request_line"), go, ours),
        (Start::Answer { .. }, Start::Request(ours)) => found.note(&format!("{field}.kind"), "an answer", ours),
        (Start::Request(go), Start::Answer { .. }) => found.note(&format!("{field}.kind"), go, "an answer"),
    }
    found.fields(field, &go.fields, &ours.fields);
    match (Message::of(go.rest), Message::of(ours.rest)) {
        // Behind an interim answer, or of a pipeline.
        (Some(_), Some(_)) => bytes(found, &format!("{field}.next"), go.rest, ours.rest),
        _ => body(found, &format!("{field}.body"), go.rest, ours.rest),
    }
}

/// Bodies: the fields in which they differ where both are JSON, else the bodies as a whole.
pub(super) fn body(found: &mut Findings, field: &str, go: &str, ours: &str) {
    if !json::bodies(found, field, go, ours) {
        found.text(field, go, ours);
    }
}

struct Message<'a> {
    start: Start<'a>,
    fields: Vec<(&'a str, &'a str)>,
    rest: &'a str,
}

enum Start<'a> {
    Answer { version: &'a str, status: &'a str },
    Request(&'a str),
}

impl<'a> Message<'a> {
    /// A head with lines of CR LF, complete, and what is behind it.
    fn of(text: &'a str) -> Option<Self> {
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let start = lines.next()?;
        let start = if start.starts_with("HTTP/") {
            let (version, status) = start.split_once(' ')?;
            Start::Answer { version, status }
        } else if start.contains(" HTTP/") {
            Start::Request(start)
        } else {
            return None;
        };
        let fields = lines.map(|line| line.split_once(": ")).collect::<Option<_>>()?;
        Some(Self { start, fields, rest })
    }
}
