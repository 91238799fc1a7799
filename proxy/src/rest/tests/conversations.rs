//! Conversations with a real API server, recorded; ours is held against every answer.

use prost::Message as _;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::{
    meta::{Layout, encode_json},
    rest::watch::event::WatchEvent,
};

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
    /// What is asked while the answer goes on.
    #[serde(default)]
    during: Vec<Recorded>,
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
const GAPS: &[(&str, &str)] = &[
    ("a body in YAML", "the words for broken YAML are our library's, and keys that are there twice are not told of"),
    ("an answer of an unknown media type", "the router refuses it before"),
    ("a watch of an unknown media type", "the router refuses it before"),
    ("a patch of an unknown type", "the router refuses it before"),
    ("strategic merge of wrong types", "Go's converter has other words for lists and structs than its JSON decoder"),
    ("merge patch", "Go shows managedFields"),
    ("a patch that changes what may not change", "Go shows managedFields"),
    ("apply makes and changes an object", "there is no server-side apply"),
    ("a namespace is terminated", "a namespace is emptied before its delete is answered"),
    ("a put of another name", "the text names the key, which differs by storage"),
];

/// Our namespace `default` took revision 2, which Go's server gave to the first write.
fn one_revision_later(text: &str) -> String {
    let before = [
        "esourceVersion\":\"",
        "esourceVersion\\\":\\\"",
        "esourceVersion\": \"",
        "esourceVersion: \"",
        "esourceVersion=",
        "in the precondition (",
        "too old resource version: ",
        "ResourceVersion in record (",
    ];
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = before.iter().filter_map(|one| Some(rest.find(one)? + one.len())).min() {
        let digits = rest[at..].bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(&rest[..at]);
        out.push_str(&match rest[at..at + digits].parse::<u64>() {
            Ok(number) if number > 0 => (number + 1).to_string(),
            _ => rest[at..at + digits].to_owned(),
        });
        rest = &rest[at + digits..];
    }
    out + rest
}

/// What is not steady, and what we do not have, in one form.
fn masked(text: &str) -> String {
    if text.starts_with("{\"type\":") {
        // The namespace that is always there with us.
        let ours = |line: &&str| line.contains("\"kind\":\"Namespace\"") && line.contains("\"name\":\"default\"");
        return text.lines().filter(|line| !ours(line)).map(masked_document).collect();
    }
    masked_document(text)
}

fn masked_document(text: &str) -> String {
    if text.starts_with("apiVersion:") {
        let mut value = crate::meta::yaml::decode_yaml(text).unwrap();
        mask(&mut value, "");
        return String::from_utf8(crate::meta::encode_yaml(&value).to_vec()).unwrap();
    }
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
            if let Some(base) = fields.get("generateName").and_then(Value::as_str) {
                let name = format!("{base}xxxxx");
                fields.insert("name".into(), name.into());
            }
            for (key, value) in fields {
                mask(value, key);
            }
        }
        Value::Array(items) => {
            // The namespace that is always there with us.
            items.retain(|item| {
                let metadata = item.get("object").unwrap_or(item).get("metadata");
                metadata.is_none_or(|metadata| metadata["name"] != "default")
            });
            items.iter_mut().for_each(|item| mask(item, key));
        }
        Value::String(text) if key == "uid" => *text = "0".into(),
        Value::String(text) if key == "continue" => *text = "token".into(),
        Value::String(text) if text.len() == 20 && text.ends_with('Z') && text.starts_with('2') => *text = "now".into(),
        // An age: a watch takes its seconds.
        Value::String(text) if text.strip_suffix('s').is_some_and(|age| age.parse::<u8>().is_ok()) => {
            *text = "0s".into();
        }
        // How far back a server remembers is its own.
        Value::String(text) if text.starts_with("too old resource version: ") && text.ends_with(')') => {
            text.truncate(text.find(" (").unwrap());
        }
        // The keys of Services are kube-apiserver's, where the recorder's server has its own.
        Value::String(text) if text.contains(SERVICE_KEYS) => {
            *text = text.replace(SERVICE_KEYS, "/registry/services/");
            mask(value, key);
        }
        Value::String(text) => *text = text.split(' ').map(without_uid).collect::<Vec<_>>().join(" "),
        _ => {}
    }
}

const SERVICE_KEYS: &str = "/registry/services/specs/";

/// The events of a watch in protobuf, a line of JSON for each.
fn lines_of_frames(mut bytes: &[u8]) -> String {
    let mut lines = String::new();
    while !bytes.is_empty() {
        let length = u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let event = WatchEvent::decode(&bytes[4..4 + length]).unwrap();
        let object = protobuf::decode(&event.object.raw).unwrap();
        lines += &(json!({"type": event.kind, "object": object}).to_string() + "\n");
        bytes = &bytes[4 + length..];
    }
    lines
}

/// A word that is a uid, or has one in parentheses.
fn without_uid(word: &str) -> &str {
    let bare = word.trim_matches(['(', ')', '.']);
    if bare.len() == 36 && bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]) { "0" } else { word }
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
    let (ours, theirs) = if answer.bytes {
        let theirs: Vec<u8> = answer.body.chars().map(|byte| u8::try_from(byte).unwrap()).collect();
        (lines_of_frames(&seen.bytes), lines_of_frames(&theirs))
    } else {
        (seen.body.clone(), answer.body.clone())
    };
    let (ours, theirs) = (masked(&ours), masked(&one_revision_later(&theirs)));
    if ours != theirs {
        found.push(format!("body {}\n      for {}", ours.trim_end(), theirs.trim_end()));
    }
    found
}

/// A body with everything that is there many times: `${x*7}` stands for `xxxxxxx`.
fn spelled(body: &str) -> String {
    let Some((before, rest)) = body.split_once("${") else { return body.to_owned() };
    let (times, after) = rest.split_once('}').unwrap();
    let (what, times) = times.split_once('*').unwrap();
    format!("{before}{}{}", what.repeat(times.parse().unwrap()), spelled(after))
}

/// Asks what was asked; gives what is answered otherwise.
async fn play(server: &Server, recorded: &Recorded) -> Vec<String> {
    let request = &recorded.request;
    if !is_about_objects(&request.path) {
        return Vec::new();
    }
    let mut fields = vec![(Name::USER_AGENT, "recorder/1.0")];
    for (name, value) in [(Name::CONTENT_TYPE, &request.content_type), (Name::ACCEPT, &request.accept)] {
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let (path, body) = (one_revision_later(&request.path), one_revision_later(&spelled(&request.body)));
    let (head, body) = server.open(&request.method, &path, &fields, body.as_bytes()).await;
    let mut found = Vec::new();
    for recorded in &request.during {
        found.extend(Box::pin(play(server, recorded)).await);
    }
    let seen = seen(head, body).await;
    // Bytes of objects are held against Go's where objects are turned into them.
    let is_stream = request.path.contains("watch=") && recorded.answer.status == 200;
    if is_stream || !recorded.answer.bytes {
        let name = format!("{} {} {} {}", request.method, request.path, request.accept, request.body);
        found.extend(differences(recorded, &seen).into_iter().map(|one| format!("  {name}\n    {one}")));
    }
    found
}

#[test]
fn a_real_api_server_answers_the_same() {
    let text = include_str!("../../../../fixtures/vectors/rest.json");
    let conversations: Vec<Conversation> = serde_json::from_str(text).unwrap();
    let is_recorded = |name: &str| conversations.iter().any(|conversation| conversation.name == name);
    let unknown = GAPS.iter().filter(|(name, _)| !is_recorded(name));
    let mut wrong: Vec<String> = unknown.map(|(name, _)| format!("{name} names no conversation")).collect();
    run(async {
        // Which paths and methods there are is the router's to say.
        for conversation in conversations.iter().filter(|one| one.name != "methods and paths that are not there") {
            let mut found = Vec::new();
            let mut server = Server::new().await;
            for recorded in &conversation.exchanges {
                if recorded.request.method == "RESTART" {
                    server = server.begin_again().await;
                    continue;
                }
                found.extend(play(&server, recorded).await);
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
