use bytes::Bytes;

use super::{Authentication, Authenticator, ClientRoots, User};
use crate::{
    meta::Warnings,
    wire::{Headers, Name, Peer, RequestHead, url},
};

/// Users by the word of a front proxy: it shows a certificate of its own authority and names the user in header fields.
///
/// Go: `k8s.io/apiserver/pkg/authentication/request/headerrequest/requestheader.go`.
#[derive(Debug)]
pub struct FrontProxy {
    roots: ClientRoots,
    allowed_names: Vec<String>,
    names: HeaderNames,
}

/// The fields in which a front proxy names the user.
#[derive(Clone, Debug)]
pub struct HeaderNames {
    /// The name: the first of these that is there and not empty.
    pub username: Vec<Name>,
    /// The uid, likewise.
    pub uid: Vec<Name>,
    /// The groups: a field each.
    pub group: Vec<Name>,
    /// Everything else: the key stands behind the prefix. In lower case.
    pub extra_prefixes: Vec<String>,
}

impl HeaderNames {
    /// The names that every API server knows, whatever it is told. Go: `authentication.go` `standardRequestHeaderConfig`.
    pub fn standard() -> Self {
        Self {
            username: vec![Name::X_REMOTE_USER],
            uid: vec![Name::X_REMOTE_UID],
            group: vec![Name::X_REMOTE_GROUP],
            extra_prefixes: vec!["x-remote-extra-".to_owned()],
        }
    }

    /// Takes every such field out, and every field that a careless reader would take for one: with `_` where a `-` belongs.
    pub fn strip(&self, headers: &mut Headers) {
        headers.retain(|name, _| {
            let mut plain = self.username.iter().chain(&self.uid).chain(&self.group);
            !plain.any(|own| name.reads_as(own.as_bytes()))
                && !self.extra_prefixes.iter().any(|prefix| name.starts_as(prefix.as_bytes()))
        });
    }

    fn user(&self, headers: &Headers) -> Result<Option<User>, NotText> {
        let Some(name) = first(headers, &self.username)? else { return Ok(None) };
        let mut user = User { name, uid: first(headers, &self.uid)?.unwrap_or_default(), ..User::default() };
        for name in &self.group {
            for value in headers.all(name).filter(|value| !value.is_empty()) {
                user.groups.push(text(value)?);
            }
        }
        for prefix in &self.extra_prefixes {
            for (name, value) in headers.iter() {
                let lower = name.as_bytes().to_ascii_lowercase();
                if let Some(key) = lower.strip_prefix(prefix.as_bytes()) {
                    user.add_extra(extra_key(key)?, [text(value)?]);
                }
            }
        }
        Ok(Some(user))
    }
}

/// The first value that is not empty, of these names in their order.
fn first(headers: &Headers, names: &[Name]) -> Result<Option<String>, NotText> {
    names.iter().filter_map(|name| headers.get(name)).find(|value| !value.is_empty()).map(text).transpose()
}

/// An escaped key; one that is not well escaped stays as it is. Go: `unescapeExtraKey`.
fn extra_key(key: &[u8]) -> Result<String, NotText> {
    let key = Bytes::copy_from_slice(key);
    text(&url::path_unescape(&key).unwrap_or(key))
}

fn text(value: &[u8]) -> Result<String, NotText> {
    std::str::from_utf8(value).map(str::to_owned).map_err(|_| NotText)
}

/// A name that is no UTF-8: a user cannot be told from another by it.
struct NotText;

impl FrontProxy {
    /// The front proxies that `roots` vouch for and whose common name is allowed; no names allow every one.
    pub fn new(roots: ClientRoots, allowed_names: Vec<String>, names: HeaderNames) -> Self {
        Self { roots, allowed_names, names }
    }
}

impl Authenticator for FrontProxy {
    fn authenticate(&self, head: &RequestHead, peer: &Peer, _warnings: &mut Warnings) -> Authentication {
        let subject = match self.roots.verified(peer) {
            None => return Authentication::Nobody,
            Some(Err(reason)) => return Authentication::Wrong(reason),
            Some(Ok(subject)) => subject,
        };
        if !self.allowed_names.is_empty() && !self.allowed_names.contains(&subject.common_name) {
            return Authentication::Wrong(format!(
                "x509: subject with cn={} is not in the allowed list",
                subject.common_name
            ));
        }
        match self.names.user(&head.headers) {
            Ok(Some(user)) => Authentication::Known(user),
            Ok(None) => Authentication::Nobody,
            Err(NotText) => Authentication::Wrong("the front proxy's fields are not UTF-8".to_owned()),
        }
    }
}
