//! What the benchmarks share: contenders on threads of their own, a backend, and a client that knows how long an answer is.

pub mod backend;
pub mod client;
pub mod contender;
pub mod counting;
pub mod hyper_proxy;
