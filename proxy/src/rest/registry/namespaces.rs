//! Namespaces: what is in one goes with it, and nothing is made in one that is not there.
//!
//! Go: `apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go`, and the namespace controller, which works behind the
//! request. Here a namespace is emptied before its delete is answered; what finalizers hold is taken up again when it goes, and
//! what a crash left over at the next start.

use serde_json::{Value, json};

use super::{Registry, key_of, object_of, refuse};
use crate::{
    meta::{Cause, Object, Status},
    rest::{
        kinds::{Kind, Kinds, namespace::KUBERNETES},
        options::{DeleteOptions, ListOptions, WriteOptions},
    },
    storage::{Expect, ListAt},
};

/// They are made at the start and may not be deleted.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Registry {
    /// Makes the namespaces that are always there, and goes on with deletes that the last process did not finish.
    ///
    /// # Errors
    /// What the store says.
    pub async fn bootstrap(&self) -> Result<(), Status> {
        let kind = Self::namespace_kind();
        for name in IMMORTAL {
            let object = Object::from_value(json!({"metadata": {"name": name}})).unwrap_or_default();
            match self.create(kind, None, object, &WriteOptions::default()).await {
                Err(status) if status.reason != "AlreadyExists" => return Err(status),
                _ => {}
            }
        }
        for namespace in self.list(kind, None, &ListOptions::default()).await?.items {
            if namespace.deletion_timestamp().is_some() {
                self.empty_namespace(kind, namespace.name()).await;
            }
        }
        Ok(())
    }

    fn namespace_kind() -> &'static Kind {
        Kinds::get().by_resource("", "v1", "namespaces").expect("the tables have it, as a test shows")
    }

    /// That the namespace of a new object is there and stays as it is until the object is written.
    pub(super) async fn home(
        &self,
        kind: &Kind,
        namespace: Option<&str>,
        object: &Object,
    ) -> Result<Option<Expect>, Status> {
        let Some(namespace) = namespace.filter(|_| kind.namespaced) else { return Ok(None) };
        let of_namespaces = Self::namespace_kind();
        let key = key_of(of_namespaces, None, namespace)?;
        let (_, record) =
            self.0.cache.get(&key, ListAt::Latest).await.map_err(|error| refuse(&error, ListAt::Latest))?;
        let record = record.ok_or_else(|| Status::not_found(&of_namespaces.group_resource(), namespace))?;
        if object_of(&record)?.deletion_timestamp().is_some() {
            return Err(terminating(kind, namespace, object));
        }
        Ok(Some(Expect { key, modified: record.modified }))
    }

    /// 403 for a namespace that is always there.
    pub(super) fn check_deletable(kind: &Kind, name: &str) -> Result<(), Status> {
        if kind.resource == "namespaces" && IMMORTAL.contains(&name) {
            return Err(Status::forbidden(&kind.group_resource(), name, "this namespace may not be deleted"));
        }
        Ok(())
    }

    /// Deletes what is in a namespace; when nothing is left, lets it go.
    pub(super) async fn empty_namespace(&self, kind: &'static Kind, name: &str) {
        if kind.resource != "namespaces" {
            return;
        }
        if let Err(status) = self.try_to_empty_namespace(kind, name).await {
            tracing::warn!(namespace = name, error = %status, "the namespace is not empty yet");
        }
    }

    async fn try_to_empty_namespace(&self, kind: &'static Kind, name: &str) -> Result<(), Status> {
        let mut left = 0;
        for contained in Kinds::get().all().iter().filter(|kind| kind.namespaced) {
            for object in self.list(contained, Some(name), &ListOptions::default()).await?.items {
                // Boxed: it may come back here for the namespace of what it removes.
                let deleted =
                    Box::pin(self.delete(contained, Some(name), object.name(), &DeleteOptions::default())).await;
                match deleted {
                    Ok(deleted) => left += usize::from(deleted.fate == super::Fate::Held),
                    Err(status) if status.code == 404 => {}
                    Err(status) => return Err(status),
                }
            }
        }
        if left > 0 {
            return Ok(());
        }
        let release = |mut object: Object| {
            let held = object.get(&["spec", "finalizers"]).and_then(Value::as_array).into_iter().flatten();
            let kept: Vec<Value> = held.filter(|one| **one != KUBERNETES).cloned().collect();
            object.set(&["spec", "finalizers"], kept.into());
            Ok(object)
        };
        match Box::pin(self.update(kind, Some("finalize"), None, name, release, &WriteOptions::default())).await {
            Err(status) if status.code != 404 => Err(status),
            _ => Ok(()),
        }
    }

    /// After an object is gone: perhaps its namespace waited for it.
    pub(super) async fn tidy_namespace_of(&self, kind: &Kind, object: &Object) {
        // Only what was held comes late; whatever else goes with its namespace is counted there.
        if !kind.namespaced || object.deletion_timestamp().is_none() {
            return;
        }
        let of_namespaces = Self::namespace_kind();
        let namespace = object.namespace();
        let found = self.get(of_namespaces, None, namespace, ListAt::Latest).await;
        if found.is_ok_and(|namespace| namespace.deletion_timestamp().is_some()) {
            self.empty_namespace(of_namespaces, namespace).await;
        }
    }
}

fn terminating(kind: &Kind, namespace: &str, object: &Object) -> Status {
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut status = Status::forbidden(&kind.group_resource(), object.name(), why);
    if let Some(details) = &mut status.details {
        details.causes.push(Cause {
            reason: "NamespaceTerminating",
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".to_owned(),
        });
    }
    status
}
