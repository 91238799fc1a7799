use std::sync::Arc;

use super::{Filter, Step};
use crate::{
    identity::{Authentication, Authenticator, HeaderNames},
    meta::{Status, Warnings},
    refusal::Refusal,
    wire::{Exchange, Name, ResponseHead, Version},
};

/// Finds out who sent a request, and takes out of it whatever could tell a backend of somebody else.
///
/// Go: `apiserver/pkg/endpoints/filters/authentication.go` `WithAuthentication`.
pub(super) struct Authenticate {
    authenticator: Arc<dyn Authenticator>,
    identity_fields: Vec<HeaderNames>,
}

/// Somebody vouches for who sent the request, whoever they may act as.
struct Recognised;

impl Authenticate {
    /// `configured` are the front proxy's fields, besides those that everybody knows.
    pub(super) fn new(authenticator: Arc<dyn Authenticator>, configured: Option<HeaderNames>) -> Self {
        let identity_fields = std::iter::once(HeaderNames::standard()).chain(configured).collect();
        Self { authenticator, identity_fields }
    }
}

impl Filter for Authenticate {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let mut warnings = Warnings::default();
        let found = self.authenticator.authenticate(&exchange.head, &exchange.peer, &mut warnings);
        exchange.facts.put(warnings);
        let user = match found {
            Authentication::Known(user) => user,
            Authentication::Nobody => return Step::Refuse(unauthorized()),
            Authentication::Wrong(reason) => {
                tracing::debug!(reason, "credentials do not hold");
                return Step::Refuse(unauthorized());
            }
        };
        let headers = &mut exchange.head.headers;
        headers.remove(&Name::AUTHORIZATION);
        for fields in &self.identity_fields {
            fields.strip(headers);
        }
        if !user.is_unauthenticated() {
            exchange.facts.put(Recognised);
        }
        exchange.facts.put(user);
        Step::Next
    }

    /// A connection that nobody vouches for does not keep a hundred streams open. Go: `UnauthenticatedHTTP2DOSMitigation`.
    fn leave(&self, exchange: &Exchange, head: &mut ResponseHead) {
        let recognised = exchange.facts.get::<Recognised>().is_some();
        if !recognised && exchange.head.version == Version::Http2 {
            head.close = true;
        }
    }
}

fn unauthorized() -> Refusal {
    Status::unauthorized("Unauthorized").into()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use http::StatusCode;

    use super::*;
    use crate::{
        identity::User,
        refusal::asking,
        wire::{Body, Gone, Peer, RequestHead},
    };

    #[derive(Debug)]
    struct Says(Authentication);

    impl Authenticator for Says {
        fn authenticate(&self, _head: &RequestHead, _peer: &Peer, _warnings: &mut Warnings) -> Authentication {
            self.0.clone()
        }
    }

    /// Whether the connection ends with the answer, where the sender acts as `acts_as`.
    fn ends(version: Version, found: Authentication, acts_as: Option<User>) -> bool {
        let filter = Authenticate::new(Arc::new(Says(found)), None);
        let head = RequestHead { version, ..asking("/api", "*/*") };
        let peer = Peer::new(None, None);
        let mut exchange = Exchange::new(head, Body::empty(), peer, Gone::default(), Rc::new(()));
        filter.enter(&mut exchange);
        acts_as.into_iter().for_each(|user| exchange.facts.put(user));
        let mut answer = ResponseHead::new(StatusCode::OK);
        filter.leave(&exchange, &mut answer);
        answer.close
    }

    /// Somebody who acted as nobody lost the connection.
    #[test]
    fn connections_of_http2_end_with_the_answer_to_who_is_not_recognised() {
        let alice = || Authentication::Known(User::named("alice").authenticated());
        assert!(!ends(Version::Http2, alice(), None));
        assert!(!ends(Version::Http2, alice(), Some(User::anonymous())), "whoever they act as");
        for stranger in [
            Authentication::Nobody,
            Authentication::Wrong("x".to_owned()),
            Authentication::Known(User::anonymous()),
            Authentication::Known(User::named("alice").with_groups(["system:unauthenticated"])),
        ] {
            assert!(ends(Version::Http2, stranger.clone(), None), "{stranger:?}");
            assert!(!ends(Version::Http11, stranger.clone(), None), "{stranger:?}");
        }
    }
}
