//! HTTP/2 messages to ours and back, over the `h2` crate.

mod incoming;

pub use self::incoming::Incoming;
