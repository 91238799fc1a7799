use std::time::Duration;

use crate::{
    upstream::{Compression, Reuse, Transport, TransportConfig, egress::Egress},
    world::World,
};

/// The connections to backends: for requests, and for upgrades, each of which has a connection of HTTP/1 of its own that nobody uses
/// before or after, whatever comes of it.
#[derive(Clone, Debug)]
pub struct Transports {
    pub(crate) requests: Transport,
    pub(super) upgrades: Transport,
}

impl Transports {
    /// Transports without connections.
    pub fn new(world: &World, config: TransportConfig) -> Self {
        let requests = Transport::new(world.clone(), config.clone());
        // Go dials by itself for an upgrade, writes all of the request at once, and waits for its answer as long as the client does.
        let upgrades = TransportConfig {
            compression: Compression::Leave,
            reuse: Reuse::Once,
            expect_continue_timeout: Duration::ZERO,
            response_header_timeout: None,
            egress: Egress::default(),
            ..config
        };
        Self { requests, upgrades: Transport::new(world.clone(), upgrades) }
    }
}
