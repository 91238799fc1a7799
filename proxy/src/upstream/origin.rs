use crate::world::Address;

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

/// Versions of HTTP that may be spoken to a backend. Through TLS the backend chooses; without it only one can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alpn {
    /// HTTP/1 alone; TLS offers nothing to choose from.
    Http1,
    /// HTTP/1 alone, and TLS says so.
    Http1ByAlpn,
    /// HTTP/2 alone; without TLS, with prior knowledge.
    Http2,
    /// HTTP/2 where the backend can, else HTTP/1; without TLS, HTTP/1.
    Both,
}
