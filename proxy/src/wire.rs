//! Bytes to messages and back: HTTP/1 (sans-IO), HTTP/2, headers, URLs, bodies.

pub mod body;
pub mod channel;
pub mod exchange;
pub mod headers;
pub mod host;
pub mod http1;
pub mod http2;
pub mod media_type;
pub mod message;
#[cfg(test)]
pub(crate) mod pipe;
pub mod punycode;
pub mod sniff;
pub mod throttle;
pub mod tls;
pub mod token;
pub mod trailers;
pub mod url;

pub use self::{
    body::{Body, Cut, Frame, Frames, Length},
    channel::Channel,
    exchange::{Answer, Exchange, Facts, Gone, Peer, Tunnel},
    headers::{Headers, Name, NameSet},
    message::{RequestHead, ResponseHead, Target, Version},
};
