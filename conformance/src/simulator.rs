//! Plays a case in the simulator: Weir on one machine, both scripts on another. Silence costs nothing there.

use std::{
    cell::RefCell,
    io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use tokio::sync::Notify;
use weir::world::{Address, Bug, World};
use weir_sim::{Stage, StageError};

use crate::{
    replay::{self, Certificates, Control, Play, Venue, VenueBackend},
    scenario::{Case, Kind},
    subject::{ApiServer, WeirSubject},
};

/// Plays a case, with a bug planted where the caller wants one.
///
/// # Errors
/// Weir panicked, or the scripts did not come to their end.
pub fn play(case: &Case, certificates: &Certificates, bug: Option<Bug>) -> Result<Play, StageError> {
    let mut stage = Stage::new(SEED).bug(bug);
    let listening = Rc::new(Notify::new());
    let seen = Rc::new(RefCell::new(None));
    let played = Rc::new(RefCell::new(None));
    let control = Control::default();

    stage.host(SUBJECT, {
        let (case, certificates) = (case.clone(), certificates.clone());
        let (listening, seen, control) = (Rc::clone(&listening), Rc::clone(&seen), control.clone());
        move |world| {
            let subject = WeirSubject::of(&case, &certificates);
            seen.replace(Some(subject.seen()));
            let (case, certificates, listening) = (case.clone(), certificates.clone(), Rc::clone(&listening));
            let control = control.clone();
            Box::pin(async move {
                let venue = places(&world, &case, &certificates).await.expect("both machines have names");
                if case.subject.kind == Some(Kind::Aggregator) {
                    let server = ApiServer::of(&case, &certificates, venue.subject);
                    server.bring_files(&world).expect("the disk has room");
                    server.run(world, |_| listening.notify_one()).await.unwrap_or_else(|error| panic!("{error}"));
                    return;
                }
                let listener = world.net.listen(&Address::Tcp(venue.subject), 1).expect("the port is free").remove(0);
                listening.notify_one();
                subject.run(world, listener, venue.addresses(), venue.backend_address, control).await;
            })
        }
    });
    stage.client(PLAYERS, {
        let (case, certificates, played) = (case.clone(), certificates.clone(), Rc::clone(&played));
        let control = control.clone();
        move |world| {
            Box::pin(async move {
                let mut venue = places(&world, &case, &certificates).await.map_err(|error| error.to_string())?;
                let at = SocketAddr::new(venue.client, BACKEND_PORT);
                (venue.backend, _) = VenueBackend::open(&world, &case, at).map_err(|error| error.to_string())?;
                venue.control = control;
                listening.notified().await;
                let addresses = venue.addresses();
                let play = replay::play(&world, &case, venue, &certificates).await;
                let seen = seen.take().ok_or("the subject was not started")?;
                played.replace(Some(play.with_seen(&seen, &addresses)));
                Ok(())
            })
        }
    });
    stage.run(LIMIT)?;

    Ok(played.take().expect("the stage has run to its end"))
}

/// Where everything is, on either machine. The backend is not open yet.
async fn places(world: &World, case: &Case, certificates: &Certificates) -> io::Result<Venue> {
    let subject = SocketAddr::new(address_of(world, SUBJECT).await?, SUBJECT_PORT);
    let client = address_of(world, PLAYERS).await?;
    let backend_address = case.subject.has_backend().then(|| SocketAddr::new(client, BACKEND_PORT));
    let authority = case.authority(certificates);
    Ok(Venue { subject, backend: VenueBackend::None, backend_address, authority, client, control: Control::default() })
}

async fn address_of(world: &World, machine: &str) -> io::Result<IpAddr> {
    world.net.resolve(machine).await?.first().copied().ok_or_else(|| io::Error::other("a name without an address"))
}

const SUBJECT: &str = "proxy";
const PLAYERS: &str = "players";
const SUBJECT_PORT: u16 = 30_001;
const BACKEND_PORT: u16 = 30_002;
const SEED: u64 = 1;

/// Of simulated time: far more than the patience of all awaits of a case.
const LIMIT: Duration = Duration::from_secs(600);
