//! Differences within JSON, field by field.
//!
//! Documents are cut apart and not read: what two of them have in common is the same byte for byte.

use std::borrow::Cow;

use super::Findings;

/// Bodies that are JSON on both sides: notes each field in which they differ, such as `body.status.reason`. False if one of them is no
/// JSON, or both are the same but for their chunks: then they differ as a whole.
pub(super) fn bodies(found: &mut Findings, field: &str, go: &str, ours: &str) -> bool {
    let (go, ours) = (unchunked(go), unchunked(ours));
    if go == ours || !is_document(&go) || !is_document(&ours) {
        return false;
    }
    values(found, field, &go, &ours);
    true
}

fn values(found: &mut Findings, field: &str, go: &str, ours: &str) {
    if go == ours {
        return;
    }
    let before = found.0.len();
    match (cut(go), cut(ours)) {
        (Some((Kind::Object, go, go_end)), Some((Kind::Object, ours, our_end))) => {
            objects(found, field, &go, &ours);
            found.text(&format!("{field}.end"), go_end, our_end);
        }
        (Some((Kind::Array, go, go_end)), Some((Kind::Array, ours, our_end))) => {
            for at in 0..go.len().max(ours.len()) {
                pair(found, &format!("{field}[{at}]"), go.get(at).copied(), ours.get(at).copied());
            }
            found.text(&format!("{field}.end"), go_end, our_end);
        }
        _ => {}
    }
    if found.0.len() == before {
        found.note(field, go, ours);
    }
}

fn objects(found: &mut Findings, field: &str, go: &[&str], ours: &[&str]) {
    let (go, ours) = (members(go), members(ours));
    let mut names: Vec<&str> = go.iter().chain(&ours).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        pair(found, &format!("{field}.{name}"), value(&go, name), value(&ours, name));
    }
    let order = |members: &[(&str, &str)], other: &[(&str, &str)]| {
        let names = members.iter().map(|(name, _)| *name);
        names.filter(|name| value(other, name).is_some()).collect::<Vec<_>>().join(", ")
    };
    found.text(&format!("{field}.order"), &order(&go, &ours), &order(&ours, &go));
}

fn value<'a>(members: &[(&str, &'a str)], wanted: &str) -> Option<&'a str> {
    members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
}

fn pair(found: &mut Findings, field: &str, go: Option<&str>, ours: Option<&str>) {
    match (go, ours) {
        (Some(go), Some(ours)) => values(found, field, go, ours),
        (go, ours) => found.text(field, go.unwrap_or(NONE), ours.unwrap_or(NONE)),
    }
}

fn members<'a>(parts: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    parts.iter().map(|part| member(part)).collect()
}

/// The name of an object's member, without its quotes, and its value.
fn member(part: &str) -> (&str, &str) {
    let part = part.trim_start();
    let mut escaped = false;
    let end = part.bytes().skip(1).position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    match end {
        Some(length) => (&part[1..=length], part[length + 2..].strip_prefix(':').unwrap_or_default()),
        None => (part, ""),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Object,
    Array,
}

/// An object or an array, cut into what stands between its commas, and what stands behind it. None if it is neither.
fn cut(text: &str) -> Option<(Kind, Vec<&str>, &str)> {
    let text = text.trim_start();
    let kind = match text.bytes().next()? {
        b'{' => Kind::Object,
        b'[' => Kind::Array,
        _ => return None,
    };
    let (mut parts, mut start, mut depth) = (Vec::new(), 1, 0);
    let (mut in_string, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b',' if depth == 1 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            b'}' | b']' if depth == 1 => {
                if !text[start..at].trim().is_empty() {
                    parts.push(&text[start..at]);
                }
                return Some((kind, parts, &text[at + 1..]));
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn is_document(text: &str) -> bool {
    cut(text).is_some_and(|(_, _, behind)| behind.trim().is_empty())
}

/// Without its chunks. Their sizes are not looked at: they count what a placeholder stands for.
fn unchunked(text: &str) -> Cow<'_, str> {
    let Some(chunks) = text.strip_suffix("\r\n0\r\n\r\n") else { return text.into() };
    let lines: Vec<&str> = chunks.split("\r\n").collect();
    let is_size = |line: &str| line == "<length>" || line.bytes().all(|byte| byte.is_ascii_hexdigit());
    if lines.len() % 2 == 1 || !lines.iter().step_by(2).all(|line| is_size(line)) {
        return text.into();
    }
    lines.iter().skip(1).step_by(2).copied().collect::<String>().into()
}

const NONE: &str = "(none)";
