//! Get. Go: `apiserver/pkg/endpoints/handlers/get.go` `GetResource`.

use http::StatusCode;

use super::{
    Rest, RestRoute,
    registry::revision,
    respond::{self, Shaper},
    table::Columns,
};
use crate::{
    meta::{Query, Status},
    refusal::Refusal,
    storage::ListAt,
    wire::{Answer, Exchange},
};

impl Rest {
    pub(super) async fn get(&self, exchange: &Exchange, route: &RestRoute) -> Result<Answer, Refusal> {
        let head = &exchange.head;
        let accepted = respond::agree(head)?;
        let query = Query::of(head);
        if query.bool("export") == Some(true) {
            let gone = "the export parameter, deprecated since v1.14, is no longer supported";
            return Err(Status::bad_request(gone).into());
        }
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let at = revision(&query.text("resourceVersion"))?.map_or(ListAt::Latest, ListAt::NotOlderThan);
        let object = self.registry.get(route.kind, route.namespace.as_deref(), route.name(), at).await?;
        Ok(respond::answer(head, &accepted, StatusCode::OK, &shaper.object(object, Columns::Told)?))
    }
}
