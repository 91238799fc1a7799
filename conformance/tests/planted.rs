//! The traces can see: a bug planted on purpose turns a named case red.

use std::path::Path;

use weir::world::Bug;
use weir_conformance::{evidence::Evidence, exceptions::Verdict, simulator};

fn verdict(id: &str, bug: Option<Bug>) -> Verdict {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let evidence = Evidence::read(&root).unwrap_or_else(|error| panic!("{error}"));
    let (case, _) = evidence.cases().find(|(case, _)| case.id == id).expect("a case of this id");
    let play = simulator::play(case, &evidence.certificates, bug).unwrap_or_else(|error| panic!("{error}"));
    evidence.judge(case, play).expect("the case is recorded").1
}

#[test]
fn a_hop_by_hop_field_that_is_kept_turns_its_case_red() {
    let id = "forward/hop_by_hop/the_fixed_list_is_removed";
    assert_eq!(verdict(id, None), Verdict::default());
    let red = verdict(id, Some(Bug::KeepsHopByHop)).unlisted;
    let fields: Vec<&str> = red.iter().map(|difference| difference.field.as_str()).collect();
    assert_eq!(fields, ["backend[0].awaited[0].head.header.Keep-Alive"]);
}
