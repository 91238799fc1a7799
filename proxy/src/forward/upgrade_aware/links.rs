use bytes::{BufMut as _, Bytes, BytesMut};

use crate::{
    upstream::StrippedHeaders,
    wire::{
        Name,
        url::{Link, Url, clean_path},
    },
};

/// How links of a backend are rewritten so that they lead through the proxy again, and how the backend is told where that is.
///
/// Go: `apimachinery/pkg/util/proxy/transport.go` `Transport`. Trace: `upgrade_aware/locations/*`, `fixtures/vectors/link.json`.
#[derive(Clone, Debug)]
pub struct Links {
    /// The scheme of what the client asked for; empty where its target names none.
    scheme: Bytes,
    /// Its host; empty where its target names none.
    host: Bytes,
    /// What stands in its path before that of the location.
    prepend: Bytes,
    /// The host of the backend.
    backend: Bytes,
    /// The `Host` of the request to the backend.
    asked_host: Bytes,
}

impl Links {
    /// The links of a location's answer to what a client asked for, in a request with this `Host`.
    ///
    /// Go: `upgradeaware.go` `defaultProxyTransport`.
    pub fn new(asked: &Url, location: &Url, asked_host: Bytes) -> Self {
        let with_slash = asked.path.ends_with(b"/") && !location.path.ends_with(b"/");
        let behind = asked.path.len() - usize::from(with_slash);
        let before = asked.path[..behind].strip_suffix(&location.path[..]).map(<[u8]>::len);
        Self {
            scheme: asked.scheme.clone(),
            host: asked.host.clone(),
            prepend: asked.path.slice(..before.unwrap_or(asked.path.len())),
            backend: location.host.clone(),
            asked_host,
        }
    }

    /// Tells the backend what the client asked for.
    pub(super) fn tell(&self, target: &Url, headers: &mut StrippedHeaders) {
        headers.set(Name::X_FORWARDED_URI, forwarded_uri(&self.prepend, target));
        if !self.host.is_empty() {
            headers.set(Name::X_FORWARDED_HOST, self.host.clone());
        }
        if !self.scheme.is_empty() {
            headers.set(Name::X_FORWARDED_PROTO, self.scheme.clone());
        }
    }

    /// A link as the client may follow it: one to the backend leads through the proxy; one to elsewhere, and a relative one, stays.
    ///
    /// Go: `Transport.rewriteURL`.
    pub fn rewrite(&self, mut link: Link) -> Bytes {
        let url = &mut link.url;
        let leads_elsewhere = !url.host.is_empty() && url.host != self.backend && url.host != self.asked_host;
        if !leads_elsewhere && url.path.starts_with(b"/") {
            let names_nobody = self.scheme.is_empty() && self.host.is_empty();
            if url.host != self.asked_host || !names_nobody {
                url.scheme = self.scheme.clone();
                url.host = self.host.clone();
            }
            if !url.path.starts_with(&self.prepend) {
                url.path = joined(&self.prepend, &url.path);
            }
        }
        let mut out = BytesMut::new();
        link.write(&mut out);
        out.freeze()
    }
}

/// `X-Forwarded-Uri`: what stands before the path of a target, and its path, escaped and cleaned; without its query.
///
/// Go: `apimachinery/pkg/util/proxy/transport.go` `Transport.RoundTrip`.
pub(crate) fn forwarded_uri(prepend: &[u8], target: &Url) -> Bytes {
    let mut uri = clean_path(&[prepend, b"/", &target.escaped_path()].concat());
    if target.path.ends_with(b"/") {
        uri.put_u8(b'/'); // again: cleaning takes it away
    }
    uri.freeze()
}

fn joined(prepend: &[u8], path: &[u8]) -> Bytes {
    let mut joined = clean_path(&[prepend, b"/", path].concat());
    if path.ends_with(b"/") {
        joined.put_u8(b'/');
    }
    joined.freeze()
}
