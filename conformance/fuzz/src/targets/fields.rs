use bytes::{Bytes, BytesMut};
use weir::{
    identity::HeaderNames,
    upstream::StrippedHeaders,
    wire::{
        Headers, Name,
        headers::trim,
        http1::{Event, HeadLimits, RequestReader},
    },
    world::Planted,
};

use super::Target;

pub(super) const TARGET: Target = Target {
    name: "fields",
    promises: "No field of one connection and none that speaks of a user passes, in any spelling; every other field passes as it came.",
    words: &[
        b"Connection: ",
        b"connection:",
        b"\r\n",
        b", ",
        b"X-Remote-User",
        b"x_remote_group",
        b"X-Remote-Extra-",
        b"X-Remote-Uid",
        b"Keep-Alive",
        b"Proxy-Connection",
        b"Proxy-Authorization",
        b"Proxy-Authenticate",
        b"Te",
        b"trailers",
        b"Trailer",
        b"Upgrade",
        b"Transfer-Encoding",
        b"chunked",
        b"Content-Length: 0",
        b"Host",
        b"close",
        b"keep-alive",
        b"X-A: 1\r\n",
        b"\r\n ",
        b"\t",
        b": ",
    ],
    play,
};

/// What concerns one connection, or frames a message.
const ONE_HOP: [&str; 11] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn play(input: &[u8]) {
    let Some(inbound) = parse(input) else { return };
    let named: Vec<Vec<u8>> = inbound
        .iter()
        .filter(|(name, _)| name.as_bytes().eq_ignore_ascii_case(b"connection"))
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(|token| token.trim_ascii().to_ascii_lowercase())
        .collect();
    let passes = |name: &[u8]| {
        let name = name.to_ascii_lowercase();
        !named.contains(&name) && !ONE_HOP.iter().any(|own| own.as_bytes() == name) && !speaks_of_a_user(&name)
    };
    let expected: Vec<(Vec<u8>, Bytes)> = inbound
        .iter()
        .filter(|(name, _)| passes(name.as_bytes()))
        .map(|(name, value)| (name.as_bytes().to_vec(), value.clone()))
        .collect();
    let mut headers = StrippedHeaders::from_inbound(inbound, &Planted::none()).into_headers();
    HeaderNames::standard().strip(&mut headers);
    let left: Vec<(Vec<u8>, Bytes)> =
        headers.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.clone())).collect();
    assert_eq!(left, expected, "what passes");

    let mut written = BytesMut::new();
    headers.write_sorted(&mut written);
    let again = parse(&written).expect("what is written can be read");
    // A `Pragma` that folding had hidden may bring a `Cache-Control` along, as in Go.
    let sorted = |headers: &Headers| {
        let plain = headers.iter_sorted().filter(|(name, _)| **name != Name::CACHE_CONTROL);
        plain.map(|(name, value)| (name.clone(), trim(value).to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(sorted(&again), sorted(&headers), "what is written");
}

/// The fields of a request that has these lines; none if it is refused.
fn parse(lines: &[u8]) -> Option<Headers> {
    let mut input = BytesMut::from(&b"GET / HTTP/1.1\r\nHost: h\r\n"[..]);
    input.extend_from_slice(lines.strip_suffix(b"\r\n").unwrap_or(lines));
    input.extend_from_slice(if lines.is_empty() { b"\r\n" } else { b"\r\n\r\n" });
    let mut reader = RequestReader::new(HeadLimits { head_bytes_max: 1 << 20 });
    match reader.next(&mut input, true) {
        Ok(Event::Head(request)) => Some(request.head.headers),
        _ => None,
    }
}

/// By a reader that knows neither case nor the difference between `-` and `_`.
fn speaks_of_a_user(lower: &[u8]) -> bool {
    let read = String::from_utf8_lossy(lower).replace('_', "-");
    read.starts_with("x-remote-extra-") || matches!(&read[..], "x-remote-user" | "x-remote-group" | "x-remote-uid")
}
