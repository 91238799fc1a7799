//! Looks for bytes that the proxy takes otherwise than it should: targets, and the engine that makes up their inputs.
//!
//! `run` fuzzes; `cargo test -p weir-fuzz` plays every seed and every finding of before.

mod counters;
mod engine;
mod findings;
mod frames;
mod mutation;
mod oracle;
mod script;
mod seeds;
mod stage;
mod targets;
#[cfg(test)]
mod tests;
mod verdict;
mod watchdog;

pub use self::{
    engine::{Outcome, fuzz},
    targets::{TARGETS, Target},
};
