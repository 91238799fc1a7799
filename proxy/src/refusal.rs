//! Every way this process says no, and its bytes.
#![deny(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod render;

use std::{borrow::Cow, error::Error};

use http::StatusCode;

use crate::meta::Status;

#[cfg(test)]
pub(crate) use self::render::asking;

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
    /// A request went through an aggregator again and again: an APIService leads back to it. Go sends such a request round until something
    /// is used up.
    #[error("the request has come through too many aggregators")]
    BackendLoops,
    /// A Status, in the form that the client accepts. Go: `responsewriters/writers.go` `ErrorNegotiated`.
    #[error("{0}")]
    Status(Box<Status>),
    /// The authorizer said no; the words are the user's to read. Go: `responsewriters/errors.go` `Forbidden`.
    #[error("{0}")]
    Forbidden(Box<Status>),
    /// A sentence as plain text. Go: `net/http` `Error`.
    #[error("{1}")]
    Text(StatusCode, Cow<'static, str>),
    /// More requests are served than may be at a time. Go: `apiserver/pkg/server/filters/maxinflight.go` `tooManyRequests`.
    #[error("Too many requests, please try again later.")]
    TooManyRequests,
    /// Something of ours went wrong before anybody was asked. Go: `responsewriters/errors.go` `InternalError`.
    #[error("{0}")]
    Internal(String),
    /// The request's time is over. Go: `apiserver/pkg/server/filters/timeout.go`.
    #[error("request did not complete within the allotted timeout")]
    OutOfTime,
}

impl Refusal {
    /// What went wrong, in Go's words: those of the cause where this level has none of its own.
    pub fn words(&self) -> String {
        match self {
            Self::BackendFailed(cause) => cause.to_string(),
            Self::InvalidUpgrade(_)
            | Self::UpgradeMismatch(_)
            | Self::NoDelegate
            | Self::BackendUnavailable
            | Self::BackendMisconfigured(_)
            | Self::MissingUser
            | Self::BackendUnreachable(_)
            | Self::BackendRedirects
            | Self::BackendLoops
            | Self::TooManyRequests
            | Self::Status(_)
            | Self::Forbidden(_)
            | Self::Text(..)
            | Self::Internal(_)
            | Self::OutOfTime => self.to_string(),
        }
    }

    /// Nothing stands at this path. Go: `net/http` `NotFound`.
    pub const fn not_found() -> Self {
        Self::Text(StatusCode::NOT_FOUND, Cow::Borrowed("404 page not found"))
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}
