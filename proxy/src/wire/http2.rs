//! HTTP/2 without any input or output, for both roles: frames, HPACK, flow control, streams; and the messages on them.
//!
//! `Connection` is the state; its driver holds the socket, and the holders of streams share it on one worker (`Handle`, `Incoming`).
//!
//! RFC 9113, RFC 7541. Go: `net/http/h2_bundle.go`, `net/http/internal/httpcommon/httpcommon.go`.

mod block;
mod calm;
mod code;
mod connection;
mod driver;
mod fields;
mod flow;
mod frame;
mod handle;
mod hpack;
mod incoming;
mod outgoing;
mod output;
#[cfg(test)]
pub(crate) mod raw;
mod request;
mod response;
mod stream;
#[cfg(test)]
mod tests;
mod why;

pub use self::{
    code::Code,
    connection::{AnswerBody, Asked, Bounds, Connection, GoAway, Over, Role, StreamError, Tunnels},
    driver::Driver,
    fields::has_trailers,
    handle::{Follows, Handle, Informer, Shared},
    incoming::Incoming,
    outgoing::{Sendable, ToSend, Unsendable},
    request::{BadField, Request},
    response::Framing,
    why::Why,
};
