//! The upgrade's two ends: what the client asks for, and whether the backend gave just that.

use bytes::Bytes;

use crate::{
    refusal::Refusal,
    wire::{
        Answer, Headers, Name, RequestHead, ResponseHead, Tunnel,
        token::{go_quote, is_ascii_print},
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

/// The answer to a backend that has switched: a tunnel, if it switched to what was asked for.
///
/// Go: `handleUpgradeResponse`.
pub(super) fn checked(head: ResponseHead, tunnel: Tunnel, asked: Option<&Bytes>) -> Result<Answer, Refusal> {
    let given = upgrade_type(&head.headers).unwrap_or_default();
    let asked = asked.cloned().unwrap_or_default();
    if !is_ascii_print(&given) {
        let text = format!("backend tried to switch to invalid protocol {}", go_quote(&given));
        return Err(Refusal::UpgradeMismatch(text));
    }
    if !given.eq_ignore_ascii_case(&asked) {
        let (given, asked) = (go_quote(&given), go_quote(&asked));
        let text = format!("backend tried to switch protocol {given} when {asked} was requested");
        return Err(Refusal::UpgradeMismatch(text));
    }
    if given.is_empty() {
        let text = "internal error: 101 switching protocols response with non-writable body";
        return Err(Refusal::UpgradeMismatch(text.to_owned()));
    }
    Ok(Answer::Switch(head, tunnel))
}

/// The first `Upgrade` value of a message whose `Connection` lists `upgrade`.
fn upgrade_type(headers: &Headers) -> Option<Bytes> {
    if !headers.has_token(&Name::CONNECTION, b"upgrade") {
        return None;
    }
    headers.get_bytes(&Name::UPGRADE).filter(|token| !token.is_empty()).cloned()
}
