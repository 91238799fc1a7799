//! What a store promises, held against every store: one suite, one model, and a disk that loses its power at every write.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "store/disk.rs"]
mod disk;
#[path = "store/model.rs"]
mod model;
#[path = "store/power.rs"]
mod power;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/stage.rs"]
mod stage;
#[path = "store/suite.rs"]
mod suite;
