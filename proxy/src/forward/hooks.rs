use std::{error::Error, fmt};

use crate::{
    refusal::Refusal,
    wire::{Answer, RequestHead, ResponseHead},
};

/// Changes the head of an answer, or finds it wanting.
pub type ModifyResponse = dyn Fn(&mut ResponseHead) -> Result<(), Box<dyn Error>>;

/// Answers a request for which there is no answer of a backend; [`Refusal::words`] says why.
pub type HandleError = dyn Fn(&RequestHead, &Refusal) -> Answer;

/// What an embedder does with answers on their way back.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) modify: Option<Box<ModifyResponse>>,
    pub(super) on_error: Option<Box<HandleError>>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("modify", &self.modify.is_some())
            .field("on_error", &self.on_error.is_some())
            .finish()
    }
}
