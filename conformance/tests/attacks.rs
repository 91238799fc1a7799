//! Every probe of `fixtures/attacks`, played against Weir in the simulator: one test per probe, named by its id.

use std::{path::Path, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};
use weir_conformance::{
    attack::{self, Probe, judge::judge, simulated},
    replay::Certificates,
};

fn main() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let certificates = Certificates::read(&fixtures.join("certs")).unwrap_or_else(|error| panic!("{error}"));
    let probes = attack::read(&fixtures.join("attacks")).unwrap_or_else(|error| panic!("{error}"));
    let certificates = Arc::new(certificates);
    let trials = probes.into_iter().map(|probe| {
        let certificates = Arc::clone(&certificates);
        Trial::test(probe.id(), move || is_safe(&probe, &certificates))
    });
    let trials = trials.collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn is_safe(probe: &Probe, certificates: &Certificates) -> Result<(), Failed> {
    let observed = simulated::play(probe, certificates, &simulated::weir(), None)?;
    let verdict = judge(probe, &observed);
    if verdict.is_safe() { Ok(()) } else { Err(verdict.to_string().into()) }
}
