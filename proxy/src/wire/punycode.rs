//! Hosts outside of ASCII: how they are written where only ASCII may stand.

use std::borrow::Cow;

use bytes::Bytes;
use idna::{
    AsciiDenyList, punycode,
    uts46::{DnsLength, Hyphens, Uts46},
};
use memchr::memrchr;

/// The name under which a host is looked up and dialled, and under which proxies and certificates know it: mapped (lower case, ...) and
/// checked. A name that does not pass stays as it is.
///
/// Go: `net/http/request.go` `idnaASCII`, `golang.org/x/net/idna` `Lookup`. Trace: `transport/names/a_tunnel_to_an_origin`.
pub fn lookup_name(host: &str) -> Cow<'_, str> {
    if host.is_ascii() {
        return host.into();
    }
    let ascii = Uts46::new().to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Ignore);
    ascii.unwrap_or(Cow::Borrowed(host))
}

/// The value of a `Host` field, its labels in Punycode where they are not ASCII: neither mapped nor checked. Bytes that are no UTF-8 count
/// as U+FFFD.
///
/// Go: `golang.org/x/net/http/httpguts` `PunycodeHostPort`. Trace: `transport/names/the_host_of_an_absolute_target`.
pub fn host_field(host: &Bytes) -> Bytes {
    if host.is_ascii() {
        return host.clone();
    }
    let (name, port) = name_and_port(host);
    let name = characters(name).split('.').map(label).collect::<Vec<_>>().join(".");
    let name = if name.contains(':') && !port.is_empty() { format!("[{name}]") } else { name };
    let mut written = name.into_bytes();
    if !port.is_empty() {
        written.push(b':');
        written.extend_from_slice(port);
    }
    written.into()
}

/// The name, without the brackets of an IPv6 address, and the port; all of it is a name where both cannot be told apart.
///
/// Go: `net/ipsock.go` `SplitHostPort`.
fn name_and_port(host: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = memrchr(b':', host) else { return (host, b"") };
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    let bracketed = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    match bracketed.unwrap_or(name) {
        name if bracketed.is_none() && name.contains(&b':') => (host, b""),
        name if name.iter().any(|byte| matches!(byte, b'[' | b']')) => (host, b""),
        name => (name, port),
    }
}

/// One label; one that is too long for Punycode stays as it is, and is no valid host then.
fn label(label: &str) -> Cow<'_, str> {
    if label.is_ascii() {
        return label.into();
    }
    punycode::encode_str(label).map_or(Cow::Borrowed(label), |encoded| format!("xn--{encoded}").into())
}

/// As Go ranges over a string: each byte that is no part of a character is one.
fn characters(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(host: &[u8]) -> String {
        String::from_utf8(host_field(&Bytes::copy_from_slice(host)).to_vec()).unwrap()
    }

    #[test]
    fn names_are_mapped_before_they_are_looked_up() {
        for (host, ascii) in [
            ("example.TEST", "example.TEST"),
            ("Bücher.test", "xn--bcher-kva.test"),
            ("faß.test", "xn--fa-hia.test"),
            ("a。ü.test", "a.xn--tda.test"),
            ("bü\u{ad}cher.test", "xn--bcher-kva.test"),
            ("a_ü.test", "a_ü.test"),
            ("-ü.test", "-ü.test"),
            ("ab--ü.test", "ab--ü.test"),
            ("aאb.test", "aאb.test"),
        ] {
            assert_eq!(lookup_name(host), ascii, "{host}");
        }
    }

    #[test]
    fn a_host_field_is_encoded_and_not_mapped() {
        for (host, ascii) in [
            (&b"EXAMPLE.test:80"[..], "EXAMPLE.test:80"),
            ("Bücher.test".as_bytes(), "xn--Bcher-kva.test"),
            ("bücher.test:81".as_bytes(), "xn--bcher-kva.test:81"),
            (b"b\xff.test", "xn--b-q10i.test"),
            ("-ü.test:".as_bytes(), "xn----eha.test"),
            ("[fe80::1%ü]:80".as_bytes(), "[xn--fe80::1%-e6a]:80"),
        ] {
            assert_eq!(field(host), ascii);
        }
        let truncated = field(b"a\xe6\x97");
        assert_eq!(truncated, field("a\u{fffd}\u{fffd}".as_bytes()), "each byte counts");
    }
}
