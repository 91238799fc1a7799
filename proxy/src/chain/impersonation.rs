use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{Filter, Step, authorization::forbidden};
use crate::{
    identity::{Attributes, Authorizer, Denied, Target, User},
    meta::Status,
    refusal::Refusal,
    router::RequestInfo,
    wire::{Exchange, Headers, Name, token::go_quote, url},
};

/// Lets those who may do so act as somebody else.
///
/// Go: `apiserver/pkg/endpoints/filters/impersonation/impersonation.go` `WithConstrainedImpersonation`.
pub(super) struct Impersonate {
    authorizer: Arc<dyn Authorizer>,
}

impl Impersonate {
    pub(super) fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        Self { authorizer }
    }

    /// The user that the request is to count for, if it is not the one who sent it.
    fn wanted(&self, exchange: &Exchange) -> Result<Option<User>, Refusal> {
        let Some(wanted) = asked(&exchange.head.headers)? else { return Ok(None) };
        let (Some(info), Some(user)) = (exchange.facts.get::<RequestInfo>(), exchange.facts.get::<User>()) else {
            return Err(Refusal::Internal("no user on request.".to_owned()));
        };
        match needs(&wanted).iter().find_map(|need| self.denied(user, need)) {
            Some(denied) => {
                let verb = format!("impersonate-on:{}:{}", mode(&wanted), info.verb);
                Err(forbidden(user, info, &verb, &denied))
            }
            None => Ok(Some(complete(wanted))),
        }
    }

    fn denied(&self, user: &User, need: &Need<'_>) -> Option<Denied> {
        let target = Target::Resource {
            group: need.group,
            version: "v1",
            resource: need.resource,
            subresource: need.subresource,
            namespace: need.namespace,
            name: need.name,
        };
        self.authorizer.authorize(&Attributes { user, verb: "impersonate", target }).err()
    }
}

impl Filter for Impersonate {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        match self.wanted(exchange) {
            Ok(wanted) => {
                exchange.head.headers.retain(|name, _| !is_impersonation(name));
                if let Some(wanted) = wanted {
                    exchange.facts.put(wanted);
                }
                Step::Next
            }
            Err(refusal) => Step::Refuse(refusal),
        }
    }
}

/// One thing that the sender has to be allowed to be.
#[derive(Clone, Copy, Default)]
struct Need<'a> {
    group: &'a str,
    resource: &'a str,
    subresource: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// Whom the fields of a request name; none if they name nobody.
fn asked(headers: &Headers) -> Result<Option<User>, Refusal> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut user = User {
        name: headers.get(&Name::IMPERSONATE_USER).map(text).unwrap_or_default(),
        uid: headers.get(&Name::IMPERSONATE_UID).map(text).unwrap_or_default(),
        groups: headers.all(&Name::IMPERSONATE_GROUP).map(text).collect(),
        extra: BTreeMap::new(),
    };
    for (name, value) in headers.iter() {
        let lower = name.as_bytes().to_ascii_lowercase();
        if let Some(key) = lower.strip_prefix(EXTRA) {
            let key = Bytes::copy_from_slice(key);
            let key = url::path_unescape(&key).unwrap_or(key);
            user.add_extra(text(&key), [text(value)]);
        }
    }
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    if user.groups.is_empty() && user.uid.is_empty() && user.extra.is_empty() {
        return Ok(None);
    }
    let text = format!("requested {} without impersonating a user name", in_go(&user));
    Err(Status::bad_request(text).into())
}

/// The user as Go's `%#v` shows it.
fn in_go(user: &User) -> String {
    let list = |values: &[String]| {
        let quoted: Vec<String> = values.iter().map(|value| go_quote(value.as_bytes()).to_string()).collect();
        if quoted.is_empty() { "[]string(nil)".to_owned() } else { format!("[]string{{{}}}", quoted.join(", ")) }
    };
    let quoted = |text: &str| go_quote(text.as_bytes()).to_string();
    let extra: Vec<String> =
        user.extra.iter().map(|(key, values)| format!("{}:{}", quoted(key), list(values))).collect();
    let extra = if extra.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", extra.join(", ")) };
    let (name, uid, groups) = (quoted(&user.name), quoted(&user.uid), list(&user.groups));
    format!("&user.DefaultInfo{{Name:{name}, UID:{uid}, Groups:{groups}, Extra:map[string][]string{extra}}}")
}

/// Everything that whoever sends the request has to be allowed to be.
fn needs(user: &User) -> Vec<Need<'_>> {
    let own = match service_account(&user.name) {
        Some((namespace, name)) => Need { resource: "serviceaccounts", namespace, name, ..Need::default() },
        None => Need { resource: "users", name: &user.name, ..Need::default() },
    };
    let mut needs = vec![own];
    needs.extend(user.groups.iter().map(|name| Need { resource: "groups", name, ..Need::default() }));
    let extra = Need { group: "authentication.k8s.io", resource: "userextras", ..Need::default() };
    for (key, values) in &user.extra {
        needs.extend(values.iter().map(|name| Need { subresource: key, name, ..extra }));
    }
    if !user.uid.is_empty() {
        needs.push(Need { group: "authentication.k8s.io", resource: "uids", name: &user.uid, ..Need::default() });
    }
    needs
}

/// The user with the groups that come with being one.
fn complete(mut user: User) -> User {
    let none_given = user.groups.is_empty();
    if none_given && let Some((namespace, _)) = service_account(&user.name) {
        user.groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    if user.is_anonymous() && user.groups.is_empty() {
        user.groups = User::anonymous().groups;
    }
    user.authenticated()
}

/// Namespace and name in `system:serviceaccount:NAMESPACE:NAME`.
fn service_account(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("system:serviceaccount:")?.split_once(':').filter(|(_, name)| !name.contains(':'))
}

/// How Go names the way in which somebody is impersonated. Go: `impersonation/mode.go`.
fn mode(user: &User) -> &'static str {
    match () {
        () if service_account(&user.name).is_some() => "serviceaccount",
        () if user.name.starts_with("system:node:") => "arbitrary-node",
        () => "user-info",
    }
}

/// In any spelling: a server that takes `_` for `-` is not to hear of it either.
fn is_impersonation(name: &Name) -> bool {
    name.starts_as(b"impersonate-")
}

const EXTRA: &[u8] = b"impersonate-extra-";

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::{
        identity::{AlwaysAllow, BuiltIn},
        refusal::asking,
        wire::{Body, Gone, Peer},
    };

    /// Who a request of alice counts for, or why it is refused.
    fn acts_as(authorizer: Arc<dyn Authorizer>, fields: &[(&'static str, &'static str)]) -> Result<User, String> {
        let mut head = asking("/apis/apiregistration.k8s.io/v1/apiservices", "*/*");
        for (name, value) in fields {
            head.headers.append(Name::from_slice(name.as_bytes()), *value);
        }
        let info = RequestInfo::of(&head).unwrap();
        let peer = Peer::new(None, None);
        let mut exchange = Exchange::new(head, Body::empty(), peer, Gone::default(), Rc::new(()));
        exchange.facts.put(info);
        exchange.facts.put(User::named("alice").authenticated());
        match Impersonate::new(authorizer).enter(&mut exchange) {
            Step::Next => {}
            Step::Refuse(refusal) => return Err(refusal.to_string()),
            Step::Stop(_) | Step::Wait(_) => panic!("it knows at once"),
        }
        assert!(!exchange.head.headers.iter().any(|(name, _)| is_impersonation(name)));
        Ok(exchange.facts.take().unwrap())
    }

    #[test]
    fn no_spelling_of_an_impersonation_is_sent_on() {
        for name in ["Impersonate-User", "impersonate_user", "IMPERSONATE-EXTRA_a", "Impersonate_Group"] {
            assert!(is_impersonation(&Name::from_slice(name.as_bytes())), "{name}");
        }
        assert!(!is_impersonation(&Name::from_slice(b"Impersonated")));
    }

    #[test]
    fn who_may_acts_as_somebody_else_with_the_groups_that_come_with_it() {
        let allowed = |fields: &[(&'static str, &'static str)]| acts_as(Arc::new(AlwaysAllow), fields).unwrap();
        let bob = allowed(&[
            ("Impersonate-User", "bob"),
            ("Impersonate-Group", "devs"),
            ("Impersonate-Extra-Scopes%2Fx", "a"),
        ]);
        assert_eq!(bob.groups, ["devs", "system:authenticated"]);
        assert_eq!(bob.extra, [("scopes/x".to_owned(), vec!["a".to_owned()])].into());
        let robot = allowed(&[("Impersonate-User", "system:serviceaccount:ns:robot")]);
        assert_eq!(robot.groups, ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
        assert_eq!(allowed(&[("Impersonate-User", "system:anonymous")]).groups, ["system:unauthenticated"]);
        assert_eq!(allowed(&[("Impersonate-User", "")]).name, "alice");
    }

    #[test]
    fn who_may_not_is_told_so_in_the_words_of_go() {
        let refused = |fields: &[(&'static str, &'static str)]| acts_as(Arc::new(BuiltIn), fields).unwrap_err();
        assert_eq!(
            refused(&[("Impersonate-User", "bob")]),
            "apiservices.apiregistration.k8s.io is forbidden: User \"alice\" cannot impersonate-on:user-info:list resource \"apiservices\" in API group \"apiregistration.k8s.io\" at the cluster scope"
        );
        assert_eq!(
            refused(&[("Impersonate-Group", "g")]),
            "requested &user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"g\"}, Extra:map[string][]string(nil)} without impersonating a user name"
        );
    }
}
