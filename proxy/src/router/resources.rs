use http::Method;

use super::{RequestInfo, Route};
use crate::{
    discovery::DiscoveryRoute,
    meta::{GroupVersion, restful},
    refusal::Refusal,
    rest::{Kinds, Place, RestRoute, Verb},
    wire::RequestHead,
};

/// Who answers below the root of a version that is served here: `/api/v1` or `/apis/g/v`.
///
/// # Errors
/// There is no such path, or it has not this method, or takes and gives other media types.
///
/// Go: `apiserver/pkg/endpoints/installer.go` `registerResourceHandlers`.
pub(super) fn route(head: &RequestHead, info: &RequestInfo, at: GroupVersion, rest: &str) -> Result<Route, Refusal> {
    let tokens: Vec<&str> = rest.trim_matches('/').split('/').collect();
    if tokens == [""] {
        return Ok(Route::Discovery(DiscoveryRoute::GroupVersion(at)));
    }
    let path = Path::read(&at, &tokens).ok_or_else(|| restful::not_found(head))?;
    let verb = path.verb(&head.method, info);
    let (verb, route) = verb
        .and_then(|verb| Some((verb, RestRoute::new(path.place, verb)?)))
        .ok_or_else(|| restful::method_not_allowed(head))?;
    if verb == Verb::Patch {
        restful::check_content_type(head, restful::PATCHES)?;
    }
    let many = matches!(verb, Verb::List | Verb::Watch);
    restful::check_accept(head, if many { restful::LISTS } else { restful::OBJECTS })?;
    Ok(Route::Rest(route))
}

/// What a path says.
struct Path<'p> {
    place: Place<'p>,
    /// It begins with `watch`.
    watched: bool,
}

impl<'p> Path<'p> {
    /// None if there is no such path.
    fn read(at: &GroupVersion, tokens: &[&'p str]) -> Option<Self> {
        let kind_of = |resource: &str| Kinds::get().by_resource(&at.group, &at.version, resource);
        let (watched, tokens) = match tokens {
            ["watch", rest @ ..] => (true, rest),
            all => (false, all),
        };
        let (namespace, tokens) = match tokens {
            ["namespaces", namespace, resource, ..] if kind_of(resource).is_some_and(|kind| kind.namespaced) => {
                (Some(*namespace), &tokens[2..])
            }
            all => (None, all),
        };
        let (resource, name, subresource) = match tokens {
            [resource] => (resource, None, None),
            [resource, name] => (resource, Some(*name), None),
            [resource, name, subresource] if !watched => (resource, Some(*name), Some(*subresource)),
            _ => return None,
        };
        let kind = kind_of(resource)?;
        let whole = !kind.namespaced || namespace.is_some() || name.is_none();
        let part = subresource.is_none_or(|part| kind.subresource(part).is_some());
        (whole && part).then_some(Self { place: Place { kind, namespace, name, subresource }, watched })
    }

    /// What a method means here; none for one that means nothing.
    fn verb(&self, method: &Method, info: &RequestInfo) -> Option<Verb> {
        let everywhere = self.place.kind.namespaced && self.place.namespace.is_none();
        match (method.as_str(), self.place.name) {
            ("GET", _) if self.watched => Some(Verb::Watch),
            (_, _) if self.watched => None,
            ("GET", None) if info.verb == "watch" => Some(Verb::Watch),
            ("GET", None) => Some(Verb::List),
            (_, None) if everywhere => None,
            ("POST", None) => Some(Verb::Create),
            ("DELETE", None) => Some(Verb::DeleteCollection),
            ("GET", Some(_)) => Some(Verb::Get),
            ("PUT", Some(_)) => Some(Verb::Update),
            ("PATCH", Some(_)) => Some(Verb::Patch),
            ("DELETE", Some(_)) => Some(Verb::Delete),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        refusal::asking,
        wire::{Target, url::Url},
    };

    /// The verb, namespace, name and subresource of a request's route, or the status of its refusal.
    fn found(line: &'static str) -> String {
        let (method, path) = line.split_once(' ').unwrap();
        let mut head = asking("/", "application/json");
        let raw = Bytes::from_static(path.as_bytes());
        head.target = Target { url: Url::from_request(false, &raw).unwrap(), raw };
        head.method = Method::from_bytes(method.as_bytes()).unwrap();
        if method == "PATCH" {
            head.headers.append(crate::wire::Name::CONTENT_TYPE, "application/merge-patch+json");
        }
        let info = RequestInfo::of(&head).unwrap();
        let (at, rest) = match info.path.strip_prefix("/api/v1") {
            Some(rest) => (GroupVersion::new("", "v1"), rest),
            None => {
                let at = GroupVersion::new("apiregistration.k8s.io", "v1");
                (at, info.path.strip_prefix("/apis/apiregistration.k8s.io/v1").unwrap())
            }
        };
        match route(&head, &info, at, rest) {
            Ok(Route::Rest(route)) => format!("{route:?}"),
            Ok(other) => format!("{other:?}"),
            Err(refusal) => refusal.render(&head).0.status.as_u16().to_string(),
        }
    }

    #[test]
    fn paths_and_methods_are_routed_as_gos_installer_does() {
        for (line, expected) in [
            ("GET /api/v1/namespaces", "list namespaces - - -"),
            ("GET /api/v1/namespaces/", "list namespaces - - -"),
            ("GET /api/v1/namespaces?watch=1", "watch namespaces - - -"),
            ("GET /api/v1/watch/namespaces", "watch namespaces - - -"),
            ("GET /api/v1/watch/namespaces/a/services/b", "watch services a b -"),
            ("GET /api/v1/namespaces/a", "get namespaces - a -"),
            ("PUT /api/v1/namespaces/a/finalize", "update namespaces - a finalize"),
            ("PATCH /api/v1/namespaces/a/status", "patch namespaces - a status"),
            ("GET /api/v1/services", "list services - - -"),
            ("POST /api/v1/services", "405"),
            ("POST /api/v1/namespaces/a/services", "create services a - -"),
            ("DELETE /api/v1/namespaces/a/services/b", "delete services a b -"),
            ("DELETE /apis/apiregistration.k8s.io/v1/apiservices", "deletecollection apiservices - - -"),
            ("GET /apis/apiregistration.k8s.io/v1/apiservices/x/status", "get apiservices - x status"),
            ("DELETE /apis/apiregistration.k8s.io/v1/apiservices/x/status", "405"),
            ("DELETE /api/v1/namespaces", "405"),
            ("HEAD /api/v1/namespaces", "405"),
            ("OPTIONS /api/v1/namespaces", "405"),
            ("POST /api/v1/watch/namespaces", "405"),
            ("GET /api/v1/services/b", "404"),
            ("GET /api/v1/nothings", "404"),
            ("GET /api/v1/namespaces/a/nothings", "404"),
            ("GET /api/v1/namespaces/a/services/b/nothing", "404"),
            ("GET /api/v1/namespaces/a/services/b/status/more", "404"),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn a_patch_of_another_kind_and_an_answer_of_another_kind_are_refused() {
        let mut head = asking("/api/v1/namespaces/a", "text/html");
        let info = RequestInfo::of(&head).unwrap();
        let status = |head: &RequestHead| {
            let refused = route(head, &info, GroupVersion::new("", "v1"), "/namespaces/a");
            refused.map(|_| ()).unwrap_err().render(head).0.status.as_u16()
        };
        assert_eq!(status(&head), 406);
        head.method = Method::PATCH;
        assert_eq!(status(&head), 415);
    }
}
