//! What clients are told when a backend gives no answer, in Go's words.

use crate::{
    forward::Failure,
    upstream::{ConnectionFault, SendCause},
};

/// Of an ordinary request. Go: `apimachinery/pkg/util/proxy/transport.go` `Transport.RoundTrip`.
pub(super) fn unreached(failure: &Failure) -> String {
    format!("error trying to reach service: {failure}")
}

/// Of an upgrade, where each step has words of its own. Go: `apimachinery/pkg/util/proxy/upgradeaware.go` `tryUpgrade`.
pub(super) fn not_upgraded(failure: &Failure) -> String {
    let Failure::Send(cause) = failure else {
        return format!("error dialing backend: {failure}");
    };
    match cause {
        SendCause::Connection(ConnectionFault::Ended) | SendCause::Broken(ConnectionFault::Ended) => {
            "unexpected EOF".to_owned()
        }
        SendCause::Connection(fault @ ConnectionFault::Write(..)) => format!("error sending request: {fault}"),
        SendCause::Connection(fault) | SendCause::Broken(fault) => fault.to_string(),
        SendCause::FieldName(_)
        | SendCause::FieldValue(_)
        | SendCause::Target
        | SendCause::Body(_)
        | SendCause::Copied { .. } => {
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
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn each_step_of_an_upgrade_has_its_own_words() {
        let ended = || SendCause::Connection(ConnectionFault::Ended);
        assert_eq!(not_upgraded(&Failure::Send(ended())), "unexpected EOF");
        assert_eq!(not_upgraded(&Failure::TooLate), "error dialing backend: context deadline exceeded");
        let lookup = SendCause::Lookup { host: "a.test".to_owned(), error: io::ErrorKind::NotFound.into() };
        assert_eq!(
            not_upgraded(&Failure::Send(lookup)),
            "error dialing backend: dial tcp: lookup a.test: no such host"
        );
        assert_eq!(unreached(&Failure::Send(ended())), "error trying to reach service: EOF");
    }
}
