mod tunnels;

use serde_json::Value;

use super::*;
use crate::refusal::asking;

const LINKS: &str = include_str!("../../../../fixtures/vectors/link.json");

/// A string of the vectors is a row of bytes.
fn bytes(value: &Value) -> Bytes {
    value.as_str().unwrap_or_default().chars().map(|character| character as u8).collect()
}

fn url(text: &'static str) -> Url {
    Url::parse(&Bytes::from_static(text.as_bytes())).unwrap()
}

#[test]
fn links_are_rewritten_as_go_does() {
    let vectors: Value = serde_json::from_str(LINKS).unwrap();
    let rows = vectors["rows"].as_array().unwrap();
    assert!(rows.len() > 1200, "{} rows", rows.len());
    let mut differ = Vec::new();
    for row in rows {
        // What the client asked for is what stands in front, and then the path of the location.
        let path = [&bytes(&row["prepend"])[..], b"/page"].concat().into();
        let asked = Url { scheme: bytes(&row["scheme"]), host: bytes(&row["host"]), path, ..Url::default() };
        let links = Links::new(&asked, &url("http://backend.test:80/page"), bytes(&row["asked"]));
        let got = Link::parse(&bytes(&row["in"])).map_err(Fault::Location).map(|link| links.rewrite(link));
        let said = match &got {
            Ok(out) => out.clone(),
            Err(fault) => fault.to_string().into(),
        };
        if said != bytes(&row[if got.is_ok() { "out" } else { "error" }]) {
            differ.push(format!("{row}: {}", said.escape_ascii()));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), rows.len(), differ.join("\n"));
}

#[test]
fn the_prefix_is_what_stands_before_the_location() {
    for (asked, location, expected) in [
        ("/proxy/pods/p/location", "/location", "/proxy/pods/p/x"),
        ("/proxy/pods/p/location/", "/location", "/proxy/pods/p/x"),
        ("/proxy/pods/p/location/", "/location/", "/proxy/pods/p/x"),
        ("/proxy/pods/p/", "/", "/proxy/pods/p/x"),
        ("/elsewhere", "/location", "/elsewhere/x"),
        ("/a%20b/location", "/location", "/a%20b/x"),
        ("/location", "/location", "/x"),
    ] {
        let links = Links::new(&url(asked), &url(location), Bytes::new());
        let link = Link::parse(&Bytes::from_static(b"/x")).unwrap();
        assert_eq!(links.rewrite(link), expected, "{asked} at {location}");
    }
}

#[test]
fn the_way_to_the_slash_never_leads_to_another_host() {
    for (asked, expected) in [
        ("/a?b=c", "/a/?b=c"),
        ("/", "//"), // not reached: what ends with a slash is not sent to one
        ("//evil.test/%2e%2e", "/evil.test/../"),
        ("///evil.test", "/evil.test/"),
    ] {
        let asked = Url::parse_request_uri(&Bytes::from_static(asked.as_bytes())).unwrap();
        let Answer::Reply(head, _) = to_the_slash(&asked) else { panic!("no reply") };
        assert_eq!((head.status.as_u16(), location(&head).unwrap()), (301, &Bytes::from(expected)));
    }
}

#[test]
fn only_wishes_for_known_protocols_are_heard() {
    let known = Upgrades::Only(&[b"websocket", b"SPDY/3.1"]);
    let asked = |upgrades: Upgrades, connection: &'static str, protocol: &'static str| {
        let mut head = asking("/", "*/*");
        head.headers.append(Name::CONNECTION, connection);
        head.headers.append(Name::UPGRADE, protocol);
        upgrades.asked(&head).map(|asked| asked.map(|asked| String::from_utf8(asked.to_vec()).unwrap()))
    };
    assert_eq!(asked(known, "keep-alive, Upgrade", "WebSocket").unwrap().as_deref(), Some("WebSocket"));
    assert_eq!(asked(known, "Upgrade", "h2c").unwrap(), None);
    assert_eq!(asked(known, "Upgrade", "\u{e9}").unwrap(), None);
    assert_eq!(asked(Upgrades::Any, "Upgrade", "h2c").unwrap().as_deref(), Some("h2c"));
    assert_eq!(asked(Upgrades::Any, "x-upgrade-y", "h2c").unwrap(), None, "a word that contains it is another word");
    assert!(asked(Upgrades::Any, "Upgrade", "\u{e9}").is_err());
}

#[test]
fn faults_are_said_as_gos_api_server_says_them() {
    let said = |fault: Fault| {
        let status = fault.status();
        (status.code, status.message)
    };
    assert_eq!(said(Fault::UpgradeRequired), (400, "Upgrade request required".into()));
    assert_eq!(said(Fault::Unreached("EOF".into())), (503, "error trying to reach service: EOF".into()));
    assert_eq!(said(Fault::NotSwitched(StatusCode::OK)), (500, "invalid upgrade response: status code 200".into()));
    assert_eq!(said(Fault::Failed("EOF".into())), (500, "EOF".into()));
}
