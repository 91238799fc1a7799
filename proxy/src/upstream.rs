//! Backends: dial, TLS, pool, and one request's way to one of them and back.
//!
//! Go: `net/http/transport.go`.

mod again;
mod dial;
mod download;
pub mod egress;
mod http1;
mod http2;
mod origin;
mod outgoing;
mod pool;
#[cfg(test)]
mod pretend;
mod probe;
mod send_error;
mod stripped;
#[cfg(test)]
mod tests;
pub mod tls;
mod transport;

pub use self::{
    download::Download,
    http2::{Http2Fault, Http2Settings},
    origin::{Alpn, BadOrigin, Origin},
    outgoing::{OutHead, Outgoing},
    send_error::{ConnectionFault, Delivered, Ends, SendCause, SendError},
    stripped::{StrippedHeaders, strip_hop_by_hop},
    transport::{Compression, Incoming, Reply, Reuse, Transport, TransportConfig},
};
