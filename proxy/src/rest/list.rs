//! List. Go: `apiserver/pkg/endpoints/handlers/get.go` `ListResource`.

use http::StatusCode;

use super::{
    Rest, RestRoute,
    options::{ListOptions, ListVerb},
    respond::{self, Shaper},
};
use crate::{
    meta::Query,
    refusal::Refusal,
    wire::{Answer, Exchange},
};

impl Rest {
    pub(super) async fn list(&self, exchange: &Exchange, route: &RestRoute) -> Result<Answer, Refusal> {
        let head = &exchange.head;
        let accepted = respond::agree(head)?;
        let query = Query::of(head);
        let options = ListOptions::parse(&query, route.kind, ListVerb::List)?;
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let list = self.registry.list(route.kind, route.namespace.as_deref(), &options).await?;
        Ok(respond::answer(head, &accepted, StatusCode::OK, &shaper.list(list)?))
    }
}
