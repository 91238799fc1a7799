//! What answers requests.

use crate::{
    refusal::Refusal,
    wire::{Answer, Exchange},
};

/// Answers requests. A type parameter of the server, so that nothing is boxed on the way.
pub trait Handler {
    /// Answers one request, or says no.
    #[expect(async_fn_in_trait, reason = "everything stays on one worker: the future needs no Send")]
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal>;
}
