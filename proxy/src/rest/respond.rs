//! Objects on their way out, in the form that was agreed on. Go: `apiserver/pkg/endpoints/handlers/responsewriters/writers.go`.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    kinds::Kind,
    protobuf,
    registry::List,
    table::{self, Columns, IncludeObject},
};
use crate::{
    meta::{
        Accepted, GroupVersionKind, Media, Object, Offer, Query, Status, encode_json, encode_yaml, gzip, negotiate,
    },
    wire::{Answer, Body, Name, RequestHead, ResponseHead},
    world::Wall,
};

/// What can be turned into what. Go: `endpoints/handlers/rest.go` `AllowsMediaTypeTransform`.
pub(super) fn transforms(media: Media, target: &GroupVersionKind) -> bool {
    let is_meta = target.group == "meta.k8s.io" && matches!(&*target.version, "v1" | "v1beta1");
    let known = match &*target.kind {
        "Table" => media != Media::Protobuf,
        "PartialObjectMetadata" | "PartialObjectMetadataList" => true,
        _ => false,
    };
    is_meta && known
}

/// Agrees on the form of an answer.
///
/// # Errors
/// 406.
pub(super) fn agree(head: &RequestHead) -> Result<Accepted, Status> {
    negotiate(head, &Offer::transformed(Media::ALL, transforms))
}

/// What an answer is turned into.
#[derive(Debug)]
pub(super) struct Shaper<'a> {
    pub(super) kind: &'static Kind,
    pub(super) accepted: &'a Accepted,
    pub(super) include: IncludeObject,
    pub(super) now: Wall,
}

impl<'a> Shaper<'a> {
    /// For a request.
    ///
    /// # Errors
    /// 400: `includeObject` is none of the words.
    pub(super) fn new(kind: &'static Kind, accepted: &'a Accepted, query: &Query, now: Wall) -> Result<Self, Status> {
        let is_table = accepted.transform.as_ref().is_some_and(|target| target.kind == "Table");
        let include =
            if is_table { IncludeObject::parse(&query.text("includeObject"))? } else { IncludeObject::default() };
        Ok(Self { kind, accepted, include, now })
    }

    /// One object.
    ///
    /// # Errors
    /// 406: a list was asked for.
    pub(super) fn object(&self, object: Object, columns: Columns) -> Result<Value, Status> {
        let Some(target) = &self.accepted.transform else { return Ok(object.into_value()) };
        let version = &*target.version;
        match &*target.kind {
            "Table" => {
                let metadata = json!({"resourceVersion": object.resource_version()});
                let shown = (self.include, columns);
                Ok(table::table(self.kind, &[object], (version, metadata), shown, self.now))
            }
            "PartialObjectMetadata" => Ok(table::partial(&object, version)),
            _ => Err(Status::not_acceptable(format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list (*{}.{})",
                self.internal_package(),
                self.kind.kind
            ))),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// 406: one object was asked for.
    pub(super) fn list(&self, list: List) -> Result<Value, Status> {
        let metadata = list_metadata(&list);
        let Some(target) = &self.accepted.transform else {
            let items: Vec<Value> = list.items.into_iter().map(|object| self.item(object)).collect();
            let (kind, version) = (&self.kind.list_kind, self.kind.group_version().to_string());
            return Ok(json!({"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}));
        };
        let version = &*target.version;
        match &*target.kind {
            "Table" => {
                let shown = (self.include, Columns::Told);
                Ok(table::table(self.kind, &list.items, (version, metadata), shown, self.now))
            }
            "PartialObjectMetadataList" => {
                let items: Vec<Value> = list.items.iter().map(|object| table::partial(object, version)).collect();
                Ok(json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": format!("meta.k8s.io/{version}"),
                    "metadata": metadata, "items": items,
                }))
            }
            _ => Err(Status::not_acceptable(format!(
                "you requested PartialObjectMetadata, but the requested object is a list (*{}.{})",
                self.internal_package(),
                self.kind.list_kind
            ))),
        }
    }

    /// An object within a list says neither its kind nor its version, as the list does.
    fn item(&self, mut object: Object) -> Value {
        object.remove(&["kind"]);
        object.remove(&["apiVersion"]);
        object.into_value()
    }

    /// The package of Go's internal type.
    fn internal_package(&self) -> &'static str {
        match &*self.kind.group {
            "apiregistration.k8s.io" => "apiregistration",
            "discovery.k8s.io" => "discovery",
            _ => "core",
        }
    }
}

fn list_metadata(list: &List) -> Value {
    let mut metadata = json!({"resourceVersion": list.revision.to_string()});
    if !list.continue_token.is_empty() {
        metadata["continue"] = list.continue_token.clone().into();
    }
    if let Some(remaining) = list.remaining.filter(|remaining| *remaining > 0) {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

/// A value as a response; long ones are compressed for who accepts that.
pub(super) fn answer(head: &RequestHead, accepted: &Accepted, status: StatusCode, value: &Value) -> Answer {
    let json = || (Media::Json, encode_json(value, accepted.layout));
    let (media, bytes) = match accepted.media {
        Media::Json => json(),
        Media::Yaml => (Media::Yaml, encode_yaml(value)),
        Media::Protobuf => protobuf::encode(value).map_or_else(json, |bytes| (Media::Protobuf, bytes)),
    };
    let mut response = ResponseHead::new(status);
    response.headers.set(Name::CONTENT_TYPE, media.content_type());
    let bytes = gzip::compress(&mut response.headers, &head.headers, bytes);
    Answer::Reply(Box::new(response), Body::whole(bytes))
}
