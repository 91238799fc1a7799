//! An aggregator in front of backends that speak TLS, in memory, for the tests of this room.

mod backends;
mod stage;

pub(super) use self::{
    backends::{Backends, Manner, Seen, ok},
    stage::{Stage, api_service, exchange, on_a_worker, put_external_name, read},
};
