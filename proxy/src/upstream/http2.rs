//! HTTP/2 towards backends: connections with many requests each, and one request's way over one of them.
//!
//! Go: `net/http/h2_bundle.go` `Transport`, `ClientConn`, `clientStream`.

mod connection;
mod download;
mod driver;
mod fault;
mod lease;
mod settings;
#[cfg(test)]
mod tests;
mod upload;

use crate::{
    upstream::{Alpn, Origin, SendCause},
    wire::Channel,
};

pub(super) use self::{
    connection::{Connection, Handshaken},
    download::Http2Download,
    fault::pause_before,
    lease::Lease,
    settings::Settings,
};
pub use self::{fault::Http2Fault, settings::Http2Settings};

/// Whether HTTP/2 is to be spoken on a new connection.
///
/// # Errors
/// It must be, but the backend has not agreed to it.
pub(super) fn is_spoken(channel: &Channel, to: &Origin) -> Result<bool, SendCause> {
    let agreed = match channel {
        Channel::Client(tls) => tls.get_ref().1.alpn_protocol(),
        Channel::Tunnelled(tls) => tls.get_ref().1.alpn_protocol(),
        Channel::Plain(_) | Channel::Server(_) | Channel::Throttled(_) => return Ok(to.alpn == Alpn::Http2),
    };
    match (agreed, to.alpn) {
        (Some(b"h2"), _) => Ok(true),
        (agreed, Alpn::Http2) => {
            let agreed = agreed.unwrap_or_default().to_vec();
            Err(SendCause::Http2(Http2Fault::NotAgreed(agreed)))
        }
        (_, Alpn::Http1 | Alpn::Http1ForWebSocket | Alpn::Http1ByAlpn | Alpn::Both) => Ok(false),
    }
}
