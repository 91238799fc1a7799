//! Update. Objects that are not there are not created: that would need a second permit.
//!
//! Go: `apiserver/pkg/endpoints/handlers/update.go` `UpdateResource`.

use http::StatusCode;

use super::{
    Rest, RestRoute, body_object,
    options::WriteOptions,
    registry::prefix_of,
    request::{body_media, read_body},
    respond::{self, Shaper},
    strategy,
    table::Columns,
};
use crate::{
    meta::{Object, Query, Status, Warnings},
    refusal::Refusal,
    wire::{Answer, Exchange},
};

impl Rest {
    pub(super) async fn update(
        &self,
        exchange: &mut Exchange,
        route: &RestRoute,
        warnings: &mut Warnings,
    ) -> Result<Answer, Refusal> {
        let accepted = respond::agree(&exchange.head)?;
        let body = read_body(exchange).await?;
        let query = Query::of(&exchange.head);
        let options = WriteOptions::parse(&query, "UpdateOptions")?;
        let media = body_media(&exchange.head)?;
        let object = body_object::read(route, media, &body, options.field_validation, warnings)?;
        route.check_name(&object)?;
        let shaper = Shaper::new(route.kind, &accepted, &query, self.registry.now())?;
        let change = |old: Object| {
            check_uid(route, &object, &old)?;
            Ok(object.clone())
        };
        let (namespace, part) = (route.namespace.as_deref(), route.subresource.as_deref());
        let updated = self.registry.update(route.kind, part, namespace, route.name(), change, &options).await?;
        warnings.extend(strategy::of(route.kind).warnings(&updated));
        let value = shaper.object(updated, Columns::Told)?;
        Ok(respond::answer(&exchange.head, &accepted, StatusCode::OK, &value))
    }
}

/// An object with another uid is another object. The text names the key, as Go's does.
fn check_uid(route: &RestRoute, object: &Object, old: &Object) -> Result<(), Status> {
    let (asked, found) = (object.uid(), old.uid());
    if asked.is_empty() || asked == found {
        return Ok(());
    }
    let key = format!("{}{}", prefix_of(route.kind, route.namespace.as_deref()), route.name());
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: \
         UID in precondition: {asked}, UID in object meta: {found}"
    );
    Err(Status::conflict(&route.kind.group_resource(), route.name(), why))
}
