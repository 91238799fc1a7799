use std::collections::BTreeMap;

use super::{Authentication, Authenticator, ClientRoots, User};
use crate::{
    meta::Warnings,
    wire::{Peer, RequestHead},
};

/// Users by their client certificates: the common name is the name, organizations are groups.
///
/// Go: `k8s.io/apiserver/pkg/authentication/request/x509/x509.go` `Authenticator`, `CommonNameUserConversion`.
#[derive(Debug)]
pub struct ClientCertificates {
    roots: ClientRoots,
}

impl ClientCertificates {
    /// Those that `roots` vouch for.
    pub fn new(roots: ClientRoots) -> Self {
        Self { roots }
    }
}

impl Authenticator for ClientCertificates {
    fn authenticate(&self, _head: &RequestHead, peer: &Peer, _warnings: &mut Warnings) -> Authentication {
        match self.roots.verified(peer) {
            None => Authentication::Nobody,
            Some(Err(reason)) => Authentication::Wrong(reason),
            Some(Ok(subject)) if subject.common_name.is_empty() => Authentication::Nobody,
            Some(Ok(subject)) => {
                let credential = vec![format!("X509SHA256={}", subject.fingerprint)];
                Authentication::Known(User {
                    name: subject.common_name,
                    uid: String::new(),
                    groups: subject.organizations,
                    extra: BTreeMap::from([(CREDENTIAL_ID.to_owned(), credential)]),
                })
            }
        }
    }
}

/// Go: `user.CredentialIDKey`.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";
