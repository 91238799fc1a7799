//! The one interpreter: plays a case over `World.net`, in the simulator, over real sockets, or against any proxy.
//!
//! It does what the recorder does, step by step and with the same times of patience; `fixtures/README.md` ("Scripts") is the text of both.

mod actor;
mod cast;
mod certificates;
mod control;
pub(crate) mod event;
pub(crate) mod framer;
mod inbox;
mod link;
mod pulse;
mod stand;
mod venue;

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use tokio::{sync::Notify, task::JoinHandle};
use weir::world::World;

use self::{actor::Actor, link::Link, pulse::Pulse, stand::Stand};
pub use self::{
    certificates::{CertificateError, Certificates},
    control::Control,
    venue::{Venue, VenueBackend},
};
use crate::{
    mask::Masks,
    scenario::{Addresses, Case, Kind, Layer, Protocol, Shown, Side, Step},
    subject::SeenRequests,
    trace::CaseTrace,
};

/// What was seen while a case was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Play {
    /// What came on every connection. The handler's part is empty: only the subject knows it.
    pub trace: CaseTrace,
    /// Steps that could not be played, and the ends of their scripts: Go's recording has none.
    pub faults: Vec<Fault>,
}

/// A step that could not be played. It ends its script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose script ended.
    pub side: Side,
    /// Why.
    pub reason: String,
}

impl Play {
    /// The same with what is not steady masked. Requests that came over HTTP/2 run side by side: they are sorted, as in Go's traces.
    pub fn masked(self, masks: &Masks) -> Self {
        let mut trace = self.trace.rewritten(|text| masks.apply(text));
        if trace.seen.iter().all(|request| request.first().is_some_and(|line| line.ends_with(" HTTP/2.0"))) {
            trace.seen.sort();
        }
        Self { trace, faults: self.faults }
    }

    /// The same with what the subject's handler saw.
    pub fn with_seen(mut self, seen: &SeenRequests, addresses: &Addresses) -> Self {
        let restored = |lines: Vec<String>| lines.iter().map(|line| addresses.restore(line)).collect();
        self.trace.seen = seen.lines().into_iter().map(restored).collect();
        self
    }
}

/// Plays one case. Must be called within a `LocalSet`; timers are tokio's, so that in the simulator silence costs nothing.
pub async fn play(world: &World, case: &Case, venue: Venue, certificates: &Certificates) -> Play {
    let addresses = venue.addresses();
    let stage = Rc::new(Stage {
        world: world.clone(),
        front: case.subject.front,
        shown: case.subject.staging.certificate,
        subject: venue.subject,
        control: venue.control,
        certificates: certificates.clone(),
        addresses,
        pulse: Pulse::start(),
        shared: RefCell::default(),
        changed: Notify::new(),
    });
    let stand = (case.subject.kind == Some(Kind::Aggregator)).then(|| Stand::of(case));
    let accepting = stage.accept(venue.backend, case.subject.back, stand.clone());
    if let Some(stand) = stand
        && let Err(reason) = cast::raise(&stage, &stand, case).await
    {
        stage.change(|shared| shared.faults.push(Fault { side: Side::Client, reason: format!("cast: {reason}") }));
    }
    let mut client = Actor::new(&stage, Side::Client);
    let backend = venue.backend_address.map(|_| {
        let actor = Actor::new(&stage, Side::Backend);
        tokio::task::spawn_local(actor.play([Step::Accept], case.backend.clone()))
    });

    let acted = client.perform([Step::Connect(Layer::Front)].iter().chain(&case.client)).await;
    stage.settle(&client.links, acted).await;
    stage.change(|shared| shared.client_is_done = true);
    let acted = match backend {
        Some(script) => acted.max(script.await.expect("a script does not panic")),
        None => acted,
    };
    stage.settle(&client.links, acted).await;
    let client_traces = client.links.iter().map(|link| link.freeze()).collect();
    let accepted = stage.shared.borrow().accepted.clone();
    stage.settle(&accepted, stage.pulse.now()).await;
    let backend_traces = accepted.iter().map(|link| link.freeze()).collect();

    accepting.into_iter().for_each(|task| task.abort());
    client.links.iter().chain(&stage.shared.borrow().accepted).for_each(|link| link.tear_down());
    let trace = CaseTrace { name: case.name.clone(), client: client_traces, backend: backend_traces, seen: Vec::new() };
    let mut faults = stage.shared.take().faults;
    faults.sort_by_key(|fault| fault.side);
    Play { trace: trace.rewritten(|text| stage.addresses.restore(text)), faults }
}

/// What both scripts share while a case is played.
struct Stage {
    world: World,
    front: Protocol,
    shown: Shown,
    subject: std::net::SocketAddr,
    control: Control,
    certificates: Certificates,
    addresses: Addresses,
    pulse: Rc<Pulse>,
    shared: RefCell<Shared>,
    changed: Notify,
}

#[derive(Default)]
struct Shared {
    /// Every backend connection, in the order of arrival.
    accepted: Vec<Rc<Link>>,
    /// How many of them the script has gone through.
    taken: usize,
    /// The client's script is over and its connections are quiet.
    client_is_done: bool,
    signals: BTreeSet<(Side, String)>,
    faults: Vec<Fault>,
}

impl Stage {
    /// Takes connections at the backend's address until it is aborted.
    fn accept(
        self: &Rc<Self>,
        backend: VenueBackend,
        protocol: Protocol,
        stand: Option<Rc<Stand>>,
    ) -> Option<JoinHandle<()>> {
        let VenueBackend::Up(mut listener) = backend else { return None };
        let stage = Rc::clone(self);
        Some(tokio::task::spawn_local(async move {
            while let Ok(stream) = std::future::poll_fn(|cx| listener.poll_accept(cx)).await {
                if let Some(stand) = &stand {
                    let acceptor = stage.certificates.stand(&stage.world);
                    tokio::task::spawn_local(Rc::clone(stand).take(Rc::clone(&stage), stream, acceptor));
                    continue;
                }
                let handshake = stage.certificates.accept(&stage.world, protocol);
                let link = Link::accept(stream, handshake, &stage.pulse);
                stage.change(|shared| shared.accepted.push(link));
            }
        }))
    }

    fn change(&self, change: impl FnOnce(&mut Shared)) {
        change(&mut self.shared.borrow_mut());
        self.changed.notify_waiters();
    }

    /// The next backend connection that no accept has taken.
    fn arrival(&self) -> Option<Rc<Link>> {
        let mut shared = self.shared.borrow_mut();
        let link = shared.accepted.get(shared.taken).cloned()?;
        shared.taken += 1;
        Some(link)
    }

    /// Waits until each link has been quiet since a beat, or has ended.
    async fn settle(&self, links: &[Rc<Link>], since: u64) {
        for link in links {
            link.settle(since).await;
        }
    }
}

#[cfg(test)]
mod tests;
