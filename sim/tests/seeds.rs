//! What a seed promises: the same history, to the byte, in every process.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::{
    collections::BTreeSet,
    process::{Child, Command, Stdio},
};

/// A tenth of what `WEIR_EFFORT=full` asks for.
fn seeds(all: u64) -> u64 {
    let effort = weir::world::real::world([0; 32]).process.env("WEIR_EFFORT");
    if effort.is_some_and(|effort| effort == "full") { all } else { all / 10 }
}

fn play(seed: u64) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir-sim"));
    command.args(["run", "--seed", &seed.to_string()]).stdout(Stdio::piped()).spawn().unwrap()
}

fn line(child: Child) -> String {
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_history_in_two_processes() {
    let mut lines = BTreeSet::new();
    for seed in 0..seeds(200) {
        let (one, other) = (play(seed), play(seed));
        let (one, other) = (line(one), line(other));
        assert!(one.contains(" events "), "{one}");
        assert_eq!(one, other);
        assert!(lines.insert(one.rsplit(" events ").next().unwrap().to_owned()), "two seeds with one history");
    }
}
