//! Questions to the transport as a whole, over a network in memory and in paused time.

mod early;
mod expect;
mod failures;
mod retry;
mod reuse;
mod swarm;
mod tls;
mod uploads;
