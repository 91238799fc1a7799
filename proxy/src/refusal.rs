//! Every way this process says no, and its bytes.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

use std::error::Error;

use http::StatusCode;

use crate::wire::{Body, Name, ResponseHead};

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
    /// The APIService is served here, and nobody is here to serve it. Go: `handler_proxy.go` `ServeHTTP`.
    #[error("no delegate serves this APIService")]
    NoDelegate,
    /// The condition of the APIService does not say that it answers, or its Service has nobody who does. Go: `handler_proxy.go`
    /// `ServeHTTP`.
    #[error("service unavailable")]
    BackendUnavailable,
    /// The APIService says of TLS what cannot be done. Go: `handler_proxy.go` `transportBuildingError`.
    #[error("{0}")]
    BackendMisconfigured(String),
    /// Nobody was authenticated who could be named to the backend. Go: `handler_proxy.go` `ServeHTTP`.
    #[error("missing user")]
    MissingUser,
    /// A backend of an APIService could not be asked, or answered what may not be passed on. Go: `handler_proxy.go` `responder.Error`.
    #[error("{0}")]
    BackendUnreachable(String),
    /// A backend of an APIService sends the client elsewhere. Go: `apimachinery/pkg/util/proxy/upgradeaware.go` `ServeHTTP`.
    #[error("the backend attempted to redirect this request, which is not permitted")]
    BackendRedirects,
}

/// What a refusal looks like to the client.
enum Shape {
    /// A status and nothing else.
    Bare(StatusCode),
    /// A line of text that no browser takes for something else. Go: `http.Error`.
    Line(StatusCode, String),
    /// Text and nothing else.
    Text(StatusCode, String),
}

impl Refusal {
    /// The refusal as a response.
    pub fn render(&self) -> (ResponseHead, Body) {
        match self.shape() {
            Shape::Bare(status) => (ResponseHead::new(status), Body::empty()),
            Shape::Line(status, text) => {
                let mut head = plain_text(status);
                head.headers.set(Name::X_CONTENT_TYPE_OPTIONS, "nosniff");
                (head, Body::whole(text + "\n"))
            }
            Shape::Text(status, text) => (plain_text(status), Body::whole(text)),
        }
    }

    /// No wildcard arm: a new refusal does not compile until it has chosen its bytes.
    fn shape(&self) -> Shape {
        match self {
            Self::BackendFailed(_) | Self::InvalidUpgrade(_) | Self::UpgradeMismatch(_) => {
                Shape::Bare(StatusCode::BAD_GATEWAY)
            }
            Self::NoDelegate => Shape::Line(StatusCode::NOT_FOUND, String::new()),
            Self::BackendUnavailable | Self::BackendUnreachable(_) => {
                Shape::Line(StatusCode::SERVICE_UNAVAILABLE, self.to_string())
            }
            Self::BackendMisconfigured(_) | Self::MissingUser => {
                Shape::Line(StatusCode::INTERNAL_SERVER_ERROR, self.to_string())
            }
            Self::BackendRedirects => Shape::Text(StatusCode::BAD_GATEWAY, self.to_string()),
        }
    }
}

fn plain_text(status: StatusCode) -> ResponseHead {
    let mut head = ResponseHead::new(status);
    head.headers.set(Name::CONTENT_TYPE, "text/plain; charset=utf-8");
    head
}
