//! Creating objects. Go: `apiserver/pkg/registry/generic/registry/store.go` `Create`, `pkg/registry/rest/create.go` `BeforeCreate`.

use super::{Registry, bytes_of, key_of, parse_revision, put_revision, refuse, update::OPTIMISTIC_LOCK};
use crate::{
    config::limits::{GENERATED_NAME_ATTEMPTS_MAX, UPDATE_ATTEMPTS_MAX},
    meta::{Object, Status, time},
    rest::{
        kinds::Kind,
        object_meta,
        options::{DryRun, WriteOptions},
        strategy,
    },
    storage::{ListAt, Outcome, Txn},
};

impl Registry {
    /// Creates an object; what it leaves out is filled in.
    ///
    /// # Errors
    /// 409: it is there; 404: its namespace is not; 403: its namespace is on its way out; 422: it is not valid.
    pub async fn create(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        object: Object,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        let generates = object.name().is_empty() && !object.generate_name().is_empty();
        let attempts = if generates { GENERATED_NAME_ATTEMPTS_MAX } else { 1 };
        let mut last = None;
        for _ in 0..attempts {
            let mut object = self.with_system_fields(kind, namespace, object.clone())?;
            if generates {
                let name = self.generate_name(object.generate_name());
                object.set(&["metadata", "name"], name.into());
            }
            let name = object.name().to_owned();
            match self.create_named(kind, namespace, object, options).await {
                Err(status) if generates && status.reason == "AlreadyExists" => last = Some(name),
                other => return other,
            }
        }
        Err(Status::generate_name_conflict(&kind.group_resource(), &last.unwrap_or_default()))
    }

    /// Tries again while the namespace or an address that was free changes in between: whoever changed it got on.
    async fn create_named(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        object: Object,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        let name = object.name().to_owned();
        for _ in 0..UPDATE_ATTEMPTS_MAX {
            if let Some(created) = self.try_to_create(kind, namespace, object.clone(), options).await? {
                return Ok(created);
            }
        }
        Err(Status::conflict(&kind.group_resource(), &name, OPTIMISTIC_LOCK))
    }

    /// `None`: its name is free, and the namespace or an address changed in between.
    async fn try_to_create(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        mut object: Object,
        options: &WriteOptions,
    ) -> Result<Option<Object>, Status> {
        let home = self.home(kind, namespace, &object).await?;
        let strategy = strategy::of(kind);
        strategy.default(&mut object);
        strategy.prepare_for_create(&mut object, self.now());
        // Go takes the addresses before it looks at the rest.
        let claims = self.claim(kind, &mut object, None, options.dry_run).await?;
        self.validate(kind, &object)?;
        let key = key_of(kind, namespace, object.name())?;
        let (mut object, bytes) = bytes_of(kind, &object)?;
        if options.dry_run == DryRun::All {
            let (_, found) =
                self.0.cache.get(&key, ListAt::Latest).await.map_err(|error| refuse(&error, ListAt::Latest))?;
            return if found.is_some() { Err(Self::exists(kind, &object)) } else { Ok(Some(object)) };
        }
        let mut txn = Txn::create(key, bytes);
        txn.expect.extend(home);
        claims.add_to(&mut txn);
        let committed = self.0.cache.commit(txn).await.map_err(|error| refuse(&error, ListAt::Latest))?;
        match committed.outcome {
            Outcome::Then => {
                put_revision(&mut object, committed.revision);
                Ok(Some(object))
            }
            Outcome::Otherwise if committed.records.first().is_some_and(Option::is_some) => {
                Err(Self::exists(kind, &object))
            }
            Outcome::Otherwise => Ok(None),
        }
    }

    fn exists(kind: &Kind, object: &Object) -> Status {
        Status::already_exists(&kind.group_resource(), object.name())
    }

    /// Go: `FillObjectMetaSystemFields`, `WipeObjectMetaSystemFields`, `EnsureObjectNamespaceMatchesRequestNamespace`.
    fn with_system_fields(&self, kind: &Kind, namespace: Option<&str>, mut object: Object) -> Result<Object, Status> {
        if parse_revision(object.resource_version()).is_ok_and(|revision| revision.is_some()) {
            return Err(Status::plain_error("resourceVersion should not be set on objects to be created"));
        }
        for field in [
            "resourceVersion",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
            "namespace",
        ] {
            object.remove(&["metadata", field]);
        }
        if let Some(namespace) = namespace.filter(|_| kind.namespaced) {
            object.set(&["metadata", "namespace"], namespace.into());
        }
        object.set(&["metadata", "uid"], self.dice("uid").uuid().into());
        object.set(&["metadata", "creationTimestamp"], time::format(self.now()).into());
        Ok(object)
    }

    fn validate(&self, kind: &'static Kind, object: &Object) -> Result<(), Status> {
        let strategy = strategy::of(kind);
        let mut wrong = object_meta::validate(object, |name| strategy.name_faults(object, name));
        wrong.extend(strategy.validate(object, self.0.allow));
        if wrong.is_empty() { Ok(()) } else { Err(Status::invalid(&kind.group_kind(), object.name(), &wrong)) }
    }

    /// Go: `apiserver/pkg/storage/names/generate.go` `SimpleNameGenerator`.
    fn generate_name(&self, base: &str) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        const BASE_MAX: usize = 58;
        let end = (0..=base.len().min(BASE_MAX)).rev().find(|at| base.is_char_boundary(*at)).unwrap_or_default();
        let mut dice = self.dice("generate name");
        let mut name = base[..end].to_owned();
        for _ in 0..5 {
            name.push(char::from(LETTERS[dice.below(LETTERS.len() as u64) as usize]));
        }
        name
    }
}
