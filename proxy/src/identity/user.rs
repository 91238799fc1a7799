use std::collections::BTreeMap;

/// Who a request speaks for.
///
/// Go: `k8s.io/apiserver/pkg/authentication/user/user.go` `DefaultInfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name; empty for nobody.
    pub name: String,
    /// What tells apart two users of one name at different times. Often empty.
    pub uid: String,
    /// The groups, in the order in which the authenticator gave them.
    pub groups: Vec<String>,
    /// What authenticators say besides, each key with its values. Keys are in lower case.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// The user of requests without credentials.
    pub fn anonymous() -> Self {
        Self { name: ANONYMOUS.to_owned(), groups: vec![UNAUTHENTICATED.to_owned()], ..Self::default() }
    }

    /// A user of this name, with nothing else.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same user, in these groups.
    #[must_use]
    pub fn with_groups<'a>(mut self, groups: impl IntoIterator<Item = &'a str>) -> Self {
        self.groups = groups.into_iter().map(str::to_owned).collect();
        self
    }

    /// Whether the user is in a group.
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// Whether this is the user of requests without credentials.
    pub fn is_anonymous(&self) -> bool {
        self.name == ANONYMOUS
    }

    /// Whether nobody vouches for the user. Go: `endpoints/filters/authentication.go` `isAnonymousUser`.
    pub fn is_unauthenticated(&self) -> bool {
        self.is_anonymous() || self.in_group(UNAUTHENTICATED)
    }

    /// Whether the user may do everything, and is always heard. Go: `user.SystemPrivilegedGroup`.
    pub fn is_privileged(&self) -> bool {
        self.in_group(MASTERS)
    }

    /// The same user among those who were recognised: `system:authenticated` joins the groups, unless the user says to be nobody.
    ///
    /// Go: `k8s.io/apiserver/pkg/authentication/group/authenticated_group_adder.go`.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        let known = self.in_group(AUTHENTICATED) || self.in_group(UNAUTHENTICATED);
        if !self.is_anonymous() && !known {
            self.groups.push(AUTHENTICATED.to_owned());
        }
        self
    }

    /// Adds values to a key of `extra`.
    pub fn add_extra(&mut self, key: String, values: impl IntoIterator<Item = String>) {
        self.extra.entry(key).or_default().extend(values);
    }
}

/// The group of those who may do everything. Go: `user.SystemPrivilegedGroup`.
pub(super) const MASTERS: &str = "system:masters";
/// The group of everybody who was recognised. Go: `user.AllAuthenticated`.
pub(super) const AUTHENTICATED: &str = "system:authenticated";
/// The group of requests without credentials. Go: `user.AllUnauthenticated`.
pub(super) const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The name of requests without credentials. Go: `user.Anonymous`.
const ANONYMOUS: &str = "system:anonymous";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_full_of_extra_keys_makes_a_user_quickly() {
        // Each key compared with all others takes minutes, for one request of anybody who asks to be somebody else.
        let mut user = User::named("bob");
        for at in 0..100_000 {
            user.add_extra(format!("{at:x}"), ["a".to_owned()]);
        }
        user.add_extra("0".to_owned(), ["b".to_owned()]);
        assert_eq!((user.extra.len(), &user.extra["0"][..]), (100_000, &["a".to_owned(), "b".to_owned()][..]));
    }
}
