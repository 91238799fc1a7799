use bytes::Bytes;

use super::Fault;
use crate::{
    forward::switch,
    wire::{Name, RequestHead, token::tokens},
};

/// Which wishes for another protocol are heard; the others stay unheard, as every server may leave them (RFC 9110, section 7.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrades {
    /// All.
    Any,
    /// Those for these protocols.
    Only(&'static [&'static [u8]]),
}

impl Upgrades {
    /// The protocol that the client asks for, if its wish is heard.
    pub(super) fn asked(self, head: &RequestHead) -> Result<Option<Bytes>, Fault> {
        let asked = switch::asked(head).map_err(|refusal| Fault::Failed(refusal.words()));
        match self {
            Self::Any => asked,
            Self::Only(known) => {
                let is_known = |protocol: &Bytes| known.iter().any(|known| protocol.eq_ignore_ascii_case(known));
                Ok(asked.ok().flatten().filter(is_known))
            }
        }
    }
}

/// Whether `Connection` concerns the connection alone, and takes away no field: it may then be said to the backend as the client wrote it.
///
/// Go: `UpgradeAwareHandler.tryUpgrade`, which sends it whatever it says. Trace: `upgrade_aware/upgrades/connection_is_kept`.
pub(super) fn names_no_field(head: &RequestHead) -> bool {
    let is_harmless = |word: &[u8]| HARMLESS.iter().any(|harmless| word.eq_ignore_ascii_case(harmless));
    head.headers.all(&Name::CONNECTION).flat_map(tokens).all(is_harmless)
}

const HARMLESS: [&[u8]; 4] = [b"upgrade", b"keep-alive", b"close", b""];
