//! Requests for objects: get, list, watch, create, update, patch, delete.
//!
//! Go: `k8s.io/apiserver/pkg/endpoints/handlers`. The kinds are tables, see [`Kinds`]; what a kind decides for itself stands in
//! `kinds/`. [`Registry`] has the verbs as functions, for control loops too. Server-side apply and `metadata.managedFields` are not
//! there.

mod addresses;
mod body_object;
mod continue_token;
mod create;
mod decode;
mod delete;
mod document;
mod kinds;
mod list;
mod names;
mod object_meta;
mod options;
mod patch;
mod protobuf;
mod read;
mod registry;
mod request;
mod respond;
mod selector;
mod self_subject_review;
mod strategy;
mod table;
mod update;
mod watch;

use std::fmt;

pub use self::{
    kinds::{Column, Field, Kind, Kinds, Scalar, Shape, Subresource, TypeTable},
    options::{DeleteOptions, DryRun, FieldValidation, ListOptions, Preconditions, Propagation, WriteOptions},
    protobuf::encode as encode_protobuf,
    registry::{Deleted, EventType, Fate, List, ObjectEvent, ObjectWatch, Registry},
    selector::Selector,
    strategy::Allow,
};
use crate::{
    identity::Permit,
    meta::{Object, Status, Warnings},
    refusal::Refusal,
    wire::{Answer, Exchange},
    world::Stop,
};

/// A request for objects, as its path and method say. The kind, or its part, has the verb.
#[derive(Clone)]
pub struct RestRoute {
    kind: &'static Kind,
    namespace: Option<String>,
    name: Option<String>,
    subresource: Option<String>,
    verb: Verb,
}

/// Which objects a path names.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The kind.
    pub kind: &'static Kind,
    /// The namespace, if the path names one.
    pub namespace: Option<&'p str>,
    /// The object, if the path names one.
    pub name: Option<&'p str>,
    /// The part of the object, if the path names one.
    pub subresource: Option<&'p str>,
}

impl RestRoute {
    /// The route to a place; none where the tables do not have the verb for the kind, or this part of it.
    pub fn new(place: Place<'_>, verb: Verb) -> Option<Self> {
        let Place { kind, namespace, name, subresource } = place;
        let verbs = match subresource {
            None => &kind.verbs,
            Some(part) => &kind.subresource(part)?.verbs,
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        verbs.iter().any(|own| own == verb.word()).then(|| Self {
            kind,
            namespace: owned(namespace),
            name: owned(name),
            subresource: owned(subresource),
            verb,
        })
    }

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// That an object that was sent is the one that the path names. Go: `rest.go` `checkName`.
    fn check_name(&self, object: &Object) -> Result<(), Status> {
        let asked = self.name();
        let fault = match object.name() {
            name if name == asked => return Ok(()),
            "" => format!("the name of the object ({asked} based on URL) was undeterminable: name must be provided"),
            name => format!("the name of the object ({name}) does not match the name on the URL ({asked})"),
        };
        Err(Status::bad_request(fault))
    }
}

impl fmt::Debug for RestRoute {
    /// Verb, resource, namespace, name, part, in one line: a kind is a long table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |text: &'_ Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let [namespace, name, part] = [&self.namespace, &self.name, &self.subresource].map(word);
        write!(f, "{} {} {namespace} {name} {part}", self.verb.word(), self.kind.resource)
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// One object.
    Get,
    /// All objects, or those that are selected.
    List,
    /// What happens to them.
    Watch,
    /// A new object.
    Create,
    /// An object in the place of another.
    Update,
    /// A change of an object.
    Patch,
    /// An object less.
    Delete,
    /// All objects less, or those that are selected.
    DeleteCollection,
}

impl Verb {
    /// The word of the tables, `deletecollection`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// Answers requests for objects.
#[derive(Clone, Debug)]
pub struct Rest {
    registry: Registry,
    stop: Stop,
}

impl Rest {
    /// Over a registry. Watches end when it is time to stop.
    pub fn new(registry: Registry, stop: Stop) -> Self {
        Self { registry, stop }
    }

    /// Answers a request. That it is permitted was decided before. What is to be said beside the answer is left in the facts.
    ///
    /// # Errors
    /// A Status.
    pub async fn serve(&self, exchange: &mut Exchange, route: &RestRoute, _permit: Permit) -> Result<Answer, Refusal> {
        // Whatever is answered, what is to be said of the request goes with it.
        let mut warnings: Warnings = exchange.facts.take().unwrap_or_default();
        warnings.extend(strategy::of(route.kind).deprecation().map(str::to_owned));
        let answered = self.answer(exchange, route, &mut warnings).await;
        exchange.facts.put(warnings);
        answered
    }

    async fn answer(
        &self,
        exchange: &mut Exchange,
        route: &RestRoute,
        warnings: &mut Warnings,
    ) -> Result<Answer, Refusal> {
        match route.verb {
            Verb::Get => self.get(exchange, route).await,
            Verb::List => self.list(exchange, route).await,
            Verb::Watch => self.watch(exchange, route).await,
            Verb::Create => self.create(exchange, route, warnings).await,
            Verb::Update => self.update(exchange, route, warnings).await,
            Verb::Patch => self.patch(exchange, route, warnings).await,
            Verb::Delete => self.delete(exchange, route).await,
            Verb::DeleteCollection => self.delete_collection(exchange, route).await,
        }
    }
}

#[cfg(test)]
mod tests;
