use super::Handler;
use crate::{
    identity::Permit,
    refusal::Refusal,
    router::{RequestInfo, Router},
    wire::{Answer, Exchange},
};

/// What stands behind the filters: whoever the router finds.
pub struct Routed {
    router: Router,
}

impl Routed {
    /// Behind this router.
    pub fn new(router: Router) -> Self {
        Self { router }
    }
}

impl Handler for Routed {
    async fn serve(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        let permit: Option<Permit> = exchange.facts.take();
        let (Some(info), Some(permit)) = (exchange.facts.get::<RequestInfo>(), permit) else {
            return Err(Refusal::Internal("the request was not authorized".to_owned()));
        };
        let route = self.router.route(&exchange.head, info)?;
        self.router.serve(route, exchange, permit).await
    }
}
