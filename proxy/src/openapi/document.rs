//! The documents, made when they are first asked for: a fifth of a second of work that a start need not wait for.

use std::{collections::BTreeMap, sync::OnceLock};

use bytes::Bytes;
use serde_json::Value;

use super::{protobuf, v2, v3};
use crate::{
    meta::{GroupVersion, Layout, digest::sha512, encode_json},
    rest::Kinds,
    wire::headers::trim,
    world::Wall,
};

/// A document as it is sent, and its name for caches.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) json: Bytes,
    /// The SHA-512 of the JSON, in upper-case hex.
    pub(super) hash: String,
}

impl Document {
    fn new(value: &Value) -> Self {
        let json = encode_json(value, Layout::Bare);
        let hash = sha512(&json);
        Self { json, hash }
    }

    /// The hash as it stands in `Etag`.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.hash)
    }

    /// Where it is found under `path`, its hash included: caches may keep that for ever.
    pub(super) fn url(&self, path: &str) -> String {
        format!("/openapi/v3/{path}?hash={}", self.hash)
    }

    /// Whether a list of tags, weak ones too, has this document's. Go: `net/http/fs.go` `checkIfNoneMatch`.
    pub(super) fn is_in(&self, tags: &[u8]) -> bool {
        let etag = self.etag();
        let same = |tag: &[u8]| tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == etag.as_bytes();
        tags.split(|byte| *byte == b',').any(|tag| same(trim(tag)))
    }
}

/// The documents of our own kinds.
#[derive(Debug)]
pub(super) struct Documents {
    made: Wall,
    versions: Vec<GroupVersion>,
    v2: OnceLock<(Document, Value)>,
    v2_protobuf: OnceLock<Bytes>,
    v3: BTreeMap<String, (GroupVersion, OnceLock<Document>)>,
}

impl Documents {
    pub(super) fn new(made: Wall) -> Self {
        let versions = Kinds::get().versions();
        let v3 = versions.iter().map(|at| (at.path()[1..].to_owned(), (at.clone(), OnceLock::new()))).collect();
        Self { made, versions, v2: OnceLock::new(), v2_protobuf: OnceLock::new(), v3 }
    }

    /// Since when they are as they are.
    pub(super) fn made(&self) -> Wall {
        self.made
    }

    /// The document of a path such as `apis/g/v` or `api/v1`.
    pub(super) fn v3(&self, path: &str) -> Option<&Document> {
        let (at, document) = self.v3.get(path)?;
        Some(document.get_or_init(|| Document::new(&v3::document(at))))
    }

    /// The paths that have a document.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.v3.keys().map(String::as_str)
    }

    pub(super) fn v2(&self) -> &Document {
        &self.v2_parts().0
    }

    pub(super) fn v2_protobuf(&self) -> Bytes {
        self.v2_protobuf.get_or_init(|| protobuf::encode(&self.v2_parts().1).into()).clone()
    }

    fn v2_parts(&self) -> &(Document, Value) {
        self.v2.get_or_init(|| {
            let value = v2::document(&self.versions);
            (Document::new(&value), value)
        })
    }
}
