//! Plays cases over real sockets on 127.0.0.1, many at once on one thread.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
};

use tokio::{sync::Semaphore, task::LocalSet};
use weir::world::{Address, Listener, World, real};

use crate::{
    replay::{self, Certificates, Play, Venue, VenueBackend},
    scenario::Case,
    subject::WeirSubject,
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
    for case in cases {
        let (case, certificates) = (case.clone(), certificates.clone());
        let (places, done) = (Rc::clone(&places), Rc::clone(&done));
        local.spawn_local(async move {
            let _place = places.acquire().await.expect("nobody closes it");
            let played = play(&case, &certificates).await;
            done(&case, played);
        });
    }
    runtime.block_on(local);
    Ok(())
}

/// Plays one case.
///
/// # Errors
/// A port of 127.0.0.1 cannot be taken.
pub async fn play(case: &Case, certificates: &Certificates) -> io::Result<Play> {
    let world = real::world(SEED);
    let (listener, venue) = open(&world, case)?;
    let subject = WeirSubject::of(case, certificates);
    let seen = subject.seen();
    let (addresses, backend) = (venue.addresses(), venue.backend_address);
    let running = tokio::task::spawn_local(subject.run(world.clone(), listener, addresses.clone(), backend));
    let play = replay::play(&world, case, venue, certificates).await;
    running.abort();
    Ok(play.with_seen(&seen, &addresses))
}

fn open(world: &World, case: &Case) -> io::Result<(Listener, Venue)> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (backend, backend_address) = VenueBackend::open(world, case, any)?;
    let listener = world.net.listen(&Address::Tcp(any), 1)?.remove(0);
    let subject = listener.local().ok_or_else(|| io::Error::other("a TCP listener without an address"))?;
    Ok((listener, Venue { subject, backend, backend_address, client: any.ip() }))
}

/// Nothing that a case shows may depend on it.
const SEED: [u8; 32] = [1; 32];
