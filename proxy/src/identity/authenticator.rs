use std::fmt;

use super::User;
use crate::{
    meta::Warnings,
    wire::{Peer, RequestHead},
};

/// Finds out who sent a request.
///
/// Go: `k8s.io/apiserver/pkg/authentication/authenticator/interfaces.go` `Request`.
pub trait Authenticator: fmt::Debug + Send + Sync {
    /// Looks at a request and at the connection it came on. `warnings` are for the client, whoever it is.
    fn authenticate(&self, head: &RequestHead, peer: &Peer, warnings: &mut Warnings) -> Authentication;
}

/// What an authenticator says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// This user sent it.
    Known(User),
    /// It shows no credentials that this authenticator knows anything about.
    Nobody,
    /// It shows credentials that do not hold; the text is for the log, not for the client.
    Wrong(String),
}

/// Several authenticators; the first that knows the user decides.
///
/// Wrong credentials count only when no other authenticator knows the user: a good certificate wins over a bad token.
///
/// Go: `k8s.io/apiserver/pkg/authentication/request/union/union.go`.
#[derive(Debug)]
pub struct Union {
    members: Vec<Box<dyn Authenticator>>,
    anonymous: Anonymous,
}

/// What requests without credentials are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// Requests of `system:anonymous`.
    Allowed,
    /// Nobody's, and refused.
    Refused,
}

impl Union {
    /// The members are asked in this order.
    pub fn new(members: Vec<Box<dyn Authenticator>>, anonymous: Anonymous) -> Self {
        Self { members, anonymous }
    }
}

impl Authenticator for Union {
    fn authenticate(&self, head: &RequestHead, peer: &Peer, warnings: &mut Warnings) -> Authentication {
        let mut wrong: Vec<String> = Vec::new();
        for member in &self.members {
            match member.authenticate(head, peer, warnings) {
                Authentication::Known(user) => return Authentication::Known(user.authenticated()),
                Authentication::Nobody => {}
                Authentication::Wrong(reason) => wrong.push(reason),
            }
        }
        match (wrong.is_empty(), self.anonymous) {
            (false, _) => Authentication::Wrong(wrong.join(", ")),
            (true, Anonymous::Allowed) => Authentication::Known(User::anonymous()),
            (true, Anonymous::Refused) => Authentication::Nobody,
        }
    }
}
