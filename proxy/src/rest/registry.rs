//! The verbs as functions over the store: for requests, and for control loops.

mod address_claims;
mod create;
mod delete;
mod list;
mod namespaces;
mod update;
mod watch;

use std::sync::{Arc, Mutex};

use serde_json::Value;

pub use self::{
    delete::{Deleted, Fate},
    list::List,
    watch::{EventType, ObjectEvent, ObjectWatch},
};
pub(super) use self::{list::revision, update::OPTIMISTIC_LOCK};
use super::{kinds::Kind, strategy::Allow};
use crate::{
    meta::{Cause, Details, Layout, Object, Status, encode_json},
    storage::{Cache, Key, ListAt, Record, Revision, StoreError},
    world::{Clock, Dice, Wall, World},
};

/// Objects in the store. A clone is the same registry.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cache: Cache,
    clock: Arc<dyn Clock>,
    /// Asked by writes alone, and never held while something is waited for.
    dice: Mutex<Dice>,
    allow: Allow,
}

impl Registry {
    /// The registry of a store, with what this server accepts beyond Go's rules: uids come from the world's dice, times from its clock.
    pub fn new(cache: Cache, world: &World, allow: Allow) -> Self {
        let dice = Mutex::new(world.dice.split("registry"));
        Self(Arc::new(Inner { cache, clock: Arc::clone(&world.clock), dice, allow }))
    }

    /// One object.
    ///
    /// # Errors
    /// 404; what the store says.
    pub async fn get(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        name: &str,
        at: ListAt,
    ) -> Result<Object, Status> {
        let key = key_of(kind, namespace, name)?;
        let (_, record) = self.0.cache.get(&key, at).await.map_err(|error| refuse(&error, at))?;
        let record = record.ok_or_else(|| Status::not_found(&kind.group_resource(), name))?;
        object_of(&record)
    }

    /// The revision that reads see.
    pub fn revision(&self) -> Revision {
        self.0.cache.revision()
    }

    /// The time of day.
    pub(super) fn now(&self) -> Wall {
        self.0.clock.wall()
    }

    /// Random numbers of its own for somebody.
    pub(super) fn dice(&self, who: &str) -> Dice {
        let mut own = self.0.dice.lock().expect("nothing panics while it holds the dice");
        // Each caller's numbers differ from the last one's.
        let turn = own.below(u64::MAX);
        own.split(&format!("{who} {turn}"))
    }
}

/// What the keys of a kind begin with. Go: `kubernetes/pkg/kubeapiserver/default_storage_factory_builder.go`
/// `SpecialDefaultResourcePrefixes`.
pub(super) fn prefix_of(kind: &Kind, namespace: Option<&str>) -> String {
    let resource = match (&*kind.group, &*kind.resource) {
        ("", "services") => "services/specs".to_owned(),
        ("", "endpoints") => "services/endpoints".to_owned(),
        ("apiregistration.k8s.io", resource) => format!("apiregistration.k8s.io/{resource}"),
        (_, resource) => resource.to_owned(),
    };
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("/registry/{resource}/{namespace}/"),
        None => format!("/registry/{resource}/"),
    }
}

/// The key of an object.
fn key_of(kind: &Kind, namespace: Option<&str>, name: &str) -> Result<Key, Status> {
    let namespace = namespace.filter(|namespace| !namespace.is_empty());
    if kind.namespaced && namespace.is_none() {
        return Err(Status::bad_request("Namespace parameter required."));
    }
    if name.is_empty() {
        return Err(Status::bad_request("Name parameter required."));
    }
    if let [fault, ..] = &*super::names::path_segment(name) {
        let name = crate::wire::token::go_quote(name.as_bytes());
        return Err(Status::bad_request(format!("Name parameter invalid: {name}: {fault}")));
    }
    Ok(format!("{}{name}", prefix_of(kind, namespace)).into())
}

/// The object of a record, with its revision in its place.
fn object_of(record: &Record) -> Result<Object, Status> {
    let corrupt = || Status::internal_error(format!("the record of {} is no object", record.key));
    let value: Value = serde_json::from_slice(&record.value).map_err(|_| corrupt())?;
    let mut object = Object::from_value(value).ok_or_else(corrupt)?;
    put_revision(&mut object, record.modified);
    Ok(object)
}

/// Puts the revision where the fields of metadata have it.
fn put_revision(object: &mut Object, revision: Revision) {
    let Some(metadata) = object.fields_mut().get_mut("metadata").and_then(Value::as_object_mut) else { return };
    metadata.shift_remove("resourceVersion");
    let before = ["name", "generateName", "namespace", "selfLink", "uid"];
    let at = metadata.keys().take_while(|key| before.contains(&key.as_str())).count();
    metadata.shift_insert(at, "resourceVersion".to_owned(), revision.to_string().into());
}

/// The bytes under which an object is kept: without its revision, which the store knows.
///
/// # Errors
/// 500: what a change made of the object is none of its kind. Nothing is written of it.
fn bytes_of(kind: &Kind, object: &Object) -> Result<(Object, bytes::Bytes), Status> {
    let mut value = object.clone();
    value.remove(&["metadata", "resourceVersion"]);
    value.remove(&["metadata", "selfLink"]);
    value.set(&["kind"], kind.kind.clone().into());
    value.set(&["apiVersion"], kind.group_version().to_string().into());
    let object = kind.canonical(&value.into_value()).map_err(Status::internal_error)?;
    let bytes = encode_json(object.fields(), Layout::Bare);
    Ok((object, bytes))
}

/// What a store says, as a Status. Go: `apiserver/pkg/storage/errors/storage.go`, `api/errors` of what is left raw.
fn refuse(error: &StoreError, at: ListAt) -> Status {
    match (error, at) {
        (StoreError::Compacted(_), _) => Status::expired("The resourceVersion for the provided list is too old."),
        (StoreError::Future(current), ListAt::NotOlderThan(asked) | ListAt::Exactly(asked)) => {
            too_large(asked, *current)
        }
        (StoreError::Full, _) => Status::plain_error("etcdserver: mvcc: database space exceeded"),
        (other, _) => Status::plain_error(other.to_string()),
    }
}

/// Go: `apiserver/pkg/storage/errors.go` `NewTooLargeResourceVersionError`.
fn too_large(asked: Revision, current: Revision) -> Status {
    let cause = Cause {
        reason: "ResourceVersionTooLarge",
        message: "Too large resource version".to_owned(),
        field: String::new(),
    };
    let mut status = Status::timeout(format!("Too large resource version: {asked}, current: {current}"), 1);
    status.details = Some(Box::new(Details { causes: vec![cause], retry_after_seconds: 1, ..Details::default() }));
    status
}

/// A resource version of a client: `None` for none and for 0.
///
/// # Errors
/// It is no number; Go's words.
fn parse_revision(text: &str) -> Result<Option<Revision>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let quoted = crate::wire::token::go_quote(text.as_bytes());
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let fault = if is_number { "value out of range" } else { "invalid syntax" };
    let number: u64 = if text.starts_with('+') { None } else { text.parse().ok() }
        .ok_or_else(|| format!("strconv.ParseUint: parsing {quoted}: {fault}"))?;
    Ok((number > 0).then_some(Revision(number)))
}
