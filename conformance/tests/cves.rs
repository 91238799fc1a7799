//! The CVEs of this layer: one test per row of `conformance/cves.toml`, named by its number, that plays the probes which the row stands
//! for.
//!
//! Each of them can fail: a row holds only if Weir is safe from all of its probes and the naive proxy of `attacks/naive.rs` is not safe
//! from at least one.

#[path = "attacks/naive.rs"]
mod naive;
#[path = "attacks/naive_http2.rs"]
mod naive_http2;

use std::{fs, path::Path, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use weir_conformance::{
    attack::{
        self, Probe, aggregated,
        judge::{Verdict, judge},
        simulated,
    },
    pattern::Pattern,
    replay::Certificates,
    scenario::Family,
};

/// The rows of `conformance/cves.toml`.
#[derive(Deserialize)]
struct Table {
    row: Vec<Row>,
}

/// A row: its numbers, what it was, and the probes that it stands for. What else it names, `tests/tidy.rs` holds it to.
#[derive(Deserialize)]
struct Row {
    ids: Vec<String>,
    about: String,
    #[serde(default)]
    probes: Vec<String>,
}

fn main() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let probes = attack::read(&fixtures.join("attacks")).unwrap_or_else(|error| panic!("{error}"));
    let certificates = Certificates::read(&fixtures.join("certs")).unwrap_or_else(|error| panic!("{error}"));
    let stage = Arc::new((probes, certificates));
    let table = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("cves.toml"));
    let table: Table = toml::from_str(&table.unwrap_or_else(|error| panic!("cves.toml: {error}")))
        .unwrap_or_else(|error| panic!("cves.toml: {error}"));
    let rows = table.row.into_iter().filter(|row| !row.probes.is_empty()).map(|row| {
        let stage = Arc::clone(&stage);
        Trial::test(format!("{} {}", row.ids.join(" "), row.about), move || holds(&row, &stage.0, &stage.1))
    });
    let mut trials: Vec<Trial> = rows.collect();
    trials.push(Trial::test(
        "RUSTSEC-2026-0007 RUSTSEC-2021-0124 RUSTSEC-2025-0023 crates are not older than their fixes",
        crates_are_not_older_than_their_fixes,
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn holds(row: &Row, probes: &[Probe], certificates: &Certificates) -> Result<(), Failed> {
    let mut sees = false;
    for pattern in &row.probes {
        let pattern: Pattern = pattern.parse()?;
        let mut found = probes.iter().filter(|probe| pattern.matches(&probe.id())).peekable();
        if found.peek().is_none() {
            return Err(format!("found no probe {pattern}").into());
        }
        for probe in found {
            let verdict = if aggregated::CLASSES.contains(&probe.class()) {
                aggregated(probe, certificates)?
            } else {
                judge(probe, &simulated::play(probe, certificates, &simulated::weir(), None)?)
            };
            if !verdict.is_safe() {
                return Err(format!("{}\n{verdict}", probe.id()).into());
            }
            if !sees {
                sees = !judge(probe, &simulated::play(probe, certificates, &naive::naive(), None)?).is_safe();
            }
        }
    }
    if sees { Ok(()) } else { Err("the naive proxy is safe from all of its probes: they prove nothing".into()) }
}

/// What comes of a probe of `weir serve`.
fn aggregated(probe: &Probe, certificates: &Certificates) -> Result<Verdict, Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios/aggregator/identity.yaml");
    let family = Family::parse("aggregator/identity", "identity.yaml", &fs::read_to_string(path)?)?;
    let mut verdicts = aggregated::play(std::slice::from_ref(probe), &family.cases[0], certificates)?;
    Ok(verdicts.remove(&probe.id()).ok_or("not played")?)
}

/// The oldest versions of crates on the way of a request that have no known hole there.
const OLDEST: &[(&str, [u64; 3])] = &[
    ("bytes", [1, 11, 1]),
    ("h2", [0, 4, 4]),
    ("http", [1, 0, 0]),
    ("httparse", [1, 9, 0]),
    ("hyper", [1, 4, 0]),
    ("rustls", [0, 23, 18]),
    ("rustls-webpki", [0, 103, 10]),
    ("tokio", [1, 44, 2]),
    ("tokio-rustls", [0, 26, 0]),
];

fn crates_are_not_older_than_their_fixes() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock: toml::Table = fs::read_to_string(path)?.parse()?;
    let packages = lock["package"].as_array().ok_or("Cargo.lock has no packages")?;
    for (name, oldest) in OLDEST {
        for package in packages.iter().filter(|package| package["name"].as_str() == Some(name)) {
            let version = package["version"].as_str().unwrap_or_default();
            let numbers: Vec<u64> = version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect();
            if numbers < oldest.to_vec() {
                return Err(format!("{name}: found {version}, expected {oldest:?} or later").into());
            }
        }
    }
    Ok(())
}
