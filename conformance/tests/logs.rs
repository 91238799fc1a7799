//! What is in no log: credentials, answers of backends, and bytes that would be lines or commands of a terminal.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tracing_subscriber::fmt::MakeWriter;
use weir_conformance::{
    attack::{self, Probe, aggregated, simulated},
    replay::Certificates,
    scenario::Family,
};

/// All that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What is logged meanwhile, as `weir` writes it but with everything.
fn logged(play: impl FnOnce()) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .finish();
    tracing::subscriber::with_default(subscriber, play);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn certificates() -> Certificates {
    Certificates::read(&fixtures().join("certs")).unwrap()
}

fn probes(of: impl Fn(&Probe) -> bool) -> Vec<Probe> {
    attack::read(&fixtures().join("attacks")).unwrap().into_iter().filter(of).collect()
}

#[test]
fn no_credential_and_no_answer_is_in_a_log() {
    // CVE-2019-11250, CVE-2020-8565, CVE-2020-8561.
    let path = fixtures().join("scenarios/aggregator/identity.yaml");
    let family = Family::parse("aggregator/identity", "identity.yaml", &fs::read_to_string(path).unwrap()).unwrap();
    let probes = probes(|probe| aggregated::CLASSES.contains(&probe.class()));
    let log = logged(|| {
        aggregated::play(&probes, &family.cases[0], &certificates()).unwrap();
    });
    assert!(!log.is_empty(), "nothing was logged: the test sees nothing");
    for secret in ["recorder-token", "Bearer", "BEGIN", "HTTP/1.1 302"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret}: {line:?}");
    }
}

#[test]
fn what_peers_say_is_escaped_in_logs() {
    // CVE-2026-42507: a peer's text wrote lines of its own.
    let classes = ["answers", "answers_http2", "field_lines", "hosts", "request_lines", "upgrades"];
    let probes = probes(|probe| classes.contains(&probe.class()) && probe.sends() < 4096);
    let log = logged(|| {
        for probe in &probes {
            simulated::play(probe, &certificates(), &simulated::weir(), None).unwrap();
        }
    });
    assert!(!log.is_empty(), "nothing was logged: the test sees nothing");
    for line in log.lines() {
        let is_ours = line.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(is_ours, "a line that we did not begin: {line:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[test]
fn what_is_logged_changes_nothing_on_the_wire() {
    for probe in probes(|probe| probe.class() == "answers" && probe.sends() < 4096) {
        let play = || simulated::play(&probe, &certificates(), &simulated::weir(), None).unwrap();
        let (quiet, mut loud) = (play(), None);
        logged(|| loud = Some(play()));
        assert_eq!(loud, Some(quiet), "{}", probe.id());
    }
}
