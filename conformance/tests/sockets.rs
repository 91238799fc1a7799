//! Every case over real sockets: what the simulator says of Weir, the operating system says too.
//!
//! Timeouts run on the machine's clock here, and a busy machine can let one pass that the case meant to stay within. So a case that
//! differs is played again, alone; the simulator, where time is exact, gives nobody a second chance.

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
        let verdict = verdict.map(|verdict| verdict.or_else(|first| play_again(&evidence, case, &first)));
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

/// Alone: what still differs in every play is no matter of a busy machine.
fn play_again(evidence: &Evidence, case: &Case, first: &str) -> Result<(), String> {
    eprintln!("{}: played again, since the first time\n{first}", case.id);
    let mut last = Err("not played".to_owned());
    for _ in 0..PLAYS_AGAIN {
        let play = play(evidence, &[case]).remove(&case.id);
        last = play.map_or_else(|| Err("not played".to_owned()), |play| judge(evidence, case, play));
        if last.is_ok() {
            break;
        }
    }
    last
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

const PLAYS_AGAIN: usize = 2;
