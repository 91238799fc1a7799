//! Update. Objects of some kinds are made where there are none, if who asks may do that too.
//!
//! Go: `apiserver/pkg/endpoints/handlers/update.go` `UpdateResource`.

use http::StatusCode;

use super::{
    Rest, RestRoute, body_object,
    options::WriteOptions,
    registry::{OPTIMISTIC_LOCK, prefix_of},
    request::{body_media, read_body},
    respond::{self, Shaper},
    strategy,
    table::Columns,
};
use crate::{
    config::limits::UPDATE_ATTEMPTS_MAX,
    identity::{Denied, ToCreate},
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
        let creates = route.subresource.is_none() && strategy::of(route.kind).allows_create_on_update();
        let to_create = exchange.facts.take::<ToCreate>().filter(|_| creates);
        let (status, written) = self.put(route, &object, &options, to_create).await?;
        warnings.extend(strategy::of(route.kind).warnings(&written));
        let value = shaper.object(written, Columns::Told)?;
        Ok(respond::answer(&exchange.head, &accepted, status, &value))
    }

    /// Puts an object in the place of another; in an empty place only with `to_create`.
    async fn put(
        &self,
        route: &RestRoute,
        object: &Object,
        options: &WriteOptions,
        to_create: Option<ToCreate>,
    ) -> Result<(StatusCode, Object), Status> {
        let (kind, namespace, name) = (route.kind, route.namespace.as_deref(), route.name());
        let change = |old: Object| check_uid(route, object, &old).map(|()| object.clone());
        for _ in 0..UPDATE_ATTEMPTS_MAX {
            let part = route.subresource.as_deref();
            let to_create = match (self.registry.update(kind, part, namespace, name, change, options).await, &to_create)
            {
                (Err(status), Some(ToCreate(to_create))) if status.code == 404 => to_create,
                (updated, _) => return updated.map(|updated| (StatusCode::OK, updated)),
            };
            check_uid(route, object, &Object::default())?;
            let forbidden = |denied: &Denied| Status::forbidden(&kind.group_resource(), name, &*denied.reason);
            to_create.as_ref().map_err(forbidden)?;
            let mut fresh = object.clone();
            fresh.remove(&["metadata", "resourceVersion"]);
            match self.registry.create(kind, namespace, fresh, options).await {
                // Somebody made it in between.
                Err(status) if status.reason == "AlreadyExists" => {}
                created => return created.map(|created| (StatusCode::CREATED, created)),
            }
        }
        Err(Status::conflict(&kind.group_resource(), name, OPTIMISTIC_LOCK))
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
