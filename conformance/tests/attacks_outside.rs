//! Probes from outside: `weir reverse-proxy` as a process of its own, plain and with TLS, over real sockets.
//!
//! All but those that end in silence; those are the simulator's. A class is a test, and so is each way of speaking.

#[path = "attacks_outside/process.rs"]
mod process;

use std::{collections::BTreeMap, net::SocketAddr, path::Path};

use libtest_mimic::{Arguments, Trial};
use weir_conformance::{
    attack::{self, Probe, aggregated, outside::Outside},
    replay::Certificates,
};

use self::process::Weir;

fn main() {
    let arguments = Arguments::from_args();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let certificates = Certificates::read(&fixtures.join("certs")).unwrap_or_else(|error| panic!("{error}"));
    let probes = attack::read(&fixtures.join("attacks")).unwrap_or_else(|error| panic!("{error}"));
    let probes: Vec<Probe> = probes.into_iter().filter(|probe| !aggregated::CLASSES.contains(&probe.class())).collect();
    let mut trials = Vec::new();
    for (way, tls) in [("plain", false), ("tls", true)] {
        let probes = probes.clone();
        let certificates = certificates.clone();
        trials
            .push(Trial::test(format!("no probe comes through {way}"), move || Ok(play(&probes, &certificates, tls)?)));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Plays all probes that this way of speaking is for, one after the other against one process; what is not safe is the error.
fn play(probes: &[Probe], certificates: &Certificates, tls: bool) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let world = weir::world::real::world([1; 32]);
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let backend = free_address().map_err(|error| error.to_string())?;
        let mut weir = Weir::start(certificates, backend, tls);
        let outside = Outside::new(world, weir.process.address, tls, backend, certificates.clone())
            .map_err(|error| error.to_string())?;
        let mut wrong = BTreeMap::new();
        for probe in
            probes.iter().filter(|probe| outside.offers(probe) && Outside::is_quick(probe) && probe.known().is_none())
        {
            let verdict = outside.play(probe).await.map_err(|error| format!("{}: {error}", probe.id()))?;
            if !verdict.is_safe() {
                wrong.insert(probe.id(), verdict.to_string());
            }
            if weir.process.has_ended() {
                return Err(format!("{}: the process has ended", probe.id()));
            }
        }
        if weir.panicked() {
            wrong.insert("the process".to_owned(), "something panicked".to_owned());
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.iter().map(|(id, said)| format!("{id}\n{said}\n")).collect()) }
    })
}

/// An address that nobody listens at.
fn free_address() -> std::io::Result<SocketAddr> {
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}
