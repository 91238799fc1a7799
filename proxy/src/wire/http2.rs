//! HTTP/2 messages to ours and back. The frames themselves are the `h2` crate's.
//!
//! Go: `net/http/h2_bundle.go`, `net/http/internal/httpcommon/httpcommon.go`.

mod fields;
mod incoming;
mod outgoing;
#[cfg(test)]
pub(crate) mod raw;
mod request;
mod response;
mod room;
#[cfg(test)]
mod tests;

pub use self::{
    fields::{TooManyFields, may_be_trailer, trailers_to_map},
    incoming::{Incoming, RequestStream},
    outgoing::{Asked, Unsendable, write_request},
    request::{BadField, Request, Wrong, read_request},
    response::{Framing, informational, read_response, write_response},
    room::{Over, poll_room},
};
