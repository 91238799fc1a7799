//! What the API looks like, for clients that validate and explain: `/openapi/v2` and `/openapi/v3`.

mod document;
mod gnostic;
mod gvk;
mod operation;
mod options;
mod paths;
mod protobuf;
mod remote;
mod schema;
#[cfg(test)]
mod tests;
mod v2;
mod v3;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, StatusCode};

use self::{
    document::{Document, Documents},
    remote::Remote,
};
use crate::{
    meta::{Query, accept, gzip},
    wire::{Answer, Body, Headers, Name, RequestHead, ResponseHead, sniff::detect_content_type},
    world::Clock,
};

pub use self::remote::read_index;

/// Which document is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecRoute {
    /// `/openapi/v2`.
    V2,
    /// `/openapi/v3`.
    V3Index,
    /// `/openapi/v3/` and what follows, such as `apis/g/v`. Whoever routes asks `Specs::backend_of` first.
    V3(String),
}

/// The documents of all that this process serves, and where those of other servers are. Shared by all workers.
#[derive(Debug)]
pub struct Specs {
    clock: Arc<dyn Clock>,
    documents: Documents,
    remote: Remote,
}

impl Specs {
    /// The documents of our own kinds. They are made when they are first asked for.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { documents: Documents::new(clock.wall()), clock, remote: Remote::default() }
    }

    /// Tells what the index of an APIService's server lists: paths of documents, and where each is found.
    ///
    /// Go: `kube-aggregator/pkg/controllers/openapiv3/aggregator/aggregator.go` `updateAPIServiceSpecLocked`.
    pub fn set_remote(&self, service: &str, index: BTreeMap<String, String>) {
        self.remote.set(service, index);
    }

    /// Forgets what an APIService's server lists.
    pub fn remove(&self, service: &str) {
        self.remote.remove(service);
    }

    /// The APIService whose server has the document of a path such as `apis/g/v`; none where it is our own, or nobody's.
    pub fn backend_of(&self, path: &str) -> Option<String> {
        if self.documents.v3(path).is_some() { None } else { self.remote.service_of(path) }
    }

    /// Answers what is asked, whatever the method.
    pub fn serve(&self, head: &RequestHead, route: &SpecRoute) -> Answer {
        match route {
            SpecRoute::V2 => self.v2(head),
            SpecRoute::V3Index => self.v3_index(),
            SpecRoute::V3(path) => self
                .documents
                .v3(path)
                .map_or_else(|| bare(StatusCode::NOT_FOUND, Headers::new()), |document| self.v3(head, path, document)),
        }
    }

    /// Go: `kube-openapi/pkg/handler/handler.go` `RegisterOpenAPIVersionedService`.
    fn v2(&self, head: &RequestHead) -> Answer {
        let mut headers = Headers::new();
        headers.append(Name::VARY, "Accept-Encoding");
        headers.append(Name::VARY, "Accept");
        let Some(offered) = accept::choose(head, &[JSON, PROTOBUF_V2_BEFORE, PROTOBUF_V2]) else {
            return bare(StatusCode::NOT_ACCEPTABLE, headers);
        };
        let document = self.documents.v2();
        let (content_type, bytes) =
            if offered == 0 { (JSON, document.json.clone()) } else { (PROTOBUF_V2, self.documents.v2_protobuf()) };
        headers.set(Name::CONTENT_TYPE, content_type);
        let compressed = gzip::compressed(&head.headers, &bytes);
        if compressed.is_some() {
            headers.set(Name::CONTENT_ENCODING, "gzip");
        }
        self.content(head, document, headers, compressed.unwrap_or(bytes))
    }

    /// All documents, ours and those of other servers. Go: `aggregator.go` `handleDiscovery`, which leaves the type to be guessed.
    fn v3_index(&self) -> Answer {
        let bytes = self.remote.merged(&self.documents);
        let mut response = ResponseHead::new(StatusCode::OK);
        response.headers.set(Name::CONTENT_TYPE, detect_content_type(&bytes));
        response.headers.set(Name::LAST_MODIFIED, self.clock.wall().http_date().to_vec());
        Answer::Reply(Box::new(response), Body::whole(bytes))
    }

    /// Go: `kube-openapi/pkg/handler3/handler.go` `HandleGroupVersion`.
    fn v3(&self, head: &RequestHead, path: &str, document: &Document) -> Answer {
        let mut headers = Headers::new();
        headers.append(Name::VARY, "Accept");
        if accept::choose(head, &[JSON]).is_none() {
            return bare(StatusCode::NOT_ACCEPTABLE, headers);
        }
        headers.set(Name::CONTENT_TYPE, JSON);
        headers.set(Name::ETAG, document.etag());
        let hash = Query::of(head).text("hash");
        if !hash.is_empty() {
            if hash != document.hash {
                headers.set(Name::LOCATION, document.url(path));
                return bare(StatusCode::MOVED_PERMANENTLY, headers);
            }
            headers.set(Name::CACHE_CONTROL, "public, immutable");
            headers.set(Name::EXPIRES, self.in_a_year());
        }
        self.content(head, document, headers, document.json.clone())
    }

    /// A document, or that the client has it already. Ranges are not served. Go: `net/http/fs.go` `serveContent`.
    fn content(&self, head: &RequestHead, document: &Document, mut headers: Headers, bytes: Bytes) -> Answer {
        headers.set(Name::ETAG, document.etag());
        let known = head.headers.get(&Name::IF_NONE_MATCH).is_some_and(|tags| document.is_in(tags));
        if known && matches!(head.method, Method::GET | Method::HEAD) {
            headers.remove(&Name::CONTENT_TYPE);
            headers.remove(&Name::CONTENT_ENCODING);
            return bare(StatusCode::NOT_MODIFIED, headers);
        }
        if known {
            return bare(StatusCode::PRECONDITION_FAILED, headers);
        }
        headers.set(Name::LAST_MODIFIED, self.documents.made().http_date().to_vec());
        Answer::Reply(Box::new(ResponseHead { headers, ..ResponseHead::new(StatusCode::OK) }), Body::whole(bytes))
    }

    /// As Go writes RFC 1123: the time zone is UTC, not GMT.
    fn in_a_year(&self) -> Vec<u8> {
        let mut wall = self.clock.wall();
        wall.0 += YEAR;
        let mut date = wall.http_date().to_vec();
        date.truncate(date.len() - 3);
        date.extend_from_slice(b"UTC");
        date
    }
}

fn bare(status: StatusCode, headers: Headers) -> Answer {
    Answer::Reply(Box::new(ResponseHead { headers, ..ResponseHead::new(status) }), Body::empty())
}

const JSON: &str = "application/json";
const PROTOBUF_V2: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// With an `@`, which no media type may have.
const PROTOBUF_V2_BEFORE: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const YEAR: Duration = Duration::from_secs(365 * 86_400);
