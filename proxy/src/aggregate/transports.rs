use std::{cell::RefCell, collections::BTreeMap};

use super::{
    resolver::Endpoint,
    table::{Aggregation, Table},
    tls::BackendTls,
};
use crate::{
    config::limits,
    forward,
    upstream::{Alpn, Origin, TransportConfig, egress::Egress},
    world::World,
};

/// The connections of one worker to backends: two pools for each way of speaking TLS that is in use.
#[derive(Debug)]
pub(super) struct Transports {
    world: World,
    pairs: RefCell<Pairs>,
}

#[derive(Debug, Default)]
struct Pairs {
    /// The table that they were last held against.
    seen: u64,
    by_generation: BTreeMap<u64, forward::Transports>,
}

impl Transports {
    pub(super) fn new(world: World) -> Self {
        Self { world, pairs: RefCell::default() }
    }

    /// The pools for a way of speaking TLS.
    ///
    /// Those of ways that no backend of the newest table needs are dropped: what is under way on their connections goes on to its end.
    pub(super) fn of(&self, tls: &BackendTls, aggregation: &Aggregation) -> forward::Transports {
        let table = aggregation.table();
        let mut pairs = self.pairs.borrow_mut();
        pairs.forget_unused(&table);
        if let Some(pair) = pairs.by_generation.get(&tls.generation) {
            return pair.clone();
        }
        let pair = transports(&self.world, tls, aggregation.egress());
        // A request may have met the last table but one: its way is not kept.
        if table.speaks(tls.generation) {
            pairs.by_generation.insert(tls.generation, pair.clone());
        }
        pair
    }
}

impl Pairs {
    fn forget_unused(&mut self, table: &Table) {
        if std::mem::replace(&mut self.seen, table.number) != table.number {
            self.by_generation.retain(|generation, _| table.speaks(*generation));
        }
    }
}

fn transports(world: &World, tls: &BackendTls, egress: &Egress) -> forward::Transports {
    let mut config = TransportConfig::new(tls.config.clone());
    config.egress = egress.clone();
    config.server_name = Some(tls.server_name.clone());
    config.idle_connections_per_origin_max = limits::AGGREGATED_IDLE_CONNECTIONS_PER_ORIGIN_MAX;
    forward::Transports::new(world, config)
}

/// A backend's endpoint.
pub(super) fn origin(endpoint: &Endpoint) -> Origin {
    Origin { tls: true, host: endpoint.host.clone(), port: endpoint.port, address: None, alpn: Alpn::Both }
}
