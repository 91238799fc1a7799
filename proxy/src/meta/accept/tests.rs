use bytes::Bytes;
use http::Method;

use super::*;
use crate::wire::{Headers, Target, Version, trailers::Announced, url::Url};

fn request(target: &'static str, fields: &[(&Name, &'static str)]) -> RequestHead {
    let raw = Bytes::from_static(target.as_bytes());
    let url = Url::parse_request_uri(&raw).unwrap();
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.append((*name).clone(), *value);
    }
    RequestHead {
        method: Method::GET,
        target: Target { raw, url },
        version: Version::Http11,
        host: Bytes::new(),
        headers,
        announced: Announced::new(),
    }
}

fn accepting(accept: &'static str) -> Result<Accepted, Status> {
    let tables =
        |media, kind: &GroupVersionKind| media != Media::Protobuf && kind.kind == "Table" && kind.version == "v1";
    negotiate(&request("/", &[(&Name::ACCEPT, accept)]), &Offer::transformed(Media::ALL, tables))
}

#[test]
fn what_is_accepted_is_chosen_as_go_chooses() {
    for (accept, media) in [
        ("", Media::Json),
        ("*/*", Media::Json),
        ("*", Media::Json),
        ("application/yaml", Media::Yaml),
        ("application/json;q=0.1, application/yaml", Media::Yaml),
        ("*/*, application/yaml", Media::Yaml),
        ("text/html, application/vnd.kubernetes.protobuf;q=0", Media::Protobuf),
        ("application/vnd.kubernetes.protobuf, application/json", Media::Protobuf),
        ("json, application/yaml", Media::Yaml),
        ("application/json;as=Chart, application/yaml", Media::Yaml),
    ] {
        assert_eq!(accepting(accept).unwrap().media, media, "{accept}");
    }
}

#[test]
fn a_table_is_agreed_on_where_it_is_offered() {
    let table = accepting("application/json;as=Table;v=v1;g=meta.k8s.io,application/json").unwrap();
    assert_eq!(
        table.transform,
        Some(GroupVersionKind { group: "meta.k8s.io".into(), version: "v1".into(), kind: "Table".into() })
    );
    let plain = accepting("application/json;as=Table;v=v2;g=meta.k8s.io,application/json").unwrap();
    assert_eq!(plain.transform, None);
}

#[test]
fn nothing_in_common_is_a_406_that_lists_the_offer() {
    for accept in ["json", "text/html", "application/json;as=Chart", "application/json;stream=other"] {
        let status = accepting(accept).unwrap_err();
        assert_eq!(status.code, 406, "{accept}");
        assert_eq!(
            status.message,
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"
        );
    }
}

#[test]
fn a_watch_has_no_yaml() {
    let offer = Offer { stream: Stream::Watch, ..Offer::plain(Media::ALL) };
    let status = negotiate(&request("/", &[(&Name::ACCEPT, "application/yaml")]), &offer).unwrap_err();
    assert_eq!(
        status.message,
        "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
    );
}

#[test]
fn people_get_indented_text() {
    for (target, agent, layout) in [
        ("/", "", Layout::Compact),
        ("/", "curl/8", Layout::Pretty),
        ("/", "CURL/8", Layout::Compact),
        ("/", "Mozilla/5.0 x", Layout::Pretty),
        ("/?pretty=0", "curl/8", Layout::Compact),
        ("/?pretty=yes", "curl/8", Layout::Compact),
        ("/?pretty", "curl/8", Layout::Pretty),
        ("/?pretty", "", Layout::Compact),
        ("/?pretty=T", "", Layout::Pretty),
    ] {
        let accepted = negotiate(&request(target, &[(&Name::USER_AGENT, agent)]), &Offer::plain(Media::ALL)).unwrap();
        assert_eq!(accepted.layout, layout, "{target} {agent}");
    }
}

#[test]
fn a_failure_is_said_even_to_who_accepts_nothing() {
    let status = Status::bad_request("no");
    let (content_type, body) = render_status(&status, &request("/", &[(&Name::ACCEPT, "text/html")]));
    assert_eq!(content_type, "application/json");
    assert!(body.starts_with(b"{\n  \"kind\"") && body.ends_with(b"\n}"));
    let (content_type, body) = render_status(&status, &request("/", &[(&Name::ACCEPT, "application/yaml")]));
    assert_eq!(content_type, "application/yaml");
    assert_eq!(
        body,
        "apiVersion: v1\ncode: 400\nkind: Status\nmessage: \"no\"\nmetadata: {}\nreason: BadRequest\nstatus: Failure\n"
    );
}
