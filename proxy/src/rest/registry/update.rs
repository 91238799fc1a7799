//! Changing objects. Go: `apiserver/pkg/registry/generic/registry/store.go` `Update`, `pkg/registry/rest/update.go` `BeforeUpdate`.

use std::sync::Arc;

use serde_json::json;

use super::{Registry, address_claims::Claims, bytes_of, key_of, object_of, parse_revision, put_revision, refuse};
use crate::{
    config::limits::UPDATE_ATTEMPTS_MAX,
    meta::{FieldError, GroupKind, Object, Status},
    rest::{
        kinds::Kind,
        object_meta,
        options::{DryRun, WriteOptions},
        strategy::{self, Part, keep},
    },
    storage::{ListAt, Outcome, Record, Txn},
};

/// Go: `OptimisticLockErrorMsg`.
pub(in crate::rest) const OPTIMISTIC_LOCK: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

impl Registry {
    /// Changes an object: reads it, lets `change` say what it is to be, and writes that if nobody wrote in between; else once more.
    ///
    /// What `change` leaves in `resourceVersion` has to be the object's.
    ///
    /// # Errors
    /// What `change` says; 404; 409: the resource version is another; 422: it is not valid.
    pub async fn update(
        &self,
        kind: &'static Kind,
        subresource: Option<&str>,
        namespace: Option<&str>,
        name: &str,
        mut change: impl FnMut(Object) -> Result<Object, Status>,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        let resource = kind.group_resource();
        let part = Part::named(subresource).ok_or_else(|| Status::not_found(&resource, name))?;
        let key = key_of(kind, namespace, name)?;
        for _ in 0..UPDATE_ATTEMPTS_MAX {
            let found = self.0.cache.get(&key, ListAt::Latest).await;
            let (_, record) = found.map_err(|error| refuse(&error, ListAt::Latest))?;
            let record = record.ok_or_else(|| Status::not_found(&resource, name))?;
            let old = object_of(&record)?;
            let wanted = change(old.clone())?;
            let new = self.changed(kind, part, &old, wanted)?;
            if let Some(written) = self.replace(kind, &record, &old, new, options.dry_run).await? {
                return Ok(written);
            }
        }
        Err(Status::conflict(&resource, name, OPTIMISTIC_LOCK))
    }

    /// The object as it is to be, if that is allowed.
    fn changed(&self, kind: &'static Kind, part: Part, old: &Object, mut object: Object) -> Result<Object, Status> {
        self.check_revision(kind, old, &mut object)?;
        let strategy = strategy::of(kind);
        strategy.default(&mut object);
        object.remove(&["metadata", "managedFields"]);
        object.remove(&["metadata", "selfLink"]);
        keep(&mut object, old, &["metadata", "generation"]);
        strategy.prepare_for_update(&mut object, old, part);
        if object.uid().is_empty() {
            keep(&mut object, old, &["metadata", "uid"]);
        }
        keep(&mut object, old, &["metadata", "creationTimestamp"]);
        if old.deletion_timestamp().is_some() {
            keep(&mut object, old, &["metadata", "deletionTimestamp"]);
        }
        if object.get(&["metadata", "deletionGracePeriodSeconds"]).is_none() {
            keep(&mut object, old, &["metadata", "deletionGracePeriodSeconds"]);
        }
        let mut wrong = object_meta::validate_update(&object, old);
        if kind.resource != "endpointslices" {
            // Go asks twice: for every object, and for these kinds.
            wrong.extend(wrong.clone());
        }
        wrong.extend(strategy.validate_update(&object, old, part, self.0.allow));
        if wrong.is_empty() { Ok(object) } else { Err(Status::invalid(&kind.group_kind(), object.name(), &wrong)) }
    }

    fn check_revision(&self, kind: &'static Kind, old: &Object, object: &mut Object) -> Result<(), Status> {
        match parse_revision(object.resource_version()).map_err(Status::plain_error)? {
            None if strategy::of(kind).allows_unconditional_update() => {
                keep(object, old, &["metadata", "resourceVersion"]);
                Ok(())
            }
            None => {
                let wrong =
                    FieldError::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
                // Go puts the resource where the kind belongs.
                let resource = GroupKind::new(&*kind.group, &*kind.resource);
                Err(Status::invalid(&resource, object.name(), &[wrong]))
            }
            Some(revision) if revision.to_string() != old.resource_version() => {
                Err(Status::conflict(&kind.group_resource(), object.name(), OPTIMISTIC_LOCK))
            }
            Some(_) => Ok(()),
        }
    }

    /// Writes the object, or removes it if nothing holds it any more. `None`: somebody wrote in between.
    async fn replace(
        &self,
        kind: &'static Kind,
        record: &Arc<Record>,
        old: &Object,
        mut new: Object,
        dry_run: DryRun,
    ) -> Result<Option<Object>, Status> {
        let claims = self.claim(kind, &mut new, Some(old), dry_run).await?;
        let (mut new, bytes) = bytes_of(kind, &new)?;
        if new.deletion_timestamp().is_some() && !is_held(kind, &new) {
            let removed = self.remove(kind, record, new, dry_run).await?;
            // What is given back is the object as the change left it, and that was not written.
            return Ok(removed.map(|mut object| {
                put_revision(&mut object, record.modified);
                object
            }));
        }
        if dry_run == DryRun::All || bytes == record.value {
            put_revision(&mut new, record.modified);
            return Ok(Some(new));
        }
        let mut txn = Txn::replace(record.key.clone(), record.modified, bytes);
        claims.add_to(&mut txn);
        let committed = self.0.cache.commit(txn).await.map_err(|error| refuse(&error, ListAt::Latest))?;
        match committed.outcome {
            Outcome::Then => {
                put_revision(&mut new, committed.revision);
                Ok(Some(new))
            }
            // Or somebody took an address in between, which the next attempt sees.
            Outcome::Otherwise => Ok(None),
        }
    }

    /// Removes a record with everything that its object holds. `None`: somebody wrote in between.
    pub(super) async fn remove(
        &self,
        kind: &'static Kind,
        record: &Arc<Record>,
        mut object: Object,
        dry_run: DryRun,
    ) -> Result<Option<Object>, Status> {
        if dry_run == DryRun::All {
            put_revision(&mut object, record.modified);
            return Ok(Some(object));
        }
        let mut txn = Txn::remove(record.key.clone(), record.modified);
        Claims::of_removed(kind, &object_of(record)?).add_to(&mut txn);
        let committed = self.0.cache.commit(txn).await.map_err(|error| refuse(&error, ListAt::Latest))?;
        if committed.outcome == Outcome::Otherwise {
            return Ok(None);
        }
        put_revision(&mut object, committed.revision);
        self.tidy_namespace_of(kind, &object).await;
        Ok(Some(object))
    }
}

/// Whether a finalizer keeps an object that is on its way out.
pub(super) fn is_held(kind: &Kind, object: &Object) -> bool {
    let of_spec = kind.resource == "namespaces"
        && object.get(&["spec", "finalizers"]).and_then(|list| list.as_array()).is_some_and(|list| !list.is_empty());
    of_spec || object.finalizers().next().is_some()
}
