//! Delete and deletecollection. Go: `apiserver/pkg/endpoints/handlers/delete.go`.

use http::StatusCode;
use serde_json::Value;

use super::{
    Rest, RestRoute,
    options::{DeleteOptions, ListOptions, ListVerb},
    registry::{Deleted, Fate},
    request::{body_media, parse, read_body},
    respond::{self, Shaper},
    table::Columns,
};
use crate::{
    meta::{Details, Query, Status, status::Outcome},
    refusal::Refusal,
    wire::{Answer, Exchange},
};

impl Rest {
    pub(super) async fn delete(&self, exchange: &mut Exchange, route: &RestRoute) -> Result<Answer, Refusal> {
        let accepted = respond::agree(&exchange.head)?;
        let options = self.delete_options(exchange).await?;
        let query = Query::of(&exchange.head);
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let deleted = self.registry.delete(route.kind, route.namespace.as_deref(), route.name(), &options).await?;
        let held = deleted.fate == Fate::Held;
        let status = if held && options.orphans_refused { StatusCode::ACCEPTED } else { StatusCode::OK };
        // A Service is given back as it was; of others it is said that they are gone. Go: `Store.ReturnDeletedObject`.
        let value = if held || route.kind.resource == "services" {
            shaper.object(deleted.object, Columns::Told)?
        } else {
            gone(route, &deleted)
        };
        Ok(respond::answer(&exchange.head, &accepted, status, &value))
    }

    pub(super) async fn delete_collection(
        &self,
        exchange: &mut Exchange,
        route: &RestRoute,
    ) -> Result<Answer, Refusal> {
        let accepted = respond::agree(&exchange.head)?;
        let options = self.delete_options(exchange).await?;
        let query = Query::of(&exchange.head);
        let listed = ListOptions::parse(&query, route.kind, ListVerb::List)?;
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let list = self.registry.list(route.kind, route.namespace.as_deref(), &listed).await?;
        for object in &list.items {
            let namespace = Some(object.namespace()).filter(|namespace| !namespace.is_empty());
            match self.registry.delete(route.kind, namespace, object.name(), &options).await {
                // Whoever was quicker did what was asked for.
                Err(status) if status.code != 404 => return Err(status.into()),
                _ => {}
            }
        }
        let value = shaper.list(list)?;
        Ok(respond::answer(&exchange.head, &accepted, StatusCode::OK, &value))
    }

    /// Of the body; where that is empty, of the query.
    async fn delete_options(&self, exchange: &mut Exchange) -> Result<DeleteOptions, Refusal> {
        let body = read_body(exchange).await?;
        if body.is_empty() {
            return Ok(DeleteOptions::from_query(&Query::of(&exchange.head))?);
        }
        let document = parse(body_media(&exchange.head)?, &body).map_err(Status::bad_request)?;
        Ok(DeleteOptions::from_body(&document)?)
    }
}

/// Go: `store.go` `finalizeDelete`.
fn gone(route: &RestRoute, deleted: &Deleted) -> Value {
    let details = Details {
        uid: deleted.object.uid().to_owned(),
        ..Details::of(&route.kind.group_resource(), deleted.object.name())
    };
    Status { outcome: Outcome::Success, details: Some(Box::new(details)), ..Status::default() }.to_value()
}
