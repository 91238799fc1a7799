//! HTTP/1 without any input or output: bytes in, events out; heads and frames in, bytes out. And the connection that feeds it.
//!
//! Go: `net/http` `request.go`, `response.go`, `transfer.go`, `server.go`, `internal/chunked.go`, `net/textproto/reader.go`.

mod backlog;
mod body;
mod chunked;
mod connection;
mod deadlines;
mod framing;
mod head;
mod held;
mod incoming;
mod last_response;
mod output;
mod reader;
mod request;
mod request_writer;
mod response;
mod response_head;
mod response_writer;
mod status;
#[cfg(test)]
mod tests;
mod wrong;

pub use self::{
    body::Remaining,
    connection::{BodyState, Connection},
    incoming::Incoming,
    last_response::LastResponse,
    output::{Output, Piece},
    reader::{Event, HeadLimits, RequestReader, ResponseReader},
    request::{Expect, Request},
    request_writer::{Framing, RequestLine, write_chunk, write_last_chunk, write_request_head},
    response::Response,
    response_head::{write_informational, write_switch},
    response_writer::{After, Asked, Next, ResponseWriter, Settled, TooLong},
    status::status_text,
    wrong::{BadChunk, Wrong},
};
