//! Which form of a document a client gets.

use crate::{
    meta::{Accepted, GroupVersionKind, Media, Offer, accept::negotiate_transformed},
    wire::RequestHead,
};

/// The versions of the aggregated document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `apidiscovery.k8s.io/v2`, from kubectl 1.30 on.
    V2,
    /// `apidiscovery.k8s.io/v2beta1`, which kubectl 1.27 to 1.29 ask for. Go serves it no more from 1.33 on.
    V2Beta1,
}

/// The form of the aggregated document that the client accepts, if it accepts one.
///
/// A clause that does not name one counts for nothing here: `application/json, <v2>` is a wish for v2.
///
/// Go: `apiserver/pkg/endpoints/discovery/aggregated/negotiation.go` `AllowsMediaTypeTransform`.
pub(super) fn aggregated(head: &RequestHead) -> Option<(Form, Accepted)> {
    let accepted = negotiate_transformed(head, &Offer::transformed(Media::ALL, |_, kind| form(kind).is_some()))?;
    let form = form(accepted.transform.as_ref()?)?;
    Some((form, accepted))
}

fn form(kind: &GroupVersionKind) -> Option<Form> {
    if kind.group != "apidiscovery.k8s.io" || kind.kind != "APIGroupDiscoveryList" {
        return None;
    }
    match kind.version.as_str() {
        "v2" => Some(Form::V2),
        "v2beta1" => Some(Form::V2Beta1),
        _ => None,
    }
}
