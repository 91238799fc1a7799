//! The pure functions of `wire` give Go's answers on every recorded input.
//!
//! The answers are in `fixtures/vectors`; `fixtures/recorder/vectors/main.go` writes them.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use weir::wire::{
    Headers, Name, host, media_type, sniff, token,
    url::{self, Url, Values},
};

#[test]
fn urls_are_read_and_written_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/url.json"));
    check(&file, 600, |row| {
        let input = bytes(&row["in"]);
        compare_url("request", Url::parse_request_uri(&input), &row["request"])?;
        compare_url("parse", Url::parse(&input), &row["parse"])?;
        if let Some(connect) = row.get("connect") {
            compare_url("connect", Url::from_request(true, &input), connect)?;
            compare_url("get", Url::from_request(false, &input), &row["request"])?;
        }
        Ok(())
    });
}

#[test]
fn every_byte_is_allowed_in_a_url_where_go_allows_it() {
    for around in read(include_str!("../../fixtures/vectors/url.json"))["bytes"].as_array().unwrap() {
        let escaped = around["escaped"].as_bool().unwrap();
        let accepted = accepted(|byte| {
            let mut written = bytes(&around["before"]).to_vec();
            if escaped {
                written.extend(format!("%{byte:02x}").bytes());
            } else {
                written.push(byte);
            }
            written.extend(bytes(&around["after"]));
            Url::parse(&written.into()).is_ok()
        });
        assert_eq!(accepted, bytes(&around["accepted"]), "{around}");
    }
}

#[test]
fn queries_are_read_encoded_and_cleaned_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/query.json"));
    check(&file, 230, |row| {
        let input = bytes(&row["in"]);
        let (values, wrong) = Values::parse(&input);
        same("error", wrong.map(|wrong| wrong.to_string()).unwrap_or_default(), &row["error"])?;
        if row["in"].is_string() {
            let none = Vec::new();
            let pairs = row["pairs"].as_array().unwrap_or(&none);
            let expected: Vec<Vec<Bytes>> =
                pairs.iter().map(|pair| pair.as_array().unwrap().iter().map(bytes).collect()).collect();
            let got: Vec<Vec<Bytes>> =
                values.iter().map(|(key, values)| [std::slice::from_ref(key), values].concat()).collect();
            if got != expected {
                return Err(format!("pairs: {got:?}"));
            }
            let mut encoded = BytesMut::new();
            values.encode(&mut encoded);
            same("encode", encoded, &row["encode"])?;
        }
        let clean = url::clean_query_params(&input);
        match row.get("clean") {
            Some(expected) => same("clean", clean, expected),
            None if clean == input => Ok(()),
            None => Err(format!("cleaned to {clean:?}")),
        }
    });
}

#[test]
fn a_request_is_laid_on_a_base_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/join.json"));
    check(&file, 500, |row| {
        let base = Url::parse(&bytes(&row["base"])).unwrap();
        let mut request = Url::parse_request_uri(&bytes(&row["request"])).unwrap();
        (request.path, request.raw_path) = url::join_paths(&base, &request);
        request.raw_query = url::join_queries(&base.raw_query, &request.raw_query);
        request.scheme = base.scheme;
        request.host = base.host;
        let mut target = BytesMut::new();
        request.request_uri(&mut target);
        same("path", request.path, &row["path"])?;
        same("raw_path", request.raw_path, &row["raw_path"])?;
        same("raw_query", request.raw_query, &row["raw_query"])?;
        same("request_uri", target, &row["request_uri"])
    });
}

#[test]
fn a_body_is_sniffed_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/sniff.json"));
    check(&file, 800, |row| same("type", sniff::detect_content_type(&bytes(&row["in"])), &row["type"]));
    let text = accepted(|byte| sniff::detect_content_type(&[b'a', byte]).starts_with("text/plain"));
    assert_eq!(text, bytes(&file["bytes"][0]["text"]));
}

#[test]
fn a_media_type_is_read_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/media_type.json"));
    check(&file, 350, |row| {
        let input = bytes(&row["in"]);
        let found = media_type::media_type(&input).unwrap_or_default();
        same("event stream", media_type::is_event_stream(&input).to_string(), &is_event_stream(row))?;
        same("type", found, &row["type"])
    });
    let every = &file["bytes"][0];
    let around = |before: &str, byte: u8, after: &str| [before.as_bytes(), &[byte], after.as_bytes()].concat();
    let types = accepted(|byte| media_type::media_type(&around("a", byte, "c/d")).is_some());
    assert_eq!(types, bytes(&every["type"]));
    let blanks = accepted(|byte| media_type::media_type(&around("a/b", byte, "")).is_some_and(|base| *base == *b"a/b"));
    assert_eq!(blanks, bytes(&every["blank"]));
    let parameters = accepted(|byte| media_type::media_type(&around("a/b;c=d", byte, "e;f=1;f=2")).is_none());
    assert_eq!(parameters, bytes(&every["parameter"]));
    let quoted = accepted(|byte| media_type::media_type(&around("a/b;c=\"d", byte, "e\";f=1;f=2")).is_none());
    assert_eq!(quoted, bytes(&every["quoted"]));
}

#[test]
fn a_host_is_checked_and_read_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/host.json"));
    check(&file, 200, |row| {
        let input = bytes(&row["in"]);
        if let Some(valid) = row.get("valid") {
            same("valid", host::valid_host_header(&input).to_string(), &Value::String(valid.to_string()))?;
        }
        if let Some(sent) = row.get("without_zone") {
            same("without_zone", host::remove_zone(&input), sent)?;
        }
        let url = Url { host: input, ..Url::default() };
        same("hostname", url.hostname(), &row["hostname"])?;
        same("url_port", url.port(), &row["url_port"])
    });
    let hosts = accepted(|byte| host::valid_host_header(&[b'a', byte, b'c']));
    assert_eq!(hosts, bytes(&file["bytes"][0]["host"]));
}

#[test]
fn bytes_are_quoted_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/quote.json"));
    check(&file, 180, |row| same("out", token::go_quote(&bytes(&row["in"])).to_string(), &row["out"]));

    let mut printable = vec![false; 0x11_0000];
    for range in file["bytes"][0]["printable"].as_array().unwrap() {
        let end = |at: usize| range[at].as_u64().unwrap() as usize;
        printable[end(0)..=end(1)].fill(true);
    }
    for character in '\0'..=char::MAX {
        let shown = match character {
            '"' | '\\' => true,
            _ => token::go_quote(character.to_string().as_bytes()).to_string() == format!("\"{character}\""),
        };
        assert_eq!(shown, printable[character as usize], "{character:?}");
    }
}

#[test]
fn lists_of_tokens_are_read_as_go_does() {
    let file = read(include_str!("../../fixtures/vectors/token.json"));
    check(&file, 180, |row| {
        let values: Vec<Bytes> = row["values"].as_array().unwrap().iter().map(bytes).collect();
        let values = || values.iter().map(|value| &value[..]);
        let headers: Headers = values().map(|value| (Name::CONNECTION, Bytes::copy_from_slice(value))).collect();
        let upgrade = headers.has_token(&Name::CONNECTION, b"Upgrade");
        if upgrade != row["upgrade"] {
            return Err(format!("upgrade: {upgrade}"));
        }
        let named =
            |name: &&str| values().flat_map(token::tokens).any(|item| item.eq_ignore_ascii_case(name.as_bytes()));
        let removed: Vec<&str> = ["X-A", "X-B"].into_iter().filter(named).collect();
        if Value::from(removed.clone()) != row["removed"] {
            return Err(format!("removed: {removed:?}"));
        }
        Ok(())
    });
    let every = &file["bytes"][0];
    assert_eq!(accepted(|byte| token::is_token(&[b'a', byte, b'c'])), bytes(&every["token"]));
    assert_eq!(accepted(|byte| token::is_valid_field_value(&[b'a', byte, b'c'])), bytes(&every["field_value"]));
    assert_eq!(accepted(|byte| token::is_ascii_print(&[b'a', byte, b'c'])), bytes(&every["print"]));
}

fn compare_url(form: &str, got: Result<Url, url::BadUrl>, said: &Value) -> Result<(), String> {
    let in_form = |problem: String| format!("{form}: {problem}");
    let url = match got {
        Ok(url) => url,
        Err(refused) => return same("error", refused.to_string(), &said["error"]).map_err(in_form),
    };
    let flag = |set: bool| if set { "true" } else { "" };
    let written = |write: &dyn Fn(&mut BytesMut)| {
        let mut out = BytesMut::new();
        write(&mut out);
        out.freeze()
    };
    let string = written(&|out| url.write(out));
    let redacted = said.get("redacted").unwrap_or(&said["string"]);
    let expected_user = |name: &str| said.get(name).map(bytes);
    let pairs: [(&str, Bytes, &Value); 14] = [
        ("error", Bytes::new(), &said["error"]),
        ("scheme", url.scheme.clone(), &said["scheme"]),
        ("opaque", url.opaque.clone(), &said["opaque"]),
        ("host", url.host.clone(), &said["host"]),
        ("path", url.path.clone(), &said["path"]),
        ("raw_path", url.raw_path.clone(), &said["raw_path"]),
        ("raw_query", url.raw_query.clone(), &said["raw_query"]),
        ("hostname", Bytes::copy_from_slice(url.hostname()), &said["hostname"]),
        ("port", Bytes::copy_from_slice(url.port()), &said["port"]),
        ("escaped_path", url.escaped_path(), &said["escaped_path"]),
        ("request_uri", written(&|out| url.request_uri(out)), &said["request_uri"]),
        ("string", string.clone(), &said["string"]),
        ("force_query", flag(url.force_query).into(), &flagged(&said["force_query"])),
        ("omit_host", flag(url.omit_host).into(), &flagged(&said["omit_host"])),
    ];
    for (name, got, expected) in pairs {
        same(name, got, expected).map_err(in_form)?;
    }
    if string.is_ascii() {
        same("redacted", url.to_string(), redacted).map_err(in_form)?;
    }
    if (url.username(), url.password()) != (expected_user("username"), expected_user("password")) {
        return Err(in_form(format!("user: {:?} {:?}", url.username(), url.password())));
    }
    Ok(())
}

/// Go leaves `false` out.
fn flagged(said: &Value) -> Value {
    Value::from(if said == &Value::Bool(true) { "true" } else { "" })
}

fn is_event_stream(row: &Value) -> Value {
    Value::from((row["type"] == "text/event-stream").to_string())
}

fn read(file: &str) -> Value {
    serde_json::from_str(file).unwrap()
}

/// Runs every row, and names all that differ. At least so many rows must be there.
fn check(file: &Value, rows_min: usize, row_differs: impl Fn(&Value) -> Result<(), String>) {
    let rows = file["rows"].as_array().unwrap();
    assert!(rows.len() >= rows_min, "{} rows", rows.len());
    let differ: Vec<String> =
        rows.iter().filter_map(|row| row_differs(row).err().map(|problem| format!("{problem}\n  of {row}"))).collect();
    assert!(differ.is_empty(), "{} of {} rows differ:\n{}", differ.len(), rows.len(), differ.join("\n"));
}

/// An absent expectation is an empty one.
fn same(what: &str, got: impl AsRef<[u8]>, expected: &Value) -> Result<(), String> {
    let got = got.as_ref();
    if got == bytes(expected) { Ok(()) } else { Err(format!("{what}: got {}", got.escape_ascii())) }
}

/// The bytes that a Latin-1 string, or a list of strings and repetitions, stands for.
fn bytes(value: &Value) -> Bytes {
    match value {
        Value::Null => Bytes::new(),
        Value::String(text) => text.chars().map(|character| u8::try_from(character).unwrap()).collect(),
        Value::Array(pieces) => pieces.iter().flat_map(bytes).collect(),
        Value::Object(piece) => bytes(&piece["repeat"]).repeat(piece["times"].as_u64().unwrap() as usize).into(),
        Value::Bool(_) | Value::Number(_) => panic!("no bytes: {value}"),
    }
}

fn accepted(good: impl Fn(u8) -> bool) -> Bytes {
    (0..=255).filter(|byte| good(*byte)).collect()
}
