use std::fmt::Display;

use http::StatusCode;

use super::Wrapping;
use crate::{
    forward::Failure,
    meta::Status,
    refusal::Refusal,
    upstream::{ConnectionFault, SendCause},
    wire::url::BadUrl,
};

/// Why a request has no answer that may be passed on, in Go's words.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It asks for no other protocol, and has to.
    #[error("Upgrade request required")]
    UpgradeRequired,
    /// The backend of a wrapped transport gave no answer.
    #[error("error trying to reach service: {0}")]
    Unreached(String),
    /// The backend sends the client to what is no URL.
    #[error("Internal error occurred: error trying to parse Location header: {0}")]
    Location(BadUrl),
    /// The backend neither switched nor refused.
    #[error("invalid upgrade response: status code {}", .0.as_u16())]
    NotSwitched(StatusCode),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Fault {
    /// The fault as Go's API server says it. Go: `apiserver/pkg/endpoints/handlers/responsewriters/errors.go` `ErrorNegotiated`.
    pub fn status(&self) -> Status {
        match self {
            Self::UpgradeRequired => Status::bad_request(self.to_string()),
            Self::Unreached(_) => Status::service_unavailable(self.to_string()),
            Self::Location(error) => {
                Status::internal_error(format_args!("error trying to parse Location header: {error}"))
            }
            Self::NotSwitched(_) | Self::Failed(_) => Status::plain_error(self.to_string()),
        }
    }

    pub(super) fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Of an ordinary request. Go: `apimachinery/pkg/util/proxy/transport.go` `Transport.RoundTrip`.
    pub(super) fn unreached(wrapping: Wrapping, failure: &Failure) -> Self {
        match wrapping {
            Wrapping::Bare => Self::failed(failure),
            Wrapping::Told | Wrapping::Rewritten => Self::Unreached(failure.to_string()),
        }
    }

    /// Of an upgrade, where each step has words of its own. Go: `upgradeaware.go` `tryUpgrade`, `dial`.
    pub(super) fn not_upgraded(failure: &Failure) -> Self {
        let cause = match failure {
            Failure::Early(status) => return Self::NotSwitched(*status),
            Failure::Send(cause) => cause,
            Failure::ClientLeft | Failure::TooLate => return Self::Failed(format!("error dialing backend: {failure}")),
        };
        Self::Failed(match cause {
            SendCause::Connection(ConnectionFault::Ended) | SendCause::Broken(ConnectionFault::Ended) => {
                "unexpected EOF".to_owned()
            }
            SendCause::Connection(fault @ ConnectionFault::Write(..)) => format!("error sending request: {fault}"),
            SendCause::Connection(fault) | SendCause::Broken(fault) => fault.to_string(),
            SendCause::FieldName(_)
            | SendCause::FieldValue(_)
            | SendCause::TrailerName(_)
            | SendCause::Target
            | SendCause::Body(_)
            | SendCause::Copied { .. }
            | SendCause::CopiedToNobody { .. } => {
                format!("error sending request: {cause}")
            }
            SendCause::NoHost
            | SendCause::Lookup { .. }
            | SendCause::Dial { .. }
            | SendCause::ServerName(_)
            | SendCause::Handshake(_)
            | SendCause::HandshakeTimeout
            | SendCause::HeaderTimeout
            | SendCause::Proxy(_)
            | SendCause::ProxyRefused(_)
            | SendCause::ProxyTooEager
            | SendCause::ProxyTimeout
            | SendCause::ProxyFromClient
            | SendCause::Socks { .. }
            | SendCause::Http2(_) => format!("error dialing backend: {cause}"),
        })
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        fault.status().into()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn each_step_of_an_upgrade_has_its_own_words() {
        let said = |failure: Failure| Fault::not_upgraded(&failure).to_string();
        let ended = || SendCause::Connection(ConnectionFault::Ended);
        assert_eq!(said(Failure::Send(ended())), "unexpected EOF");
        assert_eq!(said(Failure::TooLate), "error dialing backend: context deadline exceeded");
        assert_eq!(said(Failure::Early(StatusCode::CONTINUE)), "invalid upgrade response: status code 100");
        let lookup = SendCause::Lookup { host: "a.test".to_owned(), error: io::ErrorKind::NotFound.into() };
        assert_eq!(said(Failure::Send(lookup)), "error dialing backend: dial tcp: lookup a.test: no such host");
        let unreached = |wrapping| Fault::unreached(wrapping, &Failure::Send(ended())).to_string();
        assert_eq!(unreached(Wrapping::Told), "error trying to reach service: EOF");
        assert_eq!(unreached(Wrapping::Bare), "EOF");
    }
}
