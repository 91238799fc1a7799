//! The names of hosts as fields and addresses carry them.

use bytes::{BufMut, Bytes, BytesMut};

/// Whether a `Host` field may have this value: every byte may stand somewhere in a host or a port. Also an empty one.
///
/// Go: `golang.org/x/net/http/httpguts` `ValidHostHeader` (go1.26.8). Trace: `fixtures/vectors/host.json`.
pub fn valid_host_header(host: &[u8]) -> bool {
    host.iter().all(|byte| HOST_BYTES[usize::from(*byte)])
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

/// Host and port of `host:port` or `[host]:port`; both may be empty. Go: `net/ipsock.go` `SplitHostPort`.
pub fn split_host_port(address: &[u8]) -> Result<(&[u8], &[u8]), BadHostPort> {
    let refuse = |reason| Err(BadHostPort { address: Bytes::copy_from_slice(address), reason });
    let Some(colon) = address.iter().rposition(|byte| *byte == b':') else {
        return refuse("missing port in address");
    };
    let (host, no_open_from, no_close_from) = if address.starts_with(b"[") {
        let Some(close) = address.iter().position(|byte| *byte == b']') else {
            return refuse("missing ']' in address");
        };
        if close + 1 != colon {
            // Nothing follows the bracket, or the last colon is not what follows.
            let more = address.get(close + 1) == Some(&b':');
            return refuse(if more { "too many colons in address" } else { "missing port in address" });
        }
        (&address[1..close], 1, close + 1)
    } else {
        let host = &address[..colon];
        if host.contains(&b':') {
            return refuse("too many colons in address");
        }
        (host, 0, 0)
    };
    if address[no_open_from..].contains(&b'[') {
        return refuse("unexpected '[' in address");
    }
    if address[no_close_from..].contains(&b']') {
        return refuse("unexpected ']' in address");
    }
    Ok((host, &address[colon + 1..]))
}

/// An address without a host and a port to tell apart, in Go's words. Go: `net/net.go` `AddrError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHostPort {
    address: Bytes,
    reason: &'static str,
}

impl std::error::Error for BadHostPort {}

impl std::fmt::Display for BadHostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.address.is_empty() {
            write!(f, "address {}: ", String::from_utf8_lossy(&self.address))?;
        }
        f.write_str(self.reason)
    }
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
    fn a_bare_ipv6_address_has_too_many_colons() {
        let refused = split_host_port(b"::1").unwrap_err();
        assert_eq!(refused.to_string(), "address ::1: too many colons in address");
        assert_eq!(split_host_port(b"[::1]:80"), Ok((&b"::1"[..], &b"80"[..])));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in r"[\[\]:%a]{0,8}|\PC*") {
            valid_host_header(bytes.as_bytes());
            let _ = split_host_port(bytes.as_bytes()).map_err(|refused| refused.to_string());
            prop_assert!(remove_zone(&bytes.clone().into()).len() <= bytes.len());
        }
    }
}
