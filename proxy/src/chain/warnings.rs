use super::{Filter, Step};
use crate::{
    meta::Warnings,
    wire::{Exchange, Name, ResponseHead},
};

/// Tells the client what is to be said of its request beside the answer.
///
/// Go: `apiserver/pkg/endpoints/filters/warning.go` `WithWarningRecorder`.
pub(super) struct TellWarnings;

impl Filter for TellWarnings {
    fn enter<'a>(&'a self, _exchange: &'a mut Exchange) -> Step<'a> {
        Step::Next
    }

    /// What a backend warns of stands behind what we say, as in Go.
    fn leave(&self, exchange: &Exchange, head: &mut ResponseHead) {
        for value in exchange.facts.get().into_iter().flat_map(Warnings::values).rev() {
            head.headers.prepend(Name::WARNING, value);
        }
    }
}
