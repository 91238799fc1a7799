//! Every case that Go was recorded in, played by Weir in the simulator: one test per case, named by its id.
//!
//! A failure shows the fields that differ, and Go's transcript against ours.

use std::{path::Path, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};
use weir_conformance::{
    evidence::{Evidence, NotRecorded, Recorded},
    scenario::Case,
    simulator, transcript,
};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let evidence = Arc::new(Evidence::read(&root).unwrap_or_else(|error| panic!("{error}")));
    let mut trials = Vec::new();
    for (family, recorded) in evidence.families.iter().enumerate() {
        for (at, case) in recorded.family.cases.iter().enumerate() {
            let evidence = Arc::clone(&evidence);
            let answers = move || {
                let recorded = &evidence.families[family];
                answers_as_go(&evidence, recorded, &recorded.family.cases[at])
            };
            trials.push(Trial::test(case.id.clone(), answers));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn answers_as_go(evidence: &Evidence, recorded: &Recorded, case: &Case) -> Result<(), Failed> {
    let trace = recorded.trace.as_ref().ok_or(NotRecorded)?;
    let play = simulator::play(case, &evidence.certificates, None)?;
    let (play, verdict) = evidence.judge(case, play)?;
    if evidence.exceptions.of(&case.id).is_empty() {
        let transcript = transcript::of_family_with(&recorded.family, trace, &play.trace);
        compare_snapshot(evidence, &recorded.family.id, &transcript).map_err(|()| verdict.to_string())?;
    }
    if verdict.is_clean() { Ok(()) } else { Err(verdict.to_string().into()) }
}

/// Holds a family's transcript, with one case of it played now, against Go's. insta prints the lines that differ.
fn compare_snapshot(evidence: &Evidence, family: &str, transcript: &str) -> Result<(), ()> {
    let path = evidence.snapshot_path(family);
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(path.parent().expect("a file stands in a folder"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let compare = || settings.bind(|| insta::assert_snapshot!(name, transcript));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(compare)).map_err(drop)
}
