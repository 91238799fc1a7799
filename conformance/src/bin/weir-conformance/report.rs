use std::collections::BTreeMap;

use weir_conformance::{exceptions::Verdict, target::NotOffered};

use crate::Failure;

/// What is told while cases are played, and at their end.
#[derive(Default)]
pub(crate) struct Report {
    same: usize,
    different: usize,
    skipped: BTreeMap<NotOffered, usize>,
}

impl Report {
    pub(crate) fn note(&mut self, id: &str, verdict: &Verdict) {
        if verdict.is_clean() {
            self.same += 1;
            println!("ok   {id}");
        } else {
            self.different += 1;
            let lines: String = verdict.to_string().lines().map(|line| format!("     {line}\n")).collect();
            print!("DIFF {id}\n{lines}");
        }
    }

    pub(crate) fn fail(&mut self, id: &str, error: &str) {
        self.different += 1;
        println!("FAIL {id}: {error}");
    }

    pub(crate) fn skip(&mut self, reason: NotOffered) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    pub(crate) fn end(self) -> Result<(), Failure> {
        for (reason, count) in &self.skipped {
            println!("not offered: {count}, {reason}");
        }
        let (same, different) = (self.same, self.different);
        let skipped: usize = self.skipped.values().sum();
        println!("{same} as Go, {different} different, {skipped} not offered");
        match (same, different) {
            (0, 0) if skipped > 0 => Err(Failure::Usage("no case could be played".to_owned())),
            (_, 0) => Ok(()),
            _ => Err(Failure::Differs(format!("{different} cases differ from Go"))),
        }
    }
}
