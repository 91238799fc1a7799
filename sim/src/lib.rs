//! A pretend cluster: the shipped proxy, unmodified, under any fault that a seed can draw.

mod panics;
pub mod stage;
pub mod world;

pub use stage::{Stage, StageError};
