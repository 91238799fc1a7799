use super::*;

/// Every finding of before among them: it does not come back.
#[test]
fn every_seed_and_every_finding_keeps_the_promises() {
    for target in TARGETS {
        let seeds = seeds::all(target).unwrap();
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for seed in &seeds {
            let played = std::panic::catch_unwind(|| (target.play)(seed));
            assert!(played.is_ok(), "{}: {}", target.name, seed.escape_ascii());
        }
    }
}
