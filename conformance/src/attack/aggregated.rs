//! Plays probes against `weir serve` with a backend behind it: whose request does the backend see?

use std::{cell::RefCell, collections::BTreeMap, io, net::SocketAddr, rc::Rc, time::Duration};

use tokio::sync::Notify;
use weir::world::{Address, World};
use weir_sim::{Stage, StageError};

use super::{
    Patience, Place, Probe, Recorder, Seen, attacker, conversation,
    judge::{Verdict, judge},
};
use crate::{
    replay::Certificates,
    scenario::{Addresses, Case, Protocol},
    strict::{self, Read, Request},
    subject::ApiServer,
};

/// The classes of probes that are played here.
pub const CLASSES: [&str; 2] = ["identity", "redirects"];

/// Plays probes one after the other against one server; the verdicts by the probes' ids. The server and what stands behind it are those of
/// a case of the aggregator.
///
/// # Errors
/// The server panicked, or does not serve what stands behind it.
pub fn play(
    probes: &[Probe],
    case: &Case,
    certificates: &Certificates,
) -> Result<BTreeMap<String, Verdict>, StageError> {
    let mut stage = Stage::new(SEED);
    let ready = Rc::new(Notify::new());
    let verdicts = Rc::new(RefCell::new(BTreeMap::new()));
    stage.host(SERVER, {
        let (case, certificates, ready) = (case.clone(), certificates.clone(), Rc::clone(&ready));
        move |world| {
            let (case, certificates, ready) = (case.clone(), certificates.clone(), Rc::clone(&ready));
            Box::pin(async move {
                let at = address(&world, SERVER, 30_001).await.expect("the machine has a name");
                let server = ApiServer::of(&case, &certificates, at);
                server.bring_files(&world).expect("the disk has room");
                server.run(world, |_| ready.notify_one()).await.unwrap_or_else(|error| panic!("{error}"));
            })
        }
    });
    stage.client(OUTSIDE, {
        let (probes, case, certificates) = (probes.to_vec(), case.clone(), certificates.clone());
        let verdicts = Rc::clone(&verdicts);
        move |world| {
            Box::pin(async move {
                let played = outside(&world, &probes, &case, certificates, &ready).await;
                verdicts.replace(played.map_err(|error| error.to_string())?);
                Ok(())
            })
        }
    });
    stage.run(LIMIT)?;
    Ok(verdicts.take())
}

async fn outside(
    world: &World,
    probes: &[Probe],
    case: &Case,
    certificates: Certificates,
    ready: &Notify,
) -> io::Result<BTreeMap<String, Verdict>> {
    let subject = address(world, SERVER, 30_001).await?;
    let backend = address(world, OUTSIDE, 30_002).await?;
    let listener = world.net.listen(&Address::Tcp(backend), 1)?.remove(0);
    let recorder = Recorder::start(listener, certificates.accept(world, Protocol::Http1Tls));
    ready.notified().await;
    let addresses = Addresses {
        proxy: subject.to_string(),
        backend: backend.to_string(),
        authority: certificates.authority().to_owned(),
        client: vec![backend.ip().to_string()],
    };
    let place = Place { subject, tls: true, certificates, patience: Patience::Simulated, questions: 0 };
    raise(world, &place, case, &addresses).await?;
    let mut verdicts = BTreeMap::new();
    for probe in probes {
        let mut observed = conversation::play(world, probe, &place, &recorder).await?;
        observed.backend.iter_mut().for_each(forget_the_servers_own);
        let mut verdict = judge(probe, &observed);
        observed.backend.iter().for_each(|seen| accuse(seen, &mut verdict.charges));
        verdicts.insert(probe.id(), verdict);
    }
    Ok(verdicts)
}

async fn address(world: &World, machine: &str, port: u16) -> io::Result<SocketAddr> {
    let found = world.net.resolve(machine).await?.first().copied();
    found.map(|ip| SocketAddr::new(ip, port)).ok_or_else(|| io::Error::other("a name without an address"))
}

/// Makes the objects of the case, and waits until the backend is reached.
async fn raise(world: &World, place: &Place, case: &Case, addresses: &Addresses) -> io::Result<()> {
    let namespace = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
    attacker::ask(world, place, "POST", "/api/v1/namespaces", namespace.to_string().as_bytes()).await?; // it may be there
    for object in &case.cast {
        let path = match object["kind"].as_str().unwrap_or_default() {
            "Service" => "/api/v1/namespaces/default/services",
            "EndpointSlice" => "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            _ => "/apis/apiregistration.k8s.io/v1/apiservices",
        };
        let status = attacker::ask(world, place, "POST", path, &addresses.object(object)).await?;
        if status != Some(201) {
            return Err(io::Error::other(format!("{path}: found {status:?}, expected 201")));
        }
    }
    for _ in 0..TRIES {
        if attacker::ask(world, place, "GET", PATH, b"").await? == Some(200) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    Err(io::Error::other("the backend does not get available"))
}

/// The server asks its backends for itself too.
fn forget_the_servers_own(seen: &mut Seen) {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < seen.bytes.len() {
        let Ok(Read::Whole { message, length }) = strict::request(&seen.bytes[at..]) else {
            kept.extend_from_slice(&seen.bytes[at..]);
            break;
        };
        if message.target.starts_with(PATH.as_bytes()) {
            kept.extend_from_slice(&seen.bytes[at..at + length]);
        }
        at += length;
    }
    seen.bytes = kept;
}

/// Says what of a request speaks of another than the user of [`USER`], or of the user's secrets.
fn accuse(seen: &Seen, charges: &mut Vec<String>) {
    let Ok(read) = strict::requests(&seen.bytes) else { return };
    for request in &read.whole {
        for (name, expected) in USER {
            let told: Vec<&[u8]> = request.values(name).collect();
            if told != *expected {
                charges.push(format!("{name} is {told:?}, expected {expected:?}"));
            }
        }
        charges.extend(others(request).map(|name| format!("the backend is told {name:?}")));
    }
}

/// Fields that a lenient backend takes for those of the user, and those that say who the user is.
fn others(request: &Request) -> impl Iterator<Item = String> {
    let named =
        request.fields.iter().chain(&request.trailers).map(|field| String::from_utf8_lossy(&field.name).to_lowercase());
    named.filter(|name| {
        let alias = name.replace('_', "-");
        let is_ours = USER.iter().any(|(ours, _)| ours == name);
        (alias.starts_with("x-remote-") && !is_ours) || alias == "authorization" || alias.starts_with("impersonate-")
    })
}

/// Who asks, as the backend has to see it.
const USER: &[(&str, &[&[u8]])] = &[
    ("x-remote-user", &[b"jane"]),
    ("x-remote-uid", &[b"jane-uid"]),
    ("x-remote-group", &[b"dev", b"ops", b"system:authenticated"]),
];

/// What probes ask for.
const PATH: &str = "/apis/example.test/v1/widgets";

const SERVER: &str = "server";
const OUTSIDE: &str = "outside";
const SEED: u64 = 1;
const TRIES: usize = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Of simulated time.
const LIMIT: Duration = Duration::from_secs(3_600);
