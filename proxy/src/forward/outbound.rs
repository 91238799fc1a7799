use bytes::{BufMut as _, Bytes, BytesMut};
use http::Method;

use super::Rules;
use crate::{
    upstream::{BadOrigin, Origin, OutHead, StrippedHeaders},
    wire::{
        Headers, Name, Peer, RequestHead,
        url::{self, Url},
    },
    world::Planted,
};

/// A request on its way to the backend, as the rules may change it.
#[derive(Clone, Debug)]
pub struct Outbound<H> {
    /// The method.
    pub method: Method,
    /// What is asked, and of whom. Without a host it is the proxy's own origin that is asked: a host that the client names in its target
    /// (`GET http://other/ HTTP/1.1`) is not put here, so that only the rules choose. It is the backend's `Host` when `host` is empty.
    pub url: Url,
    /// The `Host` that the backend sees; empty for that of `url`.
    pub host: Bytes,
    /// Whether the backend is told the client's address behind a Director.
    pub forwarded_for: ForwardedFor,
    /// The fields: all that came in ([`crate::wire::Headers`]) for a Director, those that may leave ([`StrippedHeaders`]) for a Rewrite.
    pub headers: H,
}

/// Whether a Director's backend is told the client's address. Go: a `X-Forwarded-For` that is there but nil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedFor {
    /// The client's address is put behind those that came in.
    Append,
    /// The field is left out.
    Omit,
}

/// A request in Go's `Rewrite` way: what came in, and what goes out.
#[derive(Debug)]
pub struct ProxyRequest<'a> {
    /// What came in, unchanged.
    pub inbound: &'a RequestHead,
    /// Who sent it.
    pub peer: &'a Peer,
    /// What goes out: without hop-by-hop and forwarding fields.
    pub out: Outbound<StrippedHeaders>,
}

impl<H> Outbound<H> {
    /// Puts the target's scheme, host, path and query in front. `host` stays.
    ///
    /// Go: `rewriteRequestURL`.
    pub fn redirect(&mut self, target: &Url) {
        let (path, raw_path) = url::join_paths(target, &self.url);
        self.url.raw_query = url::join_queries(&target.raw_query, &self.url.raw_query);
        self.url.scheme = target.scheme.clone();
        self.url.host = target.host.clone();
        self.url.path = path;
        self.url.raw_path = raw_path;
    }

    /// Leaves out of the query what no parser of queries reads, so that nobody behind reads it otherwise: for rules that decide by it.
    ///
    /// Go: `cleanQueryParams`, behind a Director that has parsed the form.
    pub fn clean_query(&mut self) {
        self.url.raw_query = url::clean_query_params(&self.url.raw_query);
    }

    /// What the request line says, where `came` said so; shares that where nothing has changed.
    pub fn target(&self, came: &Bytes) -> Bytes {
        without_fragment(self.url.request_uri_like(came))
    }

    fn with_headers<T>(self, change: impl FnOnce(H) -> T) -> Outbound<T> {
        let Self { method, url, host, forwarded_for, headers } = self;
        Outbound { method, url, host, forwarded_for, headers: change(headers) }
    }
}

impl Outbound<Headers> {
    /// What came in, as it came.
    pub(crate) fn of(inbound: &RequestHead) -> Self {
        Self {
            method: inbound.method.clone(),
            url: Url { scheme: Bytes::new(), user: None, host: Bytes::new(), ..inbound.target.url.clone() },
            host: inbound.host.clone(),
            forwarded_for: ForwardedFor::Append,
            headers: inbound.headers.clone(),
        }
    }

    /// Takes out what concerns the client's connection alone; `Te: trailers` and the wish for another protocol are put back.
    pub(crate) fn stripped(
        self,
        inbound: &RequestHead,
        upgrade: Option<&Bytes>,
        planted: &Planted,
    ) -> Outbound<StrippedHeaders> {
        let is_named = self.headers.has_token(&Name::CONNECTION, b"x-forwarded-for");
        let mut out = self.with_headers(|headers| StrippedHeaders::from_inbound(headers, planted));
        if is_named {
            out.forwarded_for = ForwardedFor::Append; // what Connection names is removed, a nil that is there too
        }
        if inbound.headers.has_token(&Name::TE, b"trailers") {
            out.headers.accept_trailers();
        }
        if let Some(token) = upgrade {
            out.headers.ask_upgrade(token.clone());
        }
        out
    }
}

impl Outbound<StrippedHeaders> {
    /// Puts the client's address behind those of `X-Forwarded-For`.
    pub(crate) fn append_forwarded_for(&mut self, peer: &Peer) {
        if let Some(ip) = peer.ip() {
            join_forwarded_for(&mut self.headers, ip);
        }
    }

    /// Which backend the rules chose, if it is another one than the proxy's own.
    ///
    /// # Errors
    /// They named none that could be asked.
    pub(super) fn elsewhere(&self, own: &Origin) -> Result<Option<Box<Origin>>, BadOrigin> {
        if self.url.host.is_empty() || own.is_named_by(&self.url) {
            return Ok(None);
        }
        Origin::of(&self.url).map(|origin| Some(Box::new(origin)))
    }

    /// The head that leaves for the backend.
    pub(crate) fn into_head(self, inbound: &RequestHead) -> Box<OutHead> {
        let target = self.target(&inbound.target.raw);
        let host = if self.host.is_empty() { self.url.host } else { self.host };
        Box::new(OutHead {
            method: self.method,
            target,
            host,
            headers: self.headers,
            announced: inbound.announced.clone(),
            client: inbound.version,
            close: false,
        })
    }
}

impl ProxyRequest<'_> {
    /// Sends the request to the target, whose `Host` the backend sees.
    ///
    /// Go: `ProxyRequest.SetURL`.
    pub fn set_url(&mut self, target: &Url) {
        self.out.redirect(target);
        self.out.host = Bytes::new();
    }

    /// Sets `X-Forwarded-For`, `-Host` and `-Proto` from what came in; the client's address goes behind addresses that the rules have put
    /// there.
    ///
    /// Go: `ProxyRequest.SetXForwarded`.
    pub fn set_x_forwarded(&mut self) {
        match self.peer.ip() {
            Some(ip) => join_forwarded_for(&mut self.out.headers, ip),
            None => drop(self.out.headers.remove(&Name::X_FORWARDED_FOR)),
        }
        self.out.headers.set(Name::X_FORWARDED_HOST, self.inbound.host.clone());
        let scheme = if self.peer.tls.is_some() { "https" } else { "http" };
        self.out.headers.set(Name::X_FORWARDED_PROTO, Bytes::from_static(scheme.as_bytes()));
    }
}

/// What leaves for the backend, and which one.
///
/// The order is Go's, and can be seen: a Director's fields can be removed by the client's `Connection`, those of a Rewrite cannot.
pub(super) fn under(
    rules: &Rules,
    inbound: &RequestHead,
    peer: &Peer,
    upgrade: Option<&Bytes>,
    planted: &Planted,
) -> Outbound<StrippedHeaders> {
    let mut out = Outbound::of(inbound);
    if let Rules::Director(direct) = rules {
        direct(&mut out);
    }
    let mut out = out.stripped(inbound, upgrade, planted);
    match rules {
        Rules::Director(_) if out.forwarded_for == ForwardedFor::Omit => {
            out.headers.remove(&Name::X_FORWARDED_FOR);
        }
        Rules::Director(_) => out.append_forwarded_for(peer),
        Rules::Rewrite(rewrite) => out = rewritten(out, inbound, peer, rewrite),
    }
    out
}

fn rewritten(
    mut out: Outbound<StrippedHeaders>,
    inbound: &RequestHead,
    peer: &Peer,
    rewrite: &dyn Fn(&mut ProxyRequest<'_>),
) -> Outbound<StrippedHeaders> {
    for name in [Name::FORWARDED, Name::X_FORWARDED_FOR, Name::X_FORWARDED_HOST, Name::X_FORWARDED_PROTO] {
        out.headers.remove(&name);
    }
    out.clean_query();
    let mut request = ProxyRequest { inbound, peer, out };
    rewrite(&mut request);
    request.out
}

/// The target with every `#` escaped: Go leaves those of a query, and a backend may take what follows for a fragment and not look at it.
fn without_fragment(target: Bytes) -> Bytes {
    if !target.contains(&b'#') {
        return target;
    }
    let mut out = BytesMut::with_capacity(target.len() + 2);
    for byte in target {
        match byte {
            b'#' => out.put_slice(b"%23"),
            other => out.put_u8(other),
        }
    }
    out.freeze()
}

/// Joins what was there into one line, and the client's address behind it.
fn join_forwarded_for(headers: &mut StrippedHeaders, ip: &Bytes) {
    if !headers.contains(&Name::X_FORWARDED_FOR) {
        return headers.append(Name::X_FORWARDED_FOR, ip.clone());
    }
    let mut line = BytesMut::new();
    for prior in headers.all(&Name::X_FORWARDED_FOR) {
        line.put_slice(prior);
        line.put_slice(b", ");
    }
    line.put_slice(ip);
    headers.set(Name::X_FORWARDED_FOR, line.freeze());
}

#[cfg(test)]
mod tests;
