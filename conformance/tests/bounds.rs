//! Memory: whatever a peer sends, the process holds little more than it sent.
//!
//! Bytes are counted, of all that takes part: attacker, network, proxy, backend. One test, for the count is of the whole process.

#[path = "attacks/naive.rs"]
mod naive;
#[path = "attacks/naive_http2.rs"]
mod naive_http2;

use std::path::Path;

use peak_alloc::PeakAlloc;
use weir_conformance::{
    attack::{
        self, Probe,
        simulated::{self, Proxy},
    },
    replay::Certificates,
};

#[global_allocator]
static HELD: PeakAlloc = PeakAlloc;

#[test]
fn no_probe_makes_us_hold_much_more_than_it_sends() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let certificates = Certificates::read(&fixtures.join("certs")).unwrap();
    let probes = attack::read(&fixtures.join("attacks")).unwrap();
    let probes: Vec<_> = probes.into_iter().filter(|probe| CLASSES.contains(&probe.class())).collect();
    // What is made once and kept.
    held(&probes[0], &certificates, &simulated::weir());
    let mut wrong = Vec::new();
    for probe in &probes {
        let (held, may) = (held(probe, &certificates, &simulated::weir()), bound(probe));
        if held > may {
            wrong.push(format!("{}: {held} bytes were held, of {} sent; at most {may} may", probe.id(), probe.sends()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The count can see.
    let careless = probes.iter().filter(|probe| held(probe, &certificates, &naive::naive()) > bound(probe));
    assert!(careless.count() > 0, "the naive proxy holds no more than it may");
}

/// The most bytes that were held at a time while a probe was played.
fn held(probe: &Probe, certificates: &Certificates, proxy: &Proxy) -> usize {
    HELD.reset_peak_usage();
    let before = HELD.current_usage();
    simulated::play(probe, certificates, proxy, None).unwrap_or_else(|error| panic!("{}: {error}", probe.id()));
    HELD.peak_usage() - before
}

fn bound(probe: &Probe) -> usize {
    let forwarded = FORWARDED.iter().find(|(id, _)| *id == probe.id()).map_or(1, |(_, requests)| *requests);
    ALWAYS + COPIES * probe.sends() + FORWARD * forwarded
}

/// Those that send much, or little that means much.
const CLASSES: &[&str] =
    &["answers_http2", "chunks", "field_lines", "hop_by_hop", "http2_floods", "request_lines", "slow"];

/// A conversation with a byte or two: three machines, their connections, TLS on one of them.
const ALWAYS: usize = 4 << 20;

/// What is sent lies with whoever sends it, on its way, in the proxy, and where it is kept to be judged.
const COPIES: usize = 4;

/// A request that reaches the backend: a connection, both of whose ends are here, and 16 KiB in which the backend reads.
const FORWARD: usize = 80 << 10;

/// Probes of which many requests are forwarded, each as good as any. More than so many streams are not served at a time.
const FORWARDED: &[(&str, usize)] = &[
    ("http2_floods/a_stuck_window", 100),
    ("http2_floods/made_you_reset_priority_of_itself", 250),
    ("http2_floods/more_streams_than_offered", 250),
];
