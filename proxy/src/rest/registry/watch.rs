//! Watching objects. Go: `apiserver/pkg/storage/etcd3/watcher.go`, `pkg/storage/cacher/cache_watcher.go`.

use std::{collections::VecDeque, sync::Arc};

use serde_json::json;

use super::{Registry, object_of, parse_revision, prefix_of, put_revision, refuse};
use crate::{
    meta::{Object, Status},
    rest::{kinds::Kind, options::ListOptions, selector::Selector},
    storage::{Batch, Event, KeyRange, ListAt, Record, Revision, StoreError, Watch},
};

/// What happened to an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectEvent {
    /// What happened.
    pub kind: EventType,
    /// The object as it is now; as it was, if it is gone. Of a bookmark, only the revision counts.
    pub object: Object,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// It came into being, or into what is selected.
    Added,
    /// It changed.
    Modified,
    /// It is gone, or no longer selected.
    Deleted,
    /// Nothing: all events up to the object's revision were given.
    Bookmark,
}

impl EventType {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
        }
    }
}

/// What happens to the objects of a kind. It keeps no events: it reads the store's bounded log.
#[derive(Debug)]
pub struct ObjectWatch {
    kind: &'static Kind,
    selector: Selector,
    /// What was there at the start and is not told yet.
    first: VecDeque<Arc<Record>>,
    /// The revision at which the first objects end, until that is told.
    first_end: Option<Revision>,
    /// Events of one revision that are not told yet.
    queue: VecDeque<ObjectEvent>,
    watch: Result<Watch, Status>,
}

impl Registry {
    /// Watches the objects of a kind, in one namespace or in all.
    ///
    /// # Errors
    /// 500: the revision is no number, as Go says it; what the store says. A revision that is forgotten is told by [`ObjectWatch::next`].
    pub async fn watch(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        options: &ListOptions,
    ) -> Result<ObjectWatch, Status> {
        let asked = parse_revision(&options.resource_version).map_err(|fault| {
            let text = crate::wire::token::go_quote(options.resource_version.as_bytes());
            Status::plain_error(format!("resourceVersion: Invalid value: {text}: {fault}"))
        })?;
        let keys = KeyRange::prefix(&*prefix_of(kind, namespace));
        let mut first = VecDeque::new();
        let mut first_end = None;
        let after = match asked {
            Some(revision) if !options.send_initial_events => revision,
            _ => {
                let at = asked.map_or(ListAt::Latest, ListAt::NotOlderThan);
                let listing = self.0.cache.list(&keys, at, None).await.map_err(|error| refuse(&error, at))?;
                first = listing.records.into();
                first_end =
                    Some(listing.revision).filter(|_| options.send_initial_events && options.allow_watch_bookmarks);
                listing.revision
            }
        };
        let watch = self.0.cache.watch(&keys, after).await.map_err(|error| too_old(after, &error));
        Ok(ObjectWatch { kind, selector: options.selector.clone(), first, first_end, queue: VecDeque::new(), watch })
    }
}

impl ObjectWatch {
    /// The next event. Nothing is lost when this is dropped before it is ready.
    ///
    /// # Errors
    /// 410: the revision is forgotten, or this was read too slowly. It does not recover.
    pub async fn next(&mut self) -> Result<ObjectEvent, Status> {
        while let Some(record) = self.first.pop_front() {
            let object = object_of(&record)?;
            if self.selector.selects(&object) {
                return Ok(ObjectEvent { kind: EventType::Added, object });
            }
        }
        if let Some(revision) = self.first_end.take() {
            let mut bookmark = self.bookmark_at(revision);
            bookmark.object.set(&["metadata", "annotations"], json!({"k8s.io/initial-events-end": "true"}));
            return Ok(bookmark);
        }
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(event);
            }
            let watch = self.watch.as_mut().map_err(|status| status.clone())?;
            let passed = watch.revision();
            let batch = watch.next().await.map_err(|error| too_old(passed, &error))?;
            self.take(&batch)?;
        }
    }

    /// Whether events can be had without waiting.
    pub fn has_more(&self) -> bool {
        !self.first.is_empty() || self.first_end.is_some() || !self.queue.is_empty()
    }

    /// A bookmark: all events up to its revision were given. None while some were not.
    pub fn bookmark(&mut self) -> Option<ObjectEvent> {
        if self.has_more() {
            return None;
        }
        let revision = self.watch.as_mut().ok()?.revision();
        Some(self.bookmark_at(revision))
    }

    fn bookmark_at(&self, revision: Revision) -> ObjectEvent {
        let empty =
            json!({"kind": self.kind.kind, "apiVersion": self.kind.group_version().to_string(), "metadata": {}});
        let mut object = self.kind.canonical(&empty).expect("an object without fields is one of every kind");
        put_revision(&mut object, revision);
        ObjectEvent { kind: EventType::Bookmark, object }
    }

    fn take(&mut self, batch: &Batch) -> Result<(), Status> {
        for event in &batch.events {
            let (now, before) = match event {
                Event::Put { record, before } => (Some(record), before.as_ref()),
                Event::Deleted { before } => (None, Some(before)),
            };
            let selected = |record: Option<&Arc<Record>>| -> Result<Option<Object>, Status> {
                let object = record.map(|record| object_of(record)).transpose()?;
                Ok(object.filter(|object| self.selector.selects(object)))
            };
            let (kind, mut object) = match (selected(now)?, selected(before)?) {
                (Some(object), None) => (EventType::Added, object),
                (Some(object), Some(_)) => (EventType::Modified, object),
                (None, Some(object)) => (EventType::Deleted, object),
                (None, None) => continue,
            };
            put_revision(&mut object, batch.revision);
            self.queue.push_back(ObjectEvent { kind, object });
        }
        Ok(())
    }
}

/// Go: `cacher.go` `Watch`: 410 in an event, not in a response.
fn too_old(asked: Revision, error: &StoreError) -> Status {
    match error {
        StoreError::Compacted(oldest) => Status::expired(format!("too old resource version: {asked} ({oldest})")),
        other => Status::plain_error(other.to_string()),
    }
}
