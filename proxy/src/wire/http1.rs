//! HTTP/1 without any input or output: bytes in, events out; heads and frames in, bytes out. And the connection that feeds it.
//!
//! Go: `net/http` `request.go`, `response.go`, `transfer.go`, `server.go`, `internal/chunked.go`, `net/textproto/reader.go`.

mod incoming;

pub use self::incoming::Incoming;
