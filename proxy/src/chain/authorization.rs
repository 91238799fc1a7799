use std::{borrow::Cow, sync::Arc};

use super::{Filter, Step};
use crate::{
    identity::{Attributes, Authorizer, Denied, Target, ToCreate, User},
    meta::{GroupResource, Status},
    refusal::Refusal,
    router::RequestInfo,
    wire::Exchange,
};

/// Lets through what the user may do, with a permit.
///
/// Go: `apiserver/pkg/endpoints/filters/authorization.go` `WithAuthorization`.
pub(super) struct Authorize {
    authorizer: Arc<dyn Authorizer>,
}

impl Authorize {
    pub(super) fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }
}

impl Filter for Authorize {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let (Some(info), Some(user)) = (exchange.facts.get::<RequestInfo>(), exchange.facts.get::<User>()) else {
            return Step::Refuse(Refusal::Internal("no user on request.".to_owned()));
        };
        let ask = |verb: &str| self.authorizer.authorize(&Attributes { user, verb, target: target(info) });
        match ask(&info.verb) {
            Ok(permit) => {
                let updates = info.is_resource && info.verb == "update" && info.subresource.is_empty();
                let to_create = updates.then(|| ToCreate(ask("create")));
                exchange.facts.put(permit);
                if let Some(to_create) = to_create {
                    exchange.facts.put(to_create);
                }
                Step::Next
            }
            Err(denied) => Step::Refuse(forbidden(user, info, &info.verb, &denied)),
        }
    }
}

fn target(info: &RequestInfo) -> Target<'_> {
    if !info.is_resource {
        return Target::Path(&info.path);
    }
    Target::Resource {
        group: &info.api_group,
        version: &info.api_version,
        resource: &info.resource,
        subresource: &info.subresource,
        namespace: &info.namespace,
        name: &info.name,
    }
}

/// Go: `responsewriters/errors.go` `Forbidden`, `forbiddenMessage`.
pub(super) fn forbidden(user: &User, info: &RequestInfo, verb: &str, denied: &Denied) -> Refusal {
    let (name, verb) = (safe(&user.name), safe(verb));
    let mut text = if info.is_resource {
        let resource = match &info.subresource[..] {
            "" => info.resource.clone(),
            part => format!("{}/{part}", info.resource),
        };
        let scope = match &info.namespace[..] {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{}\"", safe(namespace)),
        };
        let (resource, group) = (safe(&resource), safe(&info.api_group));
        format!("User \"{name}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {scope}")
    } else {
        format!("User \"{name}\" cannot {verb} path \"{}\"", safe(&info.path))
    };
    if !denied.reason.is_empty() {
        text = format!("{text}: {}", denied.reason);
    }
    let resource = GroupResource::new(info.api_group.clone(), info.resource.clone());
    Refusal::Forbidden(Box::new(Status::forbidden(&resource, &info.name, text)))
}

/// Nothing in it can be taken for HTML. Go: `responsewriters/errors.go` `sanitizer`.
fn safe(text: &str) -> Cow<'_, str> {
    if text.contains(['&', '<', '>']) {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").into()
    } else {
        text.into()
    }
}
