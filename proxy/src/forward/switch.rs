//! The upgrade's two ends: what the client asks for, and whether the backend gave just that.

use bytes::Bytes;

use crate::{
    refusal::Refusal,
    wire::{
        Headers, Name, RequestHead, ResponseHead,
        token::{go_quote, has_token, is_ascii_print, tokens},
    },
};

/// The protocol that the client asks for, if it asks for one.
///
/// Go: `upgradeType`.
pub(super) fn asked(head: &RequestHead) -> Result<Option<Bytes>, Refusal> {
    match upgrade_type(&head.headers) {
        Some(token) if !is_ascii_print(&token) => Err(Refusal::InvalidUpgrade(go_quote(&token).to_string())),
        asked => Ok(asked),
    }
}

/// Whether a backend that has switched switched to what was asked for.
///
/// # Errors
/// It did not.
///
/// Go: `handleUpgradeResponse`.
pub(super) fn check(head: &ResponseHead, asked: Option<&Bytes>) -> Result<(), BadSwitch> {
    let given = upgrade_type(&head.headers).unwrap_or_default();
    let asked = asked.cloned().unwrap_or_default();
    if !is_ascii_print(&given) {
        return Err(BadSwitch::Invalid(go_quote(&given).to_string()));
    }
    if !given.eq_ignore_ascii_case(&asked) {
        let (given, asked) = (go_quote(&given).to_string(), go_quote(&asked).to_string());
        return Err(BadSwitch::Mismatch { given, asked });
    }
    if given.is_empty() {
        return Err(BadSwitch::Unasked);
    }
    Ok(())
}

/// Whether a backend that has switched chose from the list that was asked for. Go's handler of upgrades does not look at it at all.
///
/// # Errors
/// It names what is not on the list, or nothing (RFC 9110, section 7.8).
pub(super) fn check_choice(head: &ResponseHead, asked: &Bytes) -> Result<(), BadSwitch> {
    match upgrade_type(&head.headers) {
        Some(given) if tokens(&given).all(|protocol| has_token(asked, protocol)) => Ok(()),
        _ => check(head, Some(asked)),
    }
}

/// A backend's switch to something that nobody asked for, in Go's words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadSwitch {
    /// A protocol whose name cannot be written.
    #[error("backend tried to switch to invalid protocol {0}")]
    Invalid(String),
    /// Another protocol.
    #[error("backend tried to switch protocol {given} when {asked} was requested")]
    Mismatch { given: String, asked: String },
    /// No protocol, and none was asked for.
    #[error("internal error: 101 switching protocols response with non-writable body")]
    Unasked,
}

/// The first `Upgrade` value of a message whose `Connection` lists `upgrade`.
fn upgrade_type(headers: &Headers) -> Option<Bytes> {
    if !headers.has_token(&Name::CONNECTION, b"upgrade") {
        return None;
    }
    headers.get_bytes(&Name::UPGRADE).filter(|token| !token.is_empty()).cloned()
}
