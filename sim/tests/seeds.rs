//! What a seed promises: the same history, to the byte, in every process.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
};

use clap::ValueEnum as _;
use weir_sim::plot::Plot;

/// A tenth of what `WEIR_EFFORT=full` asks for.
fn seeds(all: u64) -> u64 {
    let effort = weir::world::real::world([0; 32]).process.env("WEIR_EFFORT");
    if effort.is_some_and(|effort| effort == "full") { all } else { all / 10 }
}

fn play(plot: Plot, seed: u64, bug: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-sim"));
    command.args(["run", "--plot", &plot.to_string(), "--seed", &seed.to_string()]);
    if let Some(bug) = bug {
        command.args(["--bug", bug]);
    }
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Whether every promise was kept, and the line that was printed.
fn outcome(child: Child) -> (bool, String) {
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_seed_of_the_api_server_keeps_every_promise_and_has_the_same_history_in_two_processes() {
    keeps_every_promise(Plot::Serve);
}

#[test]
fn every_seed_of_the_reverse_proxy_keeps_every_promise_and_has_the_same_history_in_two_processes() {
    keeps_every_promise(Plot::ReverseProxy);
}

fn keeps_every_promise(plot: Plot) {
    let mut histories = BTreeSet::new();
    for seed in 0..seeds(200) {
        let (one, other) = (play(plot, seed, None), play(plot, seed, None));
        let ((kept, one), (_, other)) = (outcome(one), outcome(other));
        assert!(kept, "{one}");
        assert_eq!(one, other);
        assert!(histories.insert(one.rsplit(" events ").next().unwrap().to_owned()), "two seeds with one history");
    }
}

#[derive(serde::Deserialize)]
struct Seeds {
    seed: Vec<Seed>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    plot: String,
    seed: u64,
    bug: Option<String>,
    found: String,
}

#[test]
fn every_kept_seed_finds_its_planted_bug_or_shows_its_fixed_one_fixed() {
    let seeds: Seeds = toml::from_str(include_str!("../seeds.toml")).unwrap();
    for Seed { plot, seed, bug, found } in seeds.seed {
        let plot = Plot::from_str(&plot, false).unwrap();
        let (kept, line) = outcome(play(plot, seed, bug.as_deref()));
        match bug {
            Some(bug) => assert!(line.contains(&found) && !kept, "{bug} is not found: {line}"),
            None => assert!(kept, "{found}, again: {line}"),
        }
    }
}

#[test]
fn every_planted_bug_has_a_seed_that_finds_it() {
    let seeds: Seeds = toml::from_str(include_str!("../seeds.toml")).unwrap();
    for (name, _) in weir_sim::report::BUGS {
        assert!(seeds.seed.iter().any(|seed| seed.bug.as_deref() == Some(name)), "{name}");
    }
}
