//! Backends: dial, TLS, pool, and one request's way to one of them and back.
//!
//! Go: `net/http/transport.go`.
#![expect(dead_code, reason = "the transport's inside lands next")]

mod download;
mod http2;
mod origin;
mod outgoing;
mod send_error;
mod stripped;
pub mod tls;
mod transport;

pub use self::{
    download::Download,
    origin::{Alpn, Origin},
    outgoing::{OutHead, Outgoing},
    send_error::{ConnectionFault, Delivered, Ends, SendCause, SendError},
    stripped::StrippedHeaders,
    transport::{Compression, Incoming, Reply, Reuse, Transport, TransportConfig},
};
