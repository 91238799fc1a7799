//! Differences within what the scripted handler saw.

use super::{Findings, message};
use crate::{
    scenario::{Case, Protocol},
    trace::CaseTrace,
};

/// Our trace as it is held beside Go's, with what cannot be the same taken from Go's.
///
/// The handler of ours sees the length of a request as a number alone, Go's sees its `Content-Length` field as well: the field is taken
/// over for every request whose number is the same. Requests on HTTP/2 streams that run at once have no order: theirs is made Go's.
pub fn beside(go: &CaseTrace, case: &Case, mut ours: CaseTrace) -> CaseTrace {
    if case.subject.front == Protocol::Http2 {
        let mut left = std::mem::take(&mut ours.seen);
        for request in &go.seen {
            if let Some(at) = left.iter().position(|other| other.first() == request.first()) {
                ours.seen.push(left.remove(at));
            }
        }
        ours.seen.append(&mut left);
    }
    for (ours, go) in ours.seen.iter_mut().zip(&go.seen) {
        if number(ours) == number(go) {
            ours.retain(|line| !is_length_field(line));
            if let Some(at) = go.iter().position(is_length_field) {
                ours.insert(at.min(ours.len()), go[at].clone());
            }
        }
    }
    ours
}

#[expect(clippy::ptr_arg, reason = "asked of the elements of a list of lines")]
fn is_length_field(line: &String) -> bool {
    line.starts_with("Content-Length: ")
}

fn number(lines: &[String]) -> Option<&String> {
    lines.iter().find(|line| line.starts_with("length: "))
}

/// What the scripted handler saw of one request, line by line.
pub(super) fn compare(found: &mut Findings, field: &str, go: &[String], ours: &[String]) {
    let (go, ours) = (Seen::of(go), Seen::of(ours));
    found.text(&format!("{field}.request_line"), go.request_line, ours.request_line);
    found.fields(field, &go.fields, &ours.fields);
    message::body(found, &format!("{field}.header.body"), go.body, ours.body);
}

struct Seen<'a> {
    request_line: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    /// What was read, or that nothing was.
    body: &'a str,
}

impl<'a> Seen<'a> {
    fn of(lines: &'a [String]) -> Self {
        let mut lines = lines.iter().map(String::as_str);
        let request_line = lines.next().unwrap_or_default();
        let (bodies, fields): (Vec<_>, Vec<_>) =
            lines.map(|line| line.split_once(": ").unwrap_or((line, ""))).partition(|(name, _)| *name == "body");
        Self { request_line, fields, body: bodies.first().map_or("(none)", |(_, body)| body) }
    }
}
