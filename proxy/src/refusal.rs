//! Every way this process says no, and its bytes.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use std::error::Error;

use http::StatusCode;

use crate::wire::{Body, ResponseHead};

/// Every way this process says no. `Display` is this level's sentence, the cause is in `source`.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The backend could not be asked, or its answer could not be understood. Go: `reverseproxy.go` `defaultErrorHandler`.
    #[error("proxy error")]
    BackendFailed(#[source] Box<dyn Error>),
    /// The client asked for a protocol whose name cannot be written. Go: `reverseproxy.go` `ServeHTTP`.
    #[error("client tried to switch to invalid protocol {0}")]
    InvalidUpgrade(String),
    /// The backend switched to something else than was asked for. Go: `reverseproxy.go` `handleUpgradeResponse`.
    #[error("{0}")]
    UpgradeMismatch(String),
}

/// What a refusal looks like to the client.
enum Shape {
    /// A status and nothing else.
    Bare(StatusCode),
}

impl Refusal {
    /// The refusal as a response.
    pub fn render(&self) -> (ResponseHead, Body) {
        match self.shape() {
            Shape::Bare(status) => (ResponseHead::new(status), Body::empty()),
        }
    }

    /// No wildcard arm: a new refusal does not compile until it has chosen its bytes.
    fn shape(&self) -> Shape {
        match self {
            Self::BackendFailed(_) | Self::InvalidUpgrade(_) | Self::UpgradeMismatch(_) => {
                Shape::Bare(StatusCode::BAD_GATEWAY)
            }
        }
    }
}
