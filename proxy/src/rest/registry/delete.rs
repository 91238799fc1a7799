//! Deleting objects. Go: `apiserver/pkg/registry/generic/registry/store.go` `Delete`, `pkg/registry/rest/delete.go` `BeforeDelete`.

use serde_json::{Value, json};

use super::{
    Registry, bytes_of, key_of, object_of, put_revision, refuse,
    update::{OPTIMISTIC_LOCK, is_held},
};
use crate::{
    config::limits::UPDATE_ATTEMPTS_MAX,
    meta::{GroupResource, Object, Status, time},
    rest::{
        kinds::Kind,
        options::{DeleteOptions, DryRun, Preconditions, Propagation},
    },
    storage::{ListAt, Outcome, Txn},
};

/// What became of an object that was to be deleted.
#[derive(Debug)]
pub struct Deleted {
    /// The object: as it remains, or as it was.
    pub object: Object,
    /// Whether it is gone.
    pub fate: Fate,
}

/// Whether an object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is gone.
    Gone,
    /// It is on its way out, and finalizers hold it.
    Held,
}

impl Registry {
    /// Deletes an object: removes it, or marks it where finalizers hold it. A namespace takes its contents with it.
    ///
    /// # Errors
    /// 404; 409: a precondition does not hold; 403: a namespace that may not be deleted.
    pub async fn delete(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, Status> {
        Self::check_deletable(kind, name)?;
        let key = key_of(kind, namespace, name)?;
        let resource = kind.group_resource();
        for _ in 0..UPDATE_ATTEMPTS_MAX {
            let found = self.0.cache.get(&key, ListAt::Latest).await;
            let (_, record) = found.map_err(|error| refuse(&error, ListAt::Latest))?;
            let record = record.ok_or_else(|| Status::not_found(&resource, name))?;
            let old = object_of(&record)?;
            check(kind, &old, &options.preconditions)?;
            let (mut marked, bytes) = bytes_of(kind, &self.marked(kind, &old, options.propagation))?;
            if !is_held(kind, &marked) {
                match self.remove(kind, &record, old, options.dry_run).await? {
                    Some(object) => return Ok(Deleted { object, fate: Fate::Gone }),
                    None => continue,
                }
            }
            if options.dry_run == DryRun::All || bytes == record.value {
                if options.dry_run != DryRun::All {
                    // Whoever deleted it first may have left in the middle.
                    self.empty_namespace(kind, name).await;
                }
                put_revision(&mut marked, record.modified);
                return Ok(Deleted { object: marked, fate: Fate::Held });
            }
            let txn = Txn::replace(key.clone(), record.modified, bytes);
            let committed = self.0.cache.commit(txn).await.map_err(|error| refuse(&error, ListAt::Latest))?;
            if committed.outcome == Outcome::Then {
                put_revision(&mut marked, committed.revision);
                self.empty_namespace(kind, name).await;
                return Ok(Deleted { object: marked, fate: Fate::Held });
            }
        }
        Err(Status::conflict(&resource, name, OPTIMISTIC_LOCK))
    }

    /// The object on its way out. Go: `markAsDeleting`, `deletionFinalizersForGarbageCollection`.
    fn marked(&self, kind: &Kind, old: &Object, propagation: Option<Propagation>) -> Object {
        let mut object = old.clone();
        if old.deletion_timestamp().is_none() {
            if kind.resource == "namespaces" {
                object.set(&["status", "phase"], "Terminating".into());
            }
            object.set(&["metadata", "deletionTimestamp"], time::format(self.now()).into());
            if kind.resource != "namespaces" {
                object.set(&["metadata", "deletionGracePeriodSeconds"], json!(0));
            }
            if let Some(generation) =
                old.get(&["metadata", "generation"]).and_then(Value::as_i64).filter(|now| *now > 0)
            {
                object.set(&["metadata", "generation"], json!(generation + 1));
            }
        }
        let Some(propagation) = propagation else { return object };
        let wanted = match propagation {
            Propagation::Foreground => Some("foregroundDeletion"),
            Propagation::Orphan => Some("orphan"),
            Propagation::Background => None,
        };
        let kept = object.finalizers().filter(|one| !matches!(*one, "foregroundDeletion" | "orphan"));
        let finalizers: Vec<Value> = kept.chain(wanted).map(Value::from).collect();
        object.set(&["metadata", "finalizers"], finalizers.into());
        object
    }
}

/// Go: `apiserver/pkg/registry/rest/delete.go` `BeforeDelete`.
fn check(kind: &Kind, object: &Object, preconditions: &Preconditions) -> Result<(), Status> {
    // Go puts the kind where the resource belongs.
    let refuse =
        |why: String| Err(Status::conflict(&GroupResource::new(&*kind.group, &*kind.kind), object.name(), why));
    let (uid, revision) = (object.uid(), object.resource_version());
    if let Some(asked) = preconditions.uid.as_deref().filter(|asked| *asked != uid) {
        return refuse(format!(
            "the UID in the precondition ({asked}) does not match the UID in record ({uid}). \
             The object might have been deleted and then recreated"
        ));
    }
    if let Some(asked) = preconditions.resource_version.as_deref().filter(|asked| *asked != revision) {
        return refuse(format!(
            "the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record ({revision}). \
             The object might have been modified"
        ));
    }
    Ok(())
}
