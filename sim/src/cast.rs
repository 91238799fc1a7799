//! Who plays: the proxy under test, the backends behind it, the clients before it.

pub(crate) mod backend;
pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod proxy;
pub(crate) mod speech;
