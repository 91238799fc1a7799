//! Every case over real sockets, once: what the simulator says of Weir, the operating system says too.

use std::{cell::RefCell, collections::BTreeMap, io, path::Path, rc::Rc};

use libtest_mimic::{Arguments, Trial};
use weir_conformance::{evidence::Evidence, replay::Play, scenario::Case, sockets};

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let evidence = Evidence::read(&root).unwrap_or_else(|error| panic!("{error}"));
    let chosen: Vec<&Case> =
        evidence.cases().map(|(case, _)| case).filter(|case| is_chosen(&arguments, case)).collect();
    let mut plays = if arguments.list { BTreeMap::new() } else { play(&evidence, &chosen) };
    let trials = chosen.into_iter().map(|case| {
        let verdict = plays.remove(&case.id).map(|play| judge(&evidence, case, play));
        Trial::test(case.id.clone(), move || Ok(verdict.unwrap_or_else(|| Err("not played".to_owned()))?))
    });
    let trials = trials.collect();
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

fn judge(evidence: &Evidence, case: &Case, play: io::Result<Play>) -> Result<(), String> {
    let play = play.map_err(|error| error.to_string())?;
    let (_, verdict) = evidence.judge(case, play).map_err(|error| error.to_string())?;
    if verdict.is_clean() { Ok(()) } else { Err(verdict.to_string()) }
}

fn is_chosen(arguments: &Arguments, case: &Case) -> bool {
    let id = &case.id;
    let means = |pattern: &String| if arguments.exact { id == pattern } else { id.contains(pattern.as_str()) };
    arguments.filter.as_ref().is_none_or(means) && !arguments.skip.iter().any(means)
}

const AT_ONCE: usize = 32;
