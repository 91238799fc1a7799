//! The `weir-sim` command line: what it prints and how it exits.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::process::{Command, Output};

fn weir_sim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir-sim")).args(arguments).output().unwrap()
}

#[track_caller]
fn refused(arguments: &[&str], said: &str) {
    let output = weir_sim(arguments);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains(said), "{complaint}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bug_that_nobody_knows_is_a_usage_error_that_lists_the_known() {
    refused(
        &["run", "--seed", "1", "--bug", "off-by-one"],
        "invalid value 'off-by-one' for '--bug <NAME>': expected one of keeps-hop-by-hop, acknowledges-before-sync, routes-to-the-other-backend",
    );
}

#[test]
fn a_time_without_a_unit_is_a_usage_error_that_says_what_was_expected() {
    refused(&["swarm", "--for", "60"], "expected a number and s, m or h, as in 60s");
    refused(&["swarm", "--for", "s"], "expected a whole number before the unit, as in 60s");
}

#[test]
fn a_seed_is_a_number_and_must_be_given() {
    refused(&["run"], "--seed <SEED>");
    refused(&["run", "--seed", "one"], "invalid value 'one' for '--seed <SEED>'");
}

#[test]
fn a_run_is_one_line() {
    let said = String::from_utf8(weir_sim(&["run", "--plot", "reverse-proxy", "--seed", "3"]).stdout).unwrap();
    assert!(said.starts_with("seed 3 "), "{said}");
    assert_eq!(said.matches('\n').count(), 1, "{said}");
}

#[test]
fn a_run_with_its_history_ends_in_the_same_line() {
    let plain = String::from_utf8(weir_sim(&["run", "--plot", "reverse-proxy", "--seed", "3"]).stdout).unwrap();
    let full =
        String::from_utf8(weir_sim(&["run", "--plot", "reverse-proxy", "--seed", "3", "--history"]).stdout).unwrap();
    assert!(full.ends_with(&plain), "{plain}");
    assert!(full.contains("Scenario {") && full.contains(" Asked { id: 1, "));
}

#[test]
fn a_swarm_ends_when_its_time_is_up_with_a_summary() {
    let output = weir_sim(&["swarm", "--plot", "reverse-proxy", "--for", "1s", "--from", "40"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let summary = said.lines().last().unwrap();
    assert!(summary.starts_with("swarm: ") && summary.contains(" seeds from 40, "), "{said}");
    assert_eq!(output.status.success(), summary.ends_with(" 0 broken"), "{said}");
}
