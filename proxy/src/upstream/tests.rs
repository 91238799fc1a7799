//! Questions to the transport as a whole, over a network in memory and in paused time.

mod failures;
mod retry;
mod reuse;
