//! What the scripted handler saw, request by request.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use weir::wire::{Headers, Length, Name, RequestHead, Version};

use crate::latin1;

/// What the scripted handler saw, in the order in which it was called. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct SeenRequests(Arc<Mutex<Vec<SeenRequest>>>);

#[derive(Debug)]
struct SeenRequest {
    head: Vec<String>,
    body: Option<Vec<u8>>,
    body_failed: bool,
    trailers: Vec<String>,
}

/// One request's place in the list.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    all: SeenRequests,
    at: usize,
}

impl SeenRequests {
    /// All requests as lines, as a trace has them.
    pub fn lines(&self) -> Vec<Vec<String>> {
        let all = self.0.lock().expect("nothing panics while it holds the requests");
        all.iter().map(SeenRequest::lines).collect()
    }

    /// Notes the head of a request.
    pub(super) fn add(&self, head: &RequestHead, length: Length) -> Slot {
        let proto: Cow<'_, str> = match head.version {
            Version::Http09 => "HTTP/0.9".into(),
            Version::Http10 => "HTTP/1.0".into(),
            Version::Http11 => "HTTP/1.1".into(),
            Version::Http1x(minor) => format!("HTTP/1.{minor}").into(),
            Version::Http2 => "HTTP/2.0".into(),
        };
        let mut lines = vec![
            format!("{} {} {proto}", head.method, latin1::to_text(&head.target.raw)),
            format!("host: {}", latin1::to_text(&head.host)),
        ];
        let mut fields: Vec<(Name, Bytes)> =
            head.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        if let Length::Exactly(bytes) = length {
            // The head holds it as a number; Go's handler sees the field as well.
            fields.push((Name::CONTENT_LENGTH, bytes.to_string().into()));
        }
        lines.extend(field_lines("", &fields.into_iter().collect()));
        lines.push(match length {
            Length::Empty => "length: 0".to_owned(),
            Length::Exactly(bytes) => format!("length: {bytes}"),
            Length::Unknown | Length::UntilClose => "length: -1".to_owned(),
        });
        if length == Length::Unknown && head.version != Version::Http2 {
            lines.push("transfer-encoding: chunked".to_owned());
        }
        let mut all = self.0.lock().expect("nothing panics while it holds the requests");
        all.push(SeenRequest { head: lines, body: None, body_failed: false, trailers: Vec::new() });
        Slot { all: self.clone(), at: all.len() - 1 }
    }
}

impl Slot {
    /// Notes what the handler read, and whether reading failed behind it.
    pub(super) fn read(&self, bytes: &[u8], failed: bool) {
        self.change(|request| {
            request.body.get_or_insert_default().extend_from_slice(bytes);
            request.body_failed |= failed;
        });
    }

    /// Notes the trailers behind the body.
    pub(super) fn trailers(&self, trailers: &Headers) {
        self.change(|request| request.trailers = field_lines("trailer: ", trailers));
    }

    fn change(&self, change: impl FnOnce(&mut SeenRequest)) {
        let mut all = self.all.0.lock().expect("nothing panics while it holds the requests");
        change(&mut all[self.at]);
    }
}

impl SeenRequest {
    fn lines(&self) -> Vec<String> {
        let mut lines = self.head.clone();
        lines.extend(self.body.as_ref().map(|body| format!("body: {}", latin1::to_text(body))));
        if self.body_failed {
            lines.push("body-error: true".to_owned());
        }
        lines.extend(self.trailers.iter().cloned());
        lines
    }
}

/// Fields as lines, sorted by name, the values of a name in their order.
fn field_lines(prefix: &str, fields: &Headers) -> Vec<String> {
    fields
        .iter_sorted()
        .map(|(name, value)| format!("{prefix}{}: {}", latin1::to_text(name.as_bytes()), latin1::to_text(value)))
        .collect()
}
