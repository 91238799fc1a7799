//! The evidence is what the recorder wrote: nothing was edited, blessed or forgotten.

use std::{fs, path::Path};

use weir_conformance::{evidence::Evidence, manifest, transcript};

fn evidence() -> Evidence {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    Evidence::read(&root).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_snapshot_is_the_transcript_of_its_trace() {
    let evidence = evidence();
    for recorded in &evidence.families {
        let Some(trace) = &recorded.trace else { continue };
        let path = evidence.snapshot_path(&recorded.family.id);
        let written = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rendered = transcript::snapshot(&transcript::of_family(&recorded.family, trace));
        assert!(written == rendered, "{}: differs from its trace; `weir-conformance render` writes it", path.display());
    }
}

#[test]
fn the_manifest_has_the_hash_of_every_file() {
    let evidence = evidence();
    let written = manifest::read(&evidence.root).expect("traces/manifest.json is there");
    let measured = manifest::measure(&evidence.root).unwrap();
    let differing: Vec<&String> =
        written.keys().chain(measured.keys()).filter(|name| written.get(*name) != measured.get(*name)).collect();
    assert!(differing.is_empty(), "changed since they were recorded: {differing:#?}");
}

#[test]
fn every_case_has_an_answer_and_every_answer_a_case() {
    let unmatched = evidence().unmatched();
    assert!(unmatched.is_empty(), "{}", unmatched.join("\n"));
}

#[test]
fn every_divergence_and_gap_names_a_case() {
    let evidence = evidence();
    let unknown: Vec<&str> =
        evidence.exceptions.cases().filter(|id| !evidence.cases().any(|(case, _)| case.id == *id)).collect();
    assert!(unknown.is_empty(), "found no case of this id: {unknown:#?}");
}
