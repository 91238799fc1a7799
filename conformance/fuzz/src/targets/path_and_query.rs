use bytes::{Bytes, BytesMut};
use http::Method;
use weir::{
    forward::{ForwardedFor, Outbound},
    router::RequestInfo,
    wire::{
        Headers, RequestHead, Target as Asked, Version,
        url::{Url, Values, clean_query_params},
    },
};

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "path_and_query",
    promises: "The path that is authorised is the path that the backend decodes, and a target that was written is read and written the same.",
    words: &[
        b"/",
        b"//",
        b"..",
        b"/../",
        b"/./",
        b"%2f",
        b"%2F",
        b"%2e",
        b"%25",
        b"%00",
        b"%",
        b"?",
        b"#",
        b"&",
        b"=",
        b";",
        b"+",
        b"http://",
        b"https://h",
        b":80",
        b"@",
        b"[::1]",
        b"/apis/g/v/",
        b"/api/v1/namespaces/",
        b"watch=1",
        b"fieldSelector=metadata.name%3Da",
        b"*",
        b"\xc3\xa9",
    ],
    play,
};

fn play(input: &[u8]) {
    let raw = Bytes::copy_from_slice(input);
    let Ok(url) = Url::from_request(false, &raw) else { return };
    if !url.opaque.is_empty() {
        return; // refused before anybody is asked
    }
    let target = target_of(&url);
    assert_eq!(url.request_uri_like(&raw), target, "what is shared is what is written");
    let again = parse(&target);
    let path = if url.path.is_empty() { Bytes::from_static(b"/") } else { url.path.clone() };
    assert_eq!((&again.path, &again.raw_query), (&path, &url.raw_query), "read again");
    assert_eq!(target_of(&again), target, "written again");

    let backend = parse(&target_of(&behind(&url, b"http://backend:80/base")));
    let slash: &[u8] = if url.path.starts_with(b"/") { b"" } else { b"/" };
    assert_eq!(backend.path, [b"/base", slash, &url.path].concat(), "the path at a backend with a base");
    let backend = parse(&target_of(&behind(&url, b"http://backend:80")));
    assert_eq!(backend.path, [slash, &url.path].concat(), "the path at a backend");

    let cleaned = clean_query_params(&url.raw_query);
    assert_eq!(clean_query_params(&cleaned), cleaned, "cleaned twice");
    let (values, bad) = Values::parse(&cleaned);
    assert!(bad.is_none(), "what is clean has one reading");
    assert_eq!(values, Values::parse(&url.raw_query).0, "nothing that is read is cleaned away");

    let head = RequestHead {
        method: Method::GET,
        target: Asked { raw, url },
        version: Version::Http11,
        host: Bytes::new(),
        headers: Headers::new(),
        announced: Vec::new(),
    };
    if let Ok(info) = RequestInfo::of(&head) {
        assert_eq!(info.path, String::from_utf8_lossy(&head.target.url.path), "the path that is authorised");
    }
}

/// A target that is sent is one line's word, and can be read.
fn parse(target: &Bytes) -> Url {
    assert!(!target.iter().any(|byte| *byte < b' ' || *byte == 0x7f), "a control byte in {}", target.escape_ascii());
    Url::from_request(false, target).unwrap_or_else(|error| panic!("{}: {error}", target.escape_ascii()))
}

fn behind(url: &Url, base: &'static [u8]) -> Url {
    let base = Url::parse(&Bytes::from_static(base)).expect("a URL");
    let mut out = Outbound {
        method: Method::GET,
        url: url.clone(),
        host: Bytes::new(),
        forwarded_for: ForwardedFor::Omit,
        headers: Headers::new(),
    };
    out.redirect(&base);
    out.url
}

fn target_of(url: &Url) -> Bytes {
    let mut out = BytesMut::new();
    url.request_uri(&mut out);
    out.freeze()
}
