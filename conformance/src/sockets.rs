//! Plays cases over real sockets on 127.0.0.1, many at once on one thread.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::Arc,
};

use tokio::{
    sync::{Semaphore, oneshot},
    task::LocalSet,
};
use weir::world::{Address, Process, World, real};

use crate::{
    replay::{self, Certificates, Control, Play, Venue, VenueBackend},
    scenario::{Case, Kind},
    subject::{ApiServer, OnThisThread, WeirSubject, spawn_apart},
};

/// Plays cases, `at_once` at a time, on the caller's thread; `done` gets each as it ends.
///
/// One thread for all: a subject that is not given the processor cannot be taken for one that has nothing to say.
///
/// # Errors
/// There is no runtime to play on.
pub fn play_all<'a>(
    cases: impl IntoIterator<Item = &'a Case>,
    certificates: &Certificates,
    at_once: usize,
    done: impl Fn(&Case, io::Result<Play>) + 'static,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let places = Rc::new(Semaphore::new(at_once));
    let done = Rc::new(done);
    let local = LocalSet::new();
    let mut plays = Vec::new();
    for case in cases {
        let (case, certificates) = (case.clone(), certificates.clone());
        let (places, done) = (Rc::clone(&places), Rc::clone(&done));
        plays.push(local.spawn_local(async move {
            let _place = places.acquire().await.expect("nobody closes it");
            let played = play(&case, &certificates).await;
            done(&case, played);
        }));
    }
    // Not until every task of the thread has ended: a subject's may outlive its case.
    local.block_on(&runtime, async {
        for play in plays {
            play.await.expect("a play does not panic");
        }
    });
    Ok(())
}

/// Plays one case.
///
/// # Errors
/// A port of 127.0.0.1 cannot be taken.
pub async fn play(case: &Case, certificates: &Certificates) -> io::Result<Play> {
    let world = real::world(SEED);
    if case.subject.kind == Some(Kind::Aggregator) {
        return play_aggregator(world, case, certificates).await;
    }
    let listener = world.net.listen(&Address::Tcp(ANY), 1)?.remove(0);
    let at = listener.local().ok_or_else(|| io::Error::other("a TCP listener without an address"))?;
    let control = Control::default();
    let venue = open(&world, case, at, certificates, control.clone())?;
    let subject = WeirSubject::of(case, certificates);
    let seen = subject.seen();
    let (addresses, backend) = (venue.addresses(), venue.backend_address);
    let running = spawn_apart(subject.run(world.clone(), listener, addresses.clone(), backend, control));
    let play = replay::play(&world, case, venue, certificates).await;
    running.abort();
    Ok(play.with_seen(&seen, &addresses))
}

/// The whole server, on this thread too, until the case is over.
async fn play_aggregator(world: World, case: &Case, certificates: &Certificates) -> io::Result<Play> {
    let process = Arc::new(OnThisThread::default());
    let server = ApiServer::of(case, certificates, ANY);
    let (ready, port) = oneshot::channel();
    let ours = World { process: Arc::clone(&process) as Arc<dyn Process>, ..world.clone() };
    let running = spawn_apart(server.run(ours, move |port| ready.send(port).unwrap_or_default()));
    let Ok(port) = port.await else {
        let end = running.await.map_err(io::Error::other)?;
        return Err(io::Error::other(end.err().map_or_else(|| "it ended".to_owned(), |error| error.to_string())));
    };
    let venue = open(&world, case, SocketAddr::new(ANY.ip(), port), certificates, Control::default())?;
    let play = replay::play(&world, case, venue, certificates).await;
    running.abort();
    process.kill();
    Ok(play)
}

fn open(
    world: &World,
    case: &Case,
    subject: SocketAddr,
    certificates: &Certificates,
    control: Control,
) -> io::Result<Venue> {
    let (backend, backend_address) = VenueBackend::open(world, case, ANY)?;
    let authority = case.authority(certificates);
    Ok(Venue { subject, backend, backend_address, authority, client: ANY.ip(), control })
}

/// A free port of this machine.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Nothing that a case shows may depend on it.
const SEED: [u8; 32] = [1; 32];
