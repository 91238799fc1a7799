//! HTTP/1 without any input or output: bytes in, events out; heads and frames in, bytes out. And the connection that feeds it.
//!
//! Go: `net/http` `request.go`, `response.go`, `transfer.go`, `server.go`, `internal/chunked.go`, `net/textproto/reader.go`.

mod body;
mod chunked;
mod framing;
mod head;
mod incoming;
mod reader;
mod request;
mod response;
mod wrong;

pub use self::{
    body::Remaining,
    incoming::Incoming,
    reader::{Event, HeadLimits, RequestReader, ResponseReader},
    request::{Expect, Request},
    response::Response,
    wrong::{BadChunk, Wrong},
};
