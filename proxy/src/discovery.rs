//! What there is to ask for: `/api`, `/apis`, `/apis/g` and `/apis/g/v`, in the forms from before and after the aggregated document.

pub mod aggregated;
mod document;
mod forms;
pub mod legacy;
mod local;
mod merge;
mod sources;
#[cfg(test)]
mod tests;
pub mod version;

use http::StatusCode;

use self::{
    document::{Aggregated, Document, OWN_GROUP},
    forms::Form,
};
use crate::{
    meta::{Accepted, GroupVersion, Media, Offer, Status, gzip, negotiate, restful},
    wire::{Answer, Body, Name, RequestHead, ResponseHead},
};

pub use self::{
    local::{local_versions, priorities},
    merge::Service,
    sources::{LocalVersion, RemoteVersion, Sources},
};

/// Which list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoveryRoute {
    /// `/api` and `/api/`.
    Api,
    /// `/apis`.
    Apis,
    /// `/apis/`: here the aggregated document is not served.
    ApisSlash,
    /// `/apis/g` of a group that has an APIService, or is our own.
    Group(String),
    /// `/api/v1`, or `/apis/g/v` of a version that this process serves itself.
    GroupVersion(GroupVersion),
}

/// Answers what is asked. `None` where nothing is known of the group or version: whoever routes decides what that means.
///
/// # Errors
/// 405 or 406 in the words of whichever of Go's handlers stands there: go-restful serves what is our own, and only GET.
pub fn serve(sources: &Sources, head: &RequestHead, route: &DiscoveryRoute) -> Result<Option<Answer>, Status> {
    let answer = match route {
        DiscoveryRoute::Api => {
            restful::check_get(head)?;
            either(head, &sources.local.core, &sources.local.api)?
        }
        DiscoveryRoute::Apis => {
            let published = sources.published.load();
            either(head, &published.aggregated, &published.apis)?
        }
        DiscoveryRoute::ApisSlash => plain(head, &sources.published.load().apis)?,
        DiscoveryRoute::Group(name) => {
            let published = sources.published.load();
            let Some(document) = published.groups.get(name) else { return Ok(None) };
            if name == OWN_GROUP {
                restful::check_get(head)?;
            }
            plain(head, document)?
        }
        DiscoveryRoute::GroupVersion(at) => {
            let Some(document) = sources.local.versions.get(at) else { return Ok(None) };
            restful::check_get(head)?;
            plain(head, document)?
        }
    };
    Ok(Some(answer))
}

/// The aggregated document where the client accepts it, else the one from before.
///
/// Go: `apiserver/pkg/endpoints/discovery/aggregated/wrapper.go` `ServeHTTP`.
fn either(head: &RequestHead, aggregated: &Aggregated, before: &Document) -> Result<Answer, Status> {
    let Some((form, accepted)) = forms::aggregated(head) else { return plain(head, before) };
    let mut response = ResponseHead::new(StatusCode::OK);
    response.headers.set(Name::ETAG, aggregated.etag.clone());
    response.headers.set(Name::VARY, "Accept");
    response.headers.set(Name::CACHE_CONTROL, "public");
    // No list, no weak tag, no asterisk: Go compares the text.
    if head.headers.get(&Name::IF_NONE_MATCH) == Some(aggregated.etag.as_bytes()) {
        response.status = StatusCode::NOT_MODIFIED;
        return Ok(Answer::Reply(Box::new(response), Body::empty()));
    }
    let (document, version) = match form {
        Form::V2 => (&aggregated.v2, "v2"),
        Form::V2Beta1 => (&aggregated.v2beta1, "v2beta1"),
    };
    let media = accepted.media.content_type();
    let content_type = format!("{media};g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
    response.headers.set(Name::CONTENT_TYPE, content_type);
    Ok(written(response, document, &accepted, head))
}

/// A document in the form that the client accepts.
fn plain(head: &RequestHead, document: &Document) -> Result<Answer, Status> {
    let accepted = negotiate(head, &Offer::plain(Media::ALL))?;
    let mut response = ResponseHead::new(StatusCode::OK);
    response.headers.set(Name::CONTENT_TYPE, accepted.media.content_type());
    Ok(written(response, document, &accepted, head))
}

/// Go: `responsewriters/writers.go` `SerializeObject`.
fn written(mut response: ResponseHead, document: &Document, accepted: &Accepted, head: &RequestHead) -> Answer {
    let plain = document.encode(accepted.media, accepted.layout);
    let body = gzip::compress(&mut response.headers, &head.headers, plain);
    Answer::Reply(Box::new(response), Body::whole(body))
}
