//! Every case over real sockets, once: what the simulator says of Weir, the operating system says too.

use std::{cell::RefCell, collections::BTreeMap, io, path::Path, rc::Rc};

use libtest_mimic::{Arguments, Trial};
use weir_conformance::{
    compare::differences, evidence::Evidence, exceptions::Exceptions, replay::Play, scenario::Case, sockets,
};

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let evidence = Evidence::read(&root).unwrap_or_else(|error| panic!("{error}"));
    let exceptions = Exceptions::read(&root).unwrap_or_else(|error| panic!("{error}"));
    let chosen: Vec<&Case> =
        evidence.cases().map(|(case, _)| case).filter(|case| is_chosen(&arguments, &case.id)).collect();
    let plays = if arguments.list { BTreeMap::new() } else { play(&evidence, &chosen) };

    let mut trials = Vec::new();
    for case in &chosen {
        let verdict = plays.get(&case.id).map(|play| judge(&evidence, &exceptions, case, play));
        trials.push(Trial::test(case.id.clone(), move || match verdict {
            None => Err("not played".into()),
            Some(Ok(())) => Ok(()),
            Some(Err(wrong)) => Err(wrong.into()),
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// All at once on one thread, before the tests are told: a thread per test would starve the subjects of each other.
fn play(evidence: &Evidence, cases: &[&Case]) -> BTreeMap<String, io::Result<Play>> {
    let plays = Rc::new(RefCell::new(BTreeMap::new()));
    let played = Rc::clone(&plays);
    let keep = move |case: &Case, play| drop(played.borrow_mut().insert(case.id.clone(), play));
    sockets::play_all(cases.iter().copied(), &evidence.certificates, AT_ONCE, keep).expect("a runtime can be built");
    plays.take()
}

fn judge(evidence: &Evidence, exceptions: &Exceptions, case: &Case, play: &io::Result<Play>) -> Result<(), String> {
    let play = play.as_ref().map_err(ToString::to_string)?.clone().masked(&evidence.masks);
    let go =
        evidence.cases().find(|(other, _)| other.id == case.id).and_then(|(_, go)| go).ok_or("not recorded yet")?;
    let verdict = exceptions.judge(&case.id, differences(go, &play));
    if verdict.is_clean() { Ok(()) } else { Err(format!("{}\n{verdict}", case.id)) }
}

fn is_chosen(arguments: &Arguments, id: &str) -> bool {
    let means = |pattern: &String| if arguments.exact { id == pattern } else { id.contains(pattern.as_str()) };
    arguments.filter.as_ref().is_none_or(means) && !arguments.skip.iter().any(means)
}

const AT_ONCE: usize = 32;
