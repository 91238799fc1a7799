//! What answers requests.

use crate::{
    forward::ReverseProxy,
    refusal::Refusal,
    wire::{Answer, Exchange},
};

/// Answers requests. A type parameter of the server, so that nothing is boxed on the way.
pub trait Handler {
    /// Answers one request, or says no.
    #[expect(async_fn_in_trait, reason = "everything stays on one worker: the future needs no Send")]
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal>;
}

/// Without any filter: everything goes to the backend.
impl Handler for ReverseProxy {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        self.forward(exchange).await
    }
}
