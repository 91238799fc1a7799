use super::User;

/// What an authorizer is asked: may this user do that?
///
/// Go: `k8s.io/apiserver/pkg/authorization/authorizer/interfaces.go` `Attributes`.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Who.
    pub user: &'a User,
    /// Does what: `get`, `list`, `create`, ...; a method in lower case on a path.
    pub verb: &'a str,
    /// To what.
    pub target: Target<'a>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A resource of an API group. Empty texts stand for what the request does not name.
    Resource {
        /// The API group; empty is the core group.
        group: &'a str,
        /// The version of the group.
        version: &'a str,
        /// The resource, in the plural.
        resource: &'a str,
        /// The part of it, such as `status`.
        subresource: &'a str,
        /// The namespace.
        namespace: &'a str,
        /// The object.
        name: &'a str,
    },
    /// Any other path.
    Path(&'a str),
}
