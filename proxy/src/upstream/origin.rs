use crate::{wire::url::Url, world::Address};

/// A backend that speaks HTTP: where it is and how it is spoken to. Connections of one origin are interchangeable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Whether it is spoken to through TLS.
    pub tls: bool,
    /// Its name or IP address, without brackets; what its certificate must be valid for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Where it is dialled; without it, the host is resolved.
    pub address: Option<Address>,
    /// The versions of HTTP that may be spoken.
    pub alpn: Alpn,
}

/// A URL that names no backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// It is one of another protocol, or of none.
    #[error("expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]")]
    Scheme,
    /// It has a user, who would be told nobody.
    #[error("found a user or password, expected none: a backend gets the client's Authorization alone")]
    User,
    /// It has no host.
    #[error("expected a host")]
    NoHost,
    /// Its host is no text.
    #[error("the host is not UTF-8")]
    Host,
    /// Its port is none.
    #[error("expected a port from 1 to 65535")]
    Port,
}

impl Origin {
    /// The backend that a URL names, spoken to as Go's transport does: through TLS in HTTP/2 where it can, else in HTTP/1.
    ///
    /// # Errors
    /// It names none.
    pub fn of(url: &Url) -> Result<Self, BadOrigin> {
        let Place { tls, host, port } = Place::of(url)?;
        let alpn = if tls { Alpn::Both } else { Alpn::Http1 };
        Ok(Self { tls, host: host.to_owned(), port, address: None, alpn })
    }

    /// Whether a URL names this backend.
    pub(crate) fn is_named_by(&self, url: &Url) -> bool {
        let here = |place: Place<'_>| {
            place.tls == self.tls && place.port == self.port && place.host.eq_ignore_ascii_case(&self.host)
        };
        Place::of(url).is_ok_and(here)
    }
}

/// Where a URL leads.
struct Place<'a> {
    tls: bool,
    host: &'a str,
    port: u16,
}

impl<'a> Place<'a> {
    fn of(url: &'a Url) -> Result<Self, BadOrigin> {
        let (tls, default_port) = match &url.scheme[..] {
            b"http" => (false, 80),
            b"https" => (true, 443),
            _ => return Err(BadOrigin::Scheme),
        };
        if url.user.is_some() {
            return Err(BadOrigin::User);
        }
        let host = std::str::from_utf8(url.hostname()).map_err(|_| BadOrigin::Host)?;
        if host.is_empty() {
            return Err(BadOrigin::NoHost);
        }
        let port = match url.port() {
            b"" => default_port,
            port => std::str::from_utf8(port).ok().and_then(|port| port.parse().ok()).unwrap_or(0),
        };
        if port == 0 {
            return Err(BadOrigin::Port);
        }
        Ok(Self { tls, host, port })
    }
}

/// Versions of HTTP that may be spoken to a backend. Through TLS the backend chooses; without it only one can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alpn {
    /// HTTP/1 alone; TLS offers nothing to choose from.
    Http1,
    /// The same, for WebSockets: their connections are no others' in the pool. Go: `connectMethodKey.onlyH1`.
    Http1ForWebSocket,
    /// HTTP/1 alone, and TLS says so.
    Http1ByAlpn,
    /// HTTP/2 alone; without TLS, with prior knowledge.
    Http2,
    /// HTTP/2 where the backend can, else HTTP/1; without TLS, HTTP/1.
    Both,
}
