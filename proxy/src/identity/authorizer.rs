use std::fmt;

use super::{
    Attributes, Target,
    user::{AUTHENTICATED, MASTERS},
};

/// Says whether a user may do something.
///
/// Go: `k8s.io/apiserver/pkg/authorization/authorizer/interfaces.go` `Authorizer`.
pub trait Authorizer: fmt::Debug + Send + Sync {
    /// A permit, or why there is none.
    ///
    /// # Errors
    /// The user may not do it.
    fn authorize(&self, attributes: &Attributes<'_>) -> Result<Permit, Denied>;
}

/// The proof that somebody was allowed to do what the request asks: whoever touches objects or backends demands one.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    /// The permit of a test of a room that demands one.
    #[cfg(test)]
    pub(crate) const fn of_a_test() -> Self {
        Self(())
    }
}

/// Whether who may update an object may also make it where there is none: it is asked for every update of an object, and counts for the
/// kinds that are made so.
///
/// Go: `apiserver/pkg/endpoints/handlers/create.go`, `update.go` `withAuthorization`.
#[derive(Debug)]
pub struct ToCreate(pub Result<Permit, Denied>);

/// A user may not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("denied: {reason}")]
pub struct Denied {
    /// Why, in words that the user may read; may be empty.
    pub reason: String,
}

/// Everything is allowed. Go: `--authorization-mode=AlwaysAllow`.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysAllow;

impl Authorizer for AlwaysAllow {
    fn authorize(&self, _attributes: &Attributes<'_>) -> Result<Permit, Denied> {
        Ok(Permit(()))
    }
}

/// Only `system:masters` may do anything. Go: `--authorization-mode=AlwaysDeny`, behind the privileged group.
#[derive(Clone, Copy, Debug)]
pub struct AlwaysDeny;

impl Authorizer for AlwaysDeny {
    fn authorize(&self, attributes: &Attributes<'_>) -> Result<Permit, Denied> {
        if attributes.user.in_group(MASTERS) {
            return Ok(Permit(()));
        }
        Err(Denied { reason: "Everything is forbidden.".to_owned() })
    }
}

/// What kube-apiserver's bootstrap roles say of those who have no other: `system:masters` may do everything, authenticated users see
/// discovery and review themselves, everybody sees health and version.
///
/// Go: `kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go` `ClusterRoles`.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn;

impl Authorizer for BuiltIn {
    fn authorize(&self, attributes: &Attributes<'_>) -> Result<Permit, Denied> {
        let user = attributes.user;
        let allowed = user.in_group(MASTERS)
            || match attributes.target {
                Target::Path(path) if attributes.verb == "get" || attributes.verb == "head" => {
                    PUBLIC.iter().any(|pattern| matches_path(pattern, path))
                        || (user.in_group(AUTHENTICATED) && DISCOVERY.iter().any(|pattern| matches_path(pattern, path)))
                }
                Target::Path(_) => false,
                Target::Resource { group, resource, .. } => {
                    let review = SELF_REVIEWS.contains(&(group, resource));
                    review && attributes.verb == "create" && user.in_group(AUTHENTICATED)
                }
            };
        if allowed { Ok(Permit(())) } else { Err(Denied { reason: String::new() }) }
    }
}

/// Go: `system:public-info-viewer`; a `*` at the end stands for any text.
const PUBLIC: &[&str] =
    &["/healthz", "/livez", "/readyz", "/version", "/version/", "/healthz/*", "/livez/*", "/readyz/*"];

/// Go: `system:discovery`.
const DISCOVERY: &[&str] = &["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"];

/// Go: `system:basic-user`.
const SELF_REVIEWS: &[(&str, &str)] = &[
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
];

/// Go: `kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go` `NonResourceURLMatches`.
fn matches_path(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => pattern == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::User;

    fn path(user: &User, verb: &str, path: &str) -> bool {
        BuiltIn.authorize(&Attributes { user, verb, target: Target::Path(path) }).is_ok()
    }

    #[test]
    fn nobody_sees_health_and_version_and_nothing_else() {
        let nobody = User::anonymous();
        for seen in ["/healthz", "/healthz/ping", "/livez", "/readyz", "/readyz/etcd", "/version", "/version/"] {
            assert!(path(&nobody, "get", seen), "{seen}");
            assert!(!path(&nobody, "post", seen), "{seen}");
        }
        for hidden in ["/", "/api", "/apis", "/metrics", "/openapi/v2", "/healthzz", "/versions"] {
            assert!(!path(&nobody, "get", hidden), "{hidden}");
        }
    }

    #[test]
    fn authenticated_users_see_discovery_and_review_themselves() {
        let alice = User::named("alice").authenticated();
        for seen in ["/api", "/api/v1", "/apis", "/apis/g/v1", "/openapi/v3", "/version"] {
            assert!(path(&alice, "get", seen), "{seen}");
        }
        assert!(!path(&alice, "get", "/metrics"));
        let resource = |group, resource, verb| {
            let target = Target::Resource { group, version: "v1", resource, subresource: "", namespace: "", name: "" };
            BuiltIn.authorize(&Attributes { user: &alice, verb, target }).is_ok()
        };
        assert!(resource("authorization.k8s.io", "selfsubjectaccessreviews", "create"));
        assert!(!resource("authorization.k8s.io", "selfsubjectaccessreviews", "list"));
        assert!(!resource("apiregistration.k8s.io", "apiservices", "list"));
    }

    #[test]
    fn masters_may_do_everything_even_where_all_is_denied() {
        let admin = User::named("admin").with_groups([MASTERS]);
        assert!(path(&admin, "post", "/metrics"));
        assert!(AlwaysDeny.authorize(&Attributes { user: &admin, verb: "get", target: Target::Path("/x") }).is_ok());
        let other = User::named("admin").authenticated();
        assert!(
            AlwaysDeny.authorize(&Attributes { user: &other, verb: "get", target: Target::Path("/healthz") }).is_err()
        );
    }
}
