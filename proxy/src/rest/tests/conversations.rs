//! Conversations with a real API server, recorded; ours is held against every answer.

use serde::Deserialize;

use super::*;
use crate::meta::{Layout, encode_json};

#[derive(Deserialize)]
struct Conversation {
    name: String,
    exchanges: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    request: Request,
    answer: Recording,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    content_type: String,
    #[serde(default)]
    accept: String,
    #[serde(default)]
    body: String,
}

#[derive(Deserialize)]
struct Recording {
    status: u16,
    #[serde(default)]
    headers: Vec<String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    bytes: bool,
}

/// What Go does and we do not: the name of a conversation, and why it is not held against ours.
const GAPS: &[(&str, &str)] = &[];

/// Our namespace `default` took revision 2, which Go's server gave to the first write.
fn one_revision_later(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("esourceVersion") {
        let digits_at =
            rest[at..].find(|character: char| character.is_ascii_digit()).map_or(rest.len(), |digit| at + digit);
        let between = &rest[at + "esourceVersion".len()..digits_at.min(rest.len())];
        if !matches!(between, "\":\"" | "\\\":\\\"" | "\": \"" | ": \"" | "=") {
            out.push_str(&rest[..at + 14]);
            rest = &rest[at + 14..];
            continue;
        }
        let end = rest[digits_at..]
            .find(|character: char| !character.is_ascii_digit())
            .map_or(rest.len(), |end| digits_at + end);
        out.push_str(&rest[..digits_at]);
        let number: u64 = rest[digits_at..end].parse().unwrap_or_default();
        out.push_str(&if number > 1 { (number + 1).to_string() } else { number.to_string() });
        rest = &rest[end..];
    }
    out + rest
}

/// What is not steady, and what we do not have, in one form.
fn masked(text: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    mask(&mut value, "");
    let pretty = text.starts_with("{\n");
    let bytes = encode_json(&value, if pretty { Layout::Pretty } else { Layout::Compact });
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn mask(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove("managedFields");
            for (key, value) in fields {
                mask(value, key);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, key)),
        Value::String(text) if key == "uid" => *text = "0".into(),
        Value::String(text) if text.len() == 20 && text.ends_with('Z') && text.starts_with('2') => *text = "now".into(),
        _ => {}
    }
}

/// Whether a path names a resource; others are for discovery.
fn is_about_objects(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let depth = path.trim_matches('/').split('/').count();
    (path.starts_with("/api/") && depth > 2) || (path.starts_with("/apis/") && depth > 3)
}

fn differences(recorded: &Recorded, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let answer = &recorded.answer;
    if seen.status() != answer.status {
        found.push(format!("status {} for {}", seen.status(), answer.status));
    }
    for name in ["Content-Type", "Warning"] {
        let prefix = format!("{name}: ");
        let mut theirs: Vec<&str> = answer.headers.iter().filter_map(|line| line.strip_prefix(&prefix)).collect();
        let name = Name::from_slice(name.as_bytes());
        let mut ours: Vec<&str> =
            seen.head.headers.all(&name).map(|value| std::str::from_utf8(value).unwrap()).collect();
        theirs.sort_unstable();
        ours.sort_unstable();
        if ours != theirs {
            found.push(format!("{name:?} {ours:?}\n     for {theirs:?}"));
        }
    }
    let (ours, theirs) = (masked(&seen.body), masked(&one_revision_later(&answer.body)));
    if ours != theirs {
        found.push(format!("body {}\n      for {}", ours.trim_end(), theirs.trim_end()));
    }
    found
}

#[test]
fn a_real_api_server_answers_the_same() {
    let text = include_str!("../../../../fixtures/vectors/rest.json");
    let conversations: Vec<Conversation> = serde_json::from_str(text).unwrap();
    let mut wrong = Vec::new();
    run(async {
        // Which paths and methods there are is the router's to say.
        for conversation in conversations.iter().filter(|one| one.name != "methods and paths that are not there") {
            let mut found = Vec::new();
            let server = Server::new().await;
            for recorded in &conversation.exchanges {
                let request = &recorded.request;
                if recorded.answer.bytes || !is_about_objects(&request.path) {
                    continue;
                }
                let mut fields = vec![(Name::USER_AGENT, "recorder/1.0")];
                for (name, value) in [(Name::CONTENT_TYPE, &request.content_type), (Name::ACCEPT, &request.accept)] {
                    if !value.is_empty() {
                        fields.push((name, value));
                    }
                }
                let (path, body) = (one_revision_later(&request.path), one_revision_later(&request.body));
                let seen = server.send(&request.method, &path, &fields, body.as_bytes()).await;
                let name = format!("{} {} {}", request.method, request.path, request.body);
                found.extend(differences(recorded, &seen).into_iter().map(|one| format!("  {name}\n    {one}")));
            }
            let gap = GAPS.iter().find(|(name, _)| *name == conversation.name);
            match gap {
                None if !found.is_empty() => wrong.push(format!("{}\n{}", conversation.name, found.join("\n"))),
                Some((name, _)) if found.is_empty() => wrong.push(format!("{name} is no gap any more")),
                _ => {}
            }
        }
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), conversations.len(), wrong.join("\n"));
}
