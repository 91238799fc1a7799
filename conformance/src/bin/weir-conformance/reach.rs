//! The way to a proxy that runs somewhere.

use std::net::SocketAddr;

use weir::world::{Address, World};

use crate::Failure;

/// Plays something over sockets of this machine.
pub(crate) fn over_sockets(play: impl AsyncFnOnce(World) -> Result<(), Failure>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Usage(format!("the runtime: {error}")))?;
    tokio::task::LocalSet::new().block_on(&runtime, play(weir::world::real::world([1; 32])))
}

/// Where a proxy listens, and whether it speaks TLS there.
pub(crate) async fn find_address(world: &World, target: &str) -> Result<(SocketAddr, bool), Failure> {
    let wrong = |reason: &str| Failure::Usage(format!("--target {target}: {reason}"));
    let (tls, authority) = match target.split_once("://") {
        Some(("http", authority)) => (false, authority),
        Some(("https", authority)) => (true, authority),
        _ => return Err(wrong("expected http://HOST:PORT or https://HOST:PORT")),
    };
    let (host, port) = authority.trim_end_matches('/').rsplit_once(':').ok_or_else(|| wrong("expected a port"))?;
    let port = port.parse().map_err(|_| wrong("expected a port from 0 to 65535"))?;
    let addresses =
        world.net.resolve(host.trim_matches(['[', ']'])).await.map_err(|error| wrong(&error.to_string()))?;
    let address = addresses.first().ok_or_else(|| wrong("the host has no address"))?;
    let subject = SocketAddr::new(*address, port);
    world.net.dial(&Address::Tcp(subject)).await.map_err(|error| wrong(&error.to_string()))?;
    Ok((subject, tls))
}
