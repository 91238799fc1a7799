//! Create. Go: `apiserver/pkg/endpoints/handlers/create.go` `createHandler`.

use http::StatusCode;

use super::{
    Rest, RestRoute, body_object,
    options::WriteOptions,
    request::{body_media, read_body},
    respond::{self, Shaper},
    strategy,
    table::Columns,
};
use crate::{
    meta::{Query, Warnings},
    refusal::Refusal,
    wire::{Answer, Exchange},
};

impl Rest {
    pub(super) async fn create(
        &self,
        exchange: &mut Exchange,
        route: &RestRoute,
        warnings: &mut Warnings,
    ) -> Result<Answer, Refusal> {
        let accepted = respond::agree(&exchange.head)?;
        let media = body_media(&exchange.head)?;
        let body = read_body(exchange).await?;
        let query = Query::of(&exchange.head);
        let options = WriteOptions::parse(&query, "CreateOptions")?;
        let object = body_object::read(route, media, &body, options.field_validation, warnings)?;
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let created = self.registry.create(route.kind, route.namespace.as_deref(), object, &options).await?;
        warnings.extend(strategy::of(route.kind).warnings(&created));
        let value = shaper.object(created, Columns::Told)?;
        Ok(respond::answer(&exchange.head, &accepted, StatusCode::CREATED, &value))
    }
}
