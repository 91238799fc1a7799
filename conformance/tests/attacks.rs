//! Every probe of `fixtures/attacks`, played against Weir in the simulator: one test per probe, named by its id.
//!
//! The classes `identity` and `redirects` are played against `weir serve` with a backend behind it, all others against
//! `weir reverse-proxy`. The last tests show that the judge can see: a proxy with every fault of its kind is convicted.

#[path = "attacks/naive.rs"]
mod naive;
#[path = "attacks/naive_http2.rs"]
mod naive_http2;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use libtest_mimic::{Arguments, Failed, Trial};
use weir::world::Bug;
use weir_conformance::{
    attack::{
        self, Probe, aggregated,
        judge::{Verdict, judge},
        simulated,
    },
    replay::Certificates,
    scenario::Family,
};

struct Stage {
    certificates: Certificates,
    probes: Vec<Probe>,
    /// Those that are played against `weir serve`, once one of them was asked for.
    aggregated: OnceLock<Result<BTreeMap<String, Verdict>, String>>,
}

fn main() {
    let stage = Arc::new(Stage {
        certificates: Certificates::read(&fixtures().join("certs")).unwrap_or_else(|error| panic!("{error}")),
        probes: attack::read(&fixtures().join("attacks")).unwrap_or_else(|error| panic!("{error}")),
        aggregated: OnceLock::new(),
    });
    let mut trials: Vec<Trial> = (0..stage.probes.len())
        .map(|at| {
            let stage = Arc::clone(&stage);
            Trial::test(stage.probes[at].id(), move || stage.is_safe(&stage.probes[at]))
        })
        .collect();
    for (name, shows) in JUDGED {
        let stage = Arc::clone(&stage);
        trials.push(Trial::test(*name, move || shows(&stage)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

impl Stage {
    fn is_safe(&self, probe: &Probe) -> Result<(), Failed> {
        let verdict = if is_aggregated(probe) { self.aggregated(&probe.id())? } else { self.verdict(probe, None)? };
        match (verdict.is_safe(), probe.known()) {
            (true, None) | (false, Some(_)) => Ok(()),
            (false, None) => Err(verdict.to_string().into()),
            (true, Some(known)) => Err(format!("it is safe now, but `known` says: {known}").into()),
        }
    }

    fn verdict(&self, probe: &Probe, bug: Option<Bug>) -> Result<Verdict, Failed> {
        Ok(judge(probe, &simulated::play(probe, &self.certificates, &simulated::weir(), bug)?))
    }

    fn aggregated(&self, id: &str) -> Result<Verdict, Failed> {
        let verdicts = self.aggregated.get_or_init(|| {
            let path = fixtures().join("scenarios/aggregator/identity.yaml");
            let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
            let family =
                Family::parse("aggregator/identity", "identity.yaml", &text).map_err(|error| error.to_string())?;
            let probes: Vec<Probe> = self.probes.iter().filter(|probe| is_aggregated(probe)).cloned().collect();
            aggregated::play(&probes, &family.cases[0], &self.certificates).map_err(|error| error.to_string())
        });
        let verdicts = verdicts.as_ref().map_err(|error| error.clone())?;
        Ok(verdicts.get(id).ok_or("not played")?.clone())
    }

    fn named(&self, id: &str) -> Result<&Probe, Failed> {
        Ok(self.probes.iter().find(|probe| probe.id() == id).ok_or_else(|| format!("found no probe {id}"))?)
    }
}

type Shows = fn(&Stage) -> Result<(), Failed>;

const JUDGED: &[(&str, Shows)] = &[
    ("the judge convicts a naive proxy", the_judge_convicts_a_naive_proxy),
    ("the judge acquits a naive proxy of what it does right", the_judge_acquits_a_naive_proxy_of_what_it_does_right),
    ("the judge convicts a planted bug", the_judge_convicts_a_planted_bug),
    ("there are at least 400 probes", there_are_at_least_400_probes),
];

fn the_judge_convicts_a_naive_proxy(stage: &Stage) -> Result<(), Failed> {
    let mut escaped = Vec::new();
    for id in CONVICTED {
        let probe = stage.named(id)?;
        let verdict = judge(probe, &simulated::play(probe, &stage.certificates, &naive::naive(), None)?);
        if verdict.is_safe() {
            escaped.push(format!("{id}\n{verdict}"));
        }
    }
    if escaped.is_empty() { Ok(()) } else { Err(escaped.join("\n").into()) }
}

fn the_judge_acquits_a_naive_proxy_of_what_it_does_right(stage: &Stage) -> Result<(), Failed> {
    for id in ACQUITTED {
        let probe = stage.named(id)?;
        let verdict = judge(probe, &simulated::play(probe, &stage.certificates, &naive::naive(), None)?);
        if !verdict.is_safe() {
            return Err(format!("{id}\n{verdict}").into());
        }
    }
    Ok(())
}

fn the_judge_convicts_a_planted_bug(stage: &Stage) -> Result<(), Failed> {
    let probe = stage.named("hop_by_hop/keep_alive")?;
    let verdict = stage.verdict(probe, Some(Bug::KeepsHopByHop))?;
    if verdict.is_safe() { Err(verdict.to_string().into()) } else { Ok(()) }
}

fn there_are_at_least_400_probes(stage: &Stage) -> Result<(), Failed> {
    if stage.probes.len() < 400 { Err(format!("found {}", stage.probes.len()).into()) } else { Ok(()) }
}

fn is_aggregated(probe: &Probe) -> bool {
    aggregated::CLASSES.contains(&probe.class())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// One or more of each class: a judge that convicts nobody proves nothing.
const CONVICTED: &[&str] = &[
    "lengths/negative",
    "lengths/twice_different_far_apart",
    "lengths/twice_the_same",
    "lengths/a_list_of_two",
    "codings/gzip_and_chunked",
    "codings/http_1_0",
    "codings/a_length_in_front_and_a_request_behind",
    "codings/a_length_that_ends_within_the_first_chunk",
    "chunks/size_with_0x",
    "chunks/size_ends_with_a_line_feed",
    "chunks/trailer_of_a_user",
    "field_lines/space_before_the_colon",
    "field_lines/nul_in_the_value",
    "field_lines/folded",
    "field_lines/head_of_line_feeds",
    "request_lines/connect",
    "request_lines/absolute",
    "request_lines/http_2_0",
    "request_lines/space_in_the_target",
    "paths/query_with_a_semicolon",
    "hosts/missing",
    "hosts/twice_different",
    "hosts/with_a_path",
    "hop_by_hop/named_by_connection",
    "hop_by_hop/keep_alive",
    "upgrades/a_request_together_with_one_that_gets_a_200",
    "upgrades/a_101_that_was_not_asked_for",
    "reuse/a_bad_request_and_one_behind",
    "reuse/close_and_a_request_behind",
    "reuse/an_answer_and_bytes_behind_it",
    "answers/length_negative",
    "answers/length_and_coding",
    "answers/hop_by_hop_fields",
    "answers/field_carriage_return_in_the_value",
    "answers/status_of_letters",
    "http2_downgrade/value_with_line_ends",
    "http2_downgrade/path_that_is_a_request",
    "http2_downgrade/field_of_one_hop_coding",
    "http2_downgrade/coding_and_a_body_that_is_chunks",
    "http2_downgrade/length_shorter_and_a_request_behind",
    "http2_floods/rapid_reset",
    "http2_floods/data_on_no_stream",
    "slow/half_a_head",
];

const ACQUITTED: &[&str] = &[
    "field_lines/empty_value",
    "field_lines/many_colons",
    "hosts/with_a_port",
    "paths/dots",
    "request_lines/two_slashes",
];
