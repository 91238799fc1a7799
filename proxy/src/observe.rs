//! What operators see of the process: health checks and metrics.

mod exposition;
pub mod health;
mod metrics;

pub use self::{
    health::{Asked, Check, Endpoint, Health},
    metrics::{Family, Kind, Metrics, Recorder},
};
