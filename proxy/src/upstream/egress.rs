//! Which proxy a request leaves through, and how a connection through it is made.
//!
//! Go: `golang.org/x/net/http/httpproxy`, `net/http/transport.go` `dialConn`.

mod connect;
mod exempt;
mod socks;
#[cfg(test)]
pub(crate) mod tests;

use std::{borrow::Cow, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use self::exempt::Exempt;
pub use self::socks::SocksFault;
pub(super) use self::{connect::connect, socks::connect as connect_socks};
use super::{Alpn, Origin, OutHead, SendCause};
use crate::{wire::url::Url, world::World};

/// Which proxies requests leave through. Backends on this machine's loopback never need one, nor does a proxy itself.
///
/// Go: `httpproxy.Config`.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    http: Option<Arc<EgressProxy>>,
    https: Option<Arc<EgressProxy>>,
    exempt: Exempt,
    /// That `HTTP_PROXY` may come from a client's `Proxy` field: a CGI server makes variables of fields.
    cgi: bool,
}

/// A proxy between us and backends.
#[derive(Clone, PartialEq, Eq)]
pub struct EgressProxy {
    speaks: Speaks,
    host: String,
    port: u16,
    user: Option<Credentials>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Http,
    Https,
    /// With names resolved by the proxy, whatever the URL says: as Go does for `socks5` and `socks5h` alike.
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    name: Bytes,
    password: Bytes,
}

/// How a connection to an origin is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    Direct,
    /// It is a proxy itself.
    ToProxy,
    /// The proxy is asked for a tunnel by `CONNECT`.
    Connect(&'a EgressProxy),
    /// The proxy is asked for a tunnel in SOCKS.
    Socks(&'a EgressProxy),
}

/// An environment variable that names no proxy that could be used.
#[derive(Debug, thiserror::Error)]
#[error("{name}={value}: expected http://HOST[:PORT], https://HOST[:PORT] or socks5://HOST[:PORT]")]
pub struct BadProxy {
    name: &'static str,
    /// Without user and password.
    value: String,
}

impl Egress {
    /// What `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, or the same in lower case.
    ///
    /// Go passes over what it cannot use and goes to backends directly; whoever set the variable did not mean that.
    ///
    /// # Errors
    /// A variable names no proxy.
    ///
    /// Go: `httpproxy.FromEnvironment`.
    pub fn from_environment(world: &World) -> Result<Self, BadProxy> {
        let read = |names: [&'static str; 2]| {
            let set = |name| world.process.env(name).filter(|value| !value.is_empty()).map(|value| (name, value));
            names.into_iter().find_map(set).map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        };
        let proxy = |names| match read(names) {
            Some((name, value)) => EgressProxy::parse(name, &value).map(|proxy| Some(Arc::new(proxy))),
            None => Ok(None),
        };
        Ok(Self {
            http: proxy(["HTTP_PROXY", "http_proxy"])?,
            https: proxy(["HTTPS_PROXY", "https_proxy"])?,
            exempt: read(["NO_PROXY", "no_proxy"]).map(|(_, value)| Exempt::parse(&value)).unwrap_or_default(),
            cgi: read(["REQUEST_METHOD", "REQUEST_METHOD"]).is_some(),
        })
    }

    /// The proxy for an origin.
    ///
    /// # Errors
    /// It is one that a client might have chosen.
    ///
    /// Go: `httpproxy.config.proxyForURL`.
    fn proxy_for(&self, origin: &Origin) -> Result<Option<&EgressProxy>, SendCause> {
        let proxy = if origin.tls { &self.https } else { &self.http };
        let Some(proxy) = proxy.as_deref() else { return Ok(None) };
        if origin.address.is_some() {
            return Ok(None);
        }
        if self.cgi && !origin.tls {
            return Err(SendCause::ProxyFromClient);
        }
        Ok((!self.exempt.covers(&origin.host, origin.port)).then_some(proxy))
    }

    fn is_a_proxy(&self, origin: &Origin) -> bool {
        let mut proxies = [&self.http, &self.https].into_iter().flatten();
        proxies.any(|proxy| proxy.host == origin.host && proxy.port == origin.port)
    }

    /// The HTTP proxy that takes whole requests to an origin. None: a connection to the origin itself is made, somehow.
    pub(super) fn relay(&self, origin: &Origin) -> Result<Option<&EgressProxy>, SendCause> {
        let proxy = self.proxy_for(origin)?;
        Ok(proxy.filter(|proxy| !origin.tls && proxy.speaks != Speaks::Socks5))
    }

    /// How a connection to an origin is made.
    pub(super) fn way(&self, origin: &Origin) -> Result<Way<'_>, SendCause> {
        if self.is_a_proxy(origin) {
            return Ok(Way::ToProxy);
        }
        Ok(match self.proxy_for(origin)? {
            None => Way::Direct,
            Some(proxy) if proxy.speaks == Speaks::Socks5 => Way::Socks(proxy),
            Some(proxy) => Way::Connect(proxy),
        })
    }
}

impl EgressProxy {
    /// Go: `httpproxy.parseProxy`, `net/http/transport.go` `canonicalAddr`.
    fn parse(name: &'static str, value: &str) -> Result<Self, BadProxy> {
        let bad = || BadProxy { name, value: without_user(value).into_owned() };
        let url = |text: &str| Url::parse(&Bytes::copy_from_slice(text.as_bytes())).ok();
        let whole = url(value).filter(|url| !url.scheme.is_empty() && !url.host.is_empty());
        let bare = || if value.contains("://") { None } else { url(&format!("http://{value}")) };
        let url = whole.or_else(bare).ok_or_else(bad)?;
        let (speaks, default_port) = match &url.scheme[..] {
            b"http" => (Speaks::Http, 80),
            b"https" => (Speaks::Https, 443),
            b"socks5" | b"socks5h" => (Speaks::Socks5, 1080),
            _ => return Err(bad()),
        };
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| bad());
        let host = text(url.hostname())?;
        let port = match url.port() {
            b"" => default_port,
            port => text(port)?.parse().map_err(|_| bad())?,
        };
        if host.is_empty() || port == 0 {
            return Err(bad());
        }
        let user = url.username().map(|name| Credentials { name, password: url.password().unwrap_or_default() });
        Ok(Self { speaks, host, port, user })
    }

    /// Where it is, as a backend that is spoken to by HTTP/1 alone.
    pub(super) fn origin(&self) -> Origin {
        let tls = self.speaks == Speaks::Https;
        Origin { tls, host: self.host.clone(), port: self.port, address: None, alpn: Alpn::Http1 }
    }

    /// Addresses a request to this proxy, to be relayed to an origin.
    ///
    /// Go names the host of the `Host` field, which the client chose: the proxy would then ask whomever the client likes. Here the origin
    /// is named, in both places, as RFC 9112 section 3.2.2 demands.
    pub(super) fn address_to(&self, head: &mut OutHead, origin: &Origin) {
        let authority = match origin.port {
            80 => authority(&origin.host, 80).trim_end_matches(":80").to_owned(),
            port => authority(&origin.host, port),
        };
        let path = if head.target.starts_with(b"/") { &head.target[..] } else { b"" }; // an asterisk names the origin alone
        head.target = [b"http://", authority.as_bytes(), path].concat().into();
        head.host = authority.into();
    }

    /// What `Proxy-Authorization` says to it. Go: `net/http/transport.go` `connectMethod.proxyAuth`.
    pub(super) fn authorization(&self) -> Option<Bytes> {
        self.user.as_ref().map(|user| {
            let pair = [&user.name[..], b":", &user.password].concat();
            format!("Basic {}", STANDARD.encode(pair)).into()
        })
    }
}

/// What stands in front of the last `@` of an address is nobody's business.
fn without_user(value: &str) -> Cow<'_, str> {
    match (value.find("://"), value.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{}", &value[..scheme + 3], &value[at + 1..]).into(),
        (_, Some(at)) => value[at + 1..].into(),
        (_, None) => value.into(),
    }
}

/// A host and a port, as they stand in a target: an IPv6 address in brackets.
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl fmt::Debug for EgressProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.speaks, authority(&self.host, self.port)) // without the password
    }
}
