//! Plays probes against a proxy that runs somewhere, over real sockets.

use std::{io, net::SocketAddr};

use weir::world::{Address, World};

use super::{
    Patience, Place, Probe, Recorder, Rewriting, Sender, Speaks,
    conversation::{self, QUESTIONS},
    judge::{Verdict, judge},
};
use crate::replay::Certificates;

/// A proxy that somebody else started, and the backend that it was told of.
pub struct Outside {
    world: World,
    place: Place,
    recorder: Recorder,
}

impl Outside {
    /// Listens where the proxy finds its backend. Must be called within a `LocalSet`, and so must [`Self::play`].
    ///
    /// # Errors
    /// The backend's address cannot be taken.
    pub fn new(
        world: World,
        subject: SocketAddr,
        tls: bool,
        backend: SocketAddr,
        certificates: Certificates,
    ) -> io::Result<Self> {
        let listener = world.net.listen(&Address::Tcp(backend), 1)?.remove(0);
        let recorder = Recorder::start(listener, None);
        let place = Place {
            subject,
            tls,
            certificates: certificates.believing_anyone(),
            patience: Patience::Real,
            questions: QUESTIONS,
        };
        Ok(Self { world, place, recorder })
    }

    /// Whether the proxy speaks what a probe needs: HTTP/2 with the client over TLS alone, HTTP/1 with the backend.
    pub fn offers(&self, probe: &Probe) -> bool {
        let plain = probe.back() == Speaks::Http1 && probe.mode() == Rewriting::Director && probe.patience().is_none();
        plain && (self.place.tls || probe.front() == Speaks::Http1)
    }

    /// Whether it can be judged without waiting for silence.
    pub fn is_quick(probe: &Probe) -> bool {
        probe.from() == Sender::Backend || !probe.may(super::Outcome::Wait)
    }

    /// Plays a probe and judges it.
    ///
    /// # Errors
    /// The proxy takes no connection.
    pub async fn play(&self, probe: &Probe) -> io::Result<Verdict> {
        let observed = conversation::play(&self.world, probe, &self.place, &self.recorder).await?;
        Ok(judge(probe, &observed))
    }
}
