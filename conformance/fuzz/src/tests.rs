use super::*;

/// Every finding of before among them: it does not come back.
#[test]
fn every_seed_and_every_finding_keeps_the_promises() {
    for target in TARGETS {
        let seeds = seeds::all(target).unwrap();
        assert!(!seeds.is_empty(), "{} has no seed", target.name);
        for seed in &seeds {
            if let Some(broken) = verdict::of(target, seed) {
                panic!("{}: {}: {}: {}", target.name, broken.place, broken.words, seed.escape_ascii());
            }
        }
    }
}
