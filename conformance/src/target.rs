//! Plays cases against any proxy at an address: those that need no handler and no configuration of ours.

use std::{io, net::SocketAddr};

use weir::world::World;

use crate::{
    replay::{self, Certificates, Control, Play, Venue, VenueBackend},
    scenario::{Case, Kind, Protocol, Subject},
};

/// A proxy that somebody else started.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it listens.
    pub subject: SocketAddr,
    /// Whether it speaks TLS with clients.
    pub tls: bool,
    /// Where it finds its backend: the scripts listen there.
    pub backend: SocketAddr,
    /// How it was configured, as a case would say it; what it speaks in front does not count.
    pub configured: Subject,
}

/// Why a case is not played against a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotOffered {
    /// It needs the scripted handler.
    #[error("needs a handler of ours")]
    Handler,
    /// It needs a proxy that is configured otherwise.
    #[error("needs {0}")]
    Configuration(String),
}

impl Target {
    /// Whether a case can be played.
    ///
    /// # Errors
    /// It cannot, and why.
    pub fn offers(&self, case: &Case) -> Result<(), NotOffered> {
        if case.subject.kind != Some(Kind::ReverseProxy) {
            return Err(NotOffered::Handler);
        }
        let needed = Subject { backend: self.configured.backend, ..case.subject.clone() };
        let configured = Subject { front: case.subject.front, ..self.configured.clone() };
        let front_is_spoken = (case.subject.front != Protocol::Http1) == self.tls;
        if needed == configured && front_is_spoken {
            Ok(())
        } else {
            Err(NotOffered::Configuration(needed.to_string()))
        }
    }

    /// Plays a case. Must be called within a `LocalSet`, one case at a time.
    ///
    /// # Errors
    /// The backend's address cannot be taken.
    pub async fn play(&self, world: &World, case: &Case, certificates: &Certificates) -> io::Result<Play> {
        let (backend, _) = VenueBackend::open(world, case, self.backend)?;
        let client = self.backend.ip();
        let venue = Venue {
            subject: self.subject,
            backend,
            backend_address: Some(self.backend),
            authority: String::new(),
            client,
            control: Control::default(),
        };
        Ok(replay::play(world, case, venue, certificates).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Family;

    #[test]
    fn cases_for_other_proxies_are_not_offered() {
        let family = "about: A.\ncases:\n\
            \x20 - {name: a, asks: What?, subject: {kind: reverse-proxy}, client: []}\n\
            \x20 - {name: b, asks: What?, subject: {kind: server}, client: []}\n\
            \x20 - {name: c, asks: What?, subject: {kind: reverse-proxy, mode: rewrite}, client: []}\n\
            \x20 - {name: d, asks: What?, subject: {kind: reverse-proxy, front: http2}, client: []}\n\
            \x20 - {name: e, asks: What?, subject: {kind: reverse-proxy, backend: refused}, client: []}\n";
        let family = Family::parse("area/family", "family.yaml", family).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let configured = Subject { kind: Some(Kind::ReverseProxy), ..Subject::default() };
        let target = Target { subject: address, tls: false, backend: address, configured };
        let offered: Vec<bool> = family.cases.iter().map(|case| target.offers(case).is_ok()).collect();
        assert_eq!(offered, [true, false, false, false, true]);
        assert_eq!(target.offers(&family.cases[1]), Err(NotOffered::Handler));
    }
}
