//! The names of hosts as fields and addresses carry them.

use std::net::Ipv6Addr;

use bytes::{BufMut, Bytes, BytesMut};

/// Whether a `Host` field may have this value: every byte may stand somewhere in a host or a port. Also an empty one.
///
/// Go: `golang.org/x/net/http/httpguts` `ValidHostHeader` (go1.26.8). Trace: `fixtures/vectors/host.json`.
pub fn valid_host_header(host: &[u8]) -> bool {
    host.iter().all(|byte| HOST_BYTES[usize::from(*byte)])
}

/// Whether this is one host, with or without a port: a name, an IPv4 address, or an IPv6 address in brackets. Also an empty one.
///
/// Go looks at each byte alone ([`valid_host_header`]), and so forwards `[::1`, `[name]` and `a:b:c` to backends that may read another host
/// in them. RFC 3986 section 3.2; CVE-2025-47912, CVE-2026-25679.
pub fn is_one_host(host: &[u8]) -> bool {
    let port = match host.strip_prefix(b"[") {
        Some(rest) if valid_host_header(rest) => {
            rest.iter().position(|byte| *byte == b']').filter(|end| is_ipv6(&rest[..*end])).map(|end| &rest[end + 1..])
        }
        Some(_) => None,
        None => Some(&host[name_length(host)..]),
    };
    let is_port = |port: &[u8]| port.is_empty() || (port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit));
    port.is_some_and(is_port)
}

/// Bytes of the name at the start of a host: all up to the first that no name has.
fn name_length(host: &[u8]) -> usize {
    let mut length = 0;
    while let Some(byte) = host.get(length)
        && HOST_BYTES[usize::from(*byte)]
        && !matches!(byte, b':' | b'[' | b']')
    {
        length += 1;
    }
    length
}

/// An IPv6 address, with or without a zone. A second `%` has no place in a zone, and where a zone is taken off it would leave half of it.
fn is_ipv6(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'%');
    let address = parts.next().and_then(|address| std::str::from_utf8(address).ok());
    address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()) && parts.nth(1).is_none()
}

static HOST_BYTES: [bool; 256] = {
    let mut allowed = [false; 256];
    let bytes = b"!$%&'()*+,-.:;=[]_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut at = 0;
    while at < bytes.len() {
        allowed[bytes[at] as usize] = true;
        at += 1;
    }
    allowed
};

/// A host without the zone of its IPv6 address, which means something on one machine only: `[fe80::1%eth0]:80` is `[fe80::1]:80`.
///
/// Go: `net/http/request.go` `removeZone`.
pub fn remove_zone(host: &Bytes) -> Bytes {
    let zone = || {
        let close = host.iter().rposition(|byte| *byte == b']').filter(|_| host.starts_with(b"["))?;
        let percent = host[..close].iter().rposition(|byte| *byte == b'%')?;
        Some((percent, close))
    };
    let Some((percent, close)) = zone() else { return host.clone() };
    let mut out = BytesMut::with_capacity(host.len());
    out.put_slice(&host[..percent]);
    out.put_slice(&host[close..]);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_zone_leaves_the_brackets_and_the_port() {
        assert_eq!(remove_zone(&Bytes::from_static(b"[fe80::1%eth0]:80")), "[fe80::1]:80");
        assert_eq!(remove_zone(&Bytes::from_static(b"a%b")), "a%b");
    }

    #[test]
    fn a_host_without_a_zone_is_not_copied() {
        let host = Bytes::from_static(b"[::1]:80");
        assert_eq!(remove_zone(&host).as_ptr(), host.as_ptr());
    }

    #[test]
    fn a_host_is_one_host_and_stays_one_without_its_zone() {
        for one in ["", "a", "a:80", "a:", "192.0.2.1", "[::1]", "[::1]:80", "[fe80::1%25eth0]", "[fe80::1%a:b]"] {
            assert!(is_one_host(one.as_bytes()), "{one}");
            assert!(is_one_host(&remove_zone(&Bytes::from_static(one.as_bytes()))), "{one}");
        }
        for other in ["[::1", "]", "a:b", "a:b:c", "[name]", "[::1]a", "[::%:%]", "[::1%a%b]", "a b", "a/b"] {
            assert!(!is_one_host(other.as_bytes()), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_one_host_stays_one(bytes in r"[\[\]:%a]{0,8}|\PC*") {
            valid_host_header(bytes.as_bytes());
            let without_zone = remove_zone(&bytes.clone().into());
            prop_assert!(without_zone.len() <= bytes.len());
            prop_assert!(!is_one_host(bytes.as_bytes()) || is_one_host(&without_zone));
        }
    }
}
