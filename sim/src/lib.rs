//! A pretend cluster: the shipped proxy, unmodified, under any fault that a seed can draw.
//!
//! It reads as the plot of a fault test: scenario, cast, traffic and faults, history, validation, report.

mod panics;
pub mod world;

pub mod stage;

pub mod plot;
pub mod production;
pub mod scenario;
pub mod serve;

mod cast;

pub mod fault;
pub mod traffic;

pub mod history;

pub mod validate;

pub mod report;

pub use stage::{Stage, StageError};
