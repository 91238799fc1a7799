//! All that stands in `fixtures/`: scenarios, their traces, masks, exceptions, certificates.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    compare::{beside, differences},
    exceptions::{ExceptionError, Exceptions, Verdict},
    mask::{MaskError, Masks},
    replay::{CertificateError, Certificates, Play},
    scenario::{Case, Family, ScenarioError},
    trace::{CaseTrace, FamilyTrace, TraceError},
};

/// All that stands in `fixtures/`, read once.
#[derive(Debug)]
pub struct Evidence {
    /// The folder.
    pub root: PathBuf,
    /// Every family of scenarios with its trace, sorted by id.
    pub families: Vec<Recorded>,
    /// Traces without scenarios, by id.
    pub orphans: Vec<String>,
    /// What is masked on both sides.
    pub masks: Masks,
    /// Where Weir differs, on purpose or not yet.
    pub exceptions: Exceptions,
    /// The certificates of the tests.
    pub certificates: Certificates,
}

/// A family and what Go answered.
#[derive(Debug)]
pub struct Recorded {
    /// The questions.
    pub family: Family,
    /// Go's answers; none while the family has not been recorded.
    pub trace: Option<FamilyTrace>,
}

/// Go was not asked yet.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not recorded yet: fixtures/record asks Go")]
pub struct NotRecorded;

/// Why the evidence cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A folder cannot be read.
    #[error("{path}: {source}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Scenarios are not of the format.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A trace is not of the format.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The certificates cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The exceptions are not of the format.
    #[error(transparent)]
    Exception(#[from] ExceptionError),
    /// The masks are not of the format.
    #[error(transparent)]
    Mask(#[from] MaskError),
}

impl Evidence {
    /// Reads the folder `fixtures`. Complaints about all scenarios come together.
    ///
    /// # Errors
    /// Something in it is not of its format.
    pub fn read(root: &Path) -> Result<Self, EvidenceError> {
        let masks = Masks::read(&root.join("masks.toml"))?;
        let exceptions = Exceptions::read(root)?;
        let certificates = Certificates::read(&root.join("certs"))?;
        let mut traces = files(&root.join("traces"), "json")?;
        traces.retain(|id, _| id.contains('/')); // not the manifest
        let mut families = Vec::new();
        let mut problems = Vec::new();
        for (id, path) in files(&root.join("scenarios"), "yaml")? {
            match Family::read(&id, &path) {
                Ok(family) => {
                    let trace = traces.remove(&id).map(|path| FamilyTrace::read(&path)).transpose()?;
                    families.push(Recorded { family, trace });
                }
                Err(ScenarioError::Wrong(more)) => problems.extend(more),
                Err(error) => return Err(error.into()),
            }
        }
        if problems.is_empty() {
            Ok(Self {
                root: root.to_owned(),
                families,
                orphans: traces.into_keys().collect(),
                masks,
                exceptions,
                certificates,
            })
        } else {
            Err(ScenarioError::Wrong(problems).into())
        }
    }

    /// Every case with what Go answered, in the order of the files.
    pub fn cases(&self) -> impl Iterator<Item = (&Case, Option<&CaseTrace>)> {
        self.families
            .iter()
            .flat_map(|recorded| recorded.family.cases.iter().map(|case| (case, recorded.answer(&case.name))))
    }

    /// Holds a play of a case against Go's answer. Returns the play as it was compared: masked, and with what only Go can see taken over.
    ///
    /// # Errors
    /// The case has not been recorded.
    pub fn judge(&self, case: &Case, play: Play) -> Result<(Play, Verdict), NotRecorded> {
        let (_, go) = self.cases().find(|(other, _)| other.id == case.id).ok_or(NotRecorded)?;
        let go = go.ok_or(NotRecorded)?;
        let Play { trace, faults } = play.masked(&self.masks);
        let play = Play { trace: beside(go, case, trace), faults };
        let verdict = self.exceptions.judge(&case.id, differences(go, &play));
        Ok((play, verdict))
    }

    /// What does not belong together: cases that were not recorded, answers that nobody asked for.
    pub fn unmatched(&self) -> Vec<String> {
        let mut found: Vec<String> =
            self.orphans.iter().map(|id| format!("traces/{id}.json: found no scenario of this name")).collect();
        for Recorded { family, trace } in &self.families {
            let Some(trace) = trace else {
                found.push(format!("scenarios/{}.yaml: found no trace of this name", family.id));
                continue;
            };
            let asked: Vec<&str> = family.cases.iter().map(|case| case.name.as_str()).collect();
            let answered: Vec<&str> = trace.cases.iter().map(|case| case.name.as_str()).collect();
            if asked != answered {
                found.extend(missing(&asked, &answered).map(|name| format!("{}/{name}: found no answer", family.id)));
                found.extend(missing(&answered, &asked).map(|name| format!("{}/{name}: found no question", family.id)));
                found.push(format!(
                    "traces/{}.json: found other cases than in the scenario, or another order",
                    family.id
                ));
            }
        }
        found
    }

    /// Where a family's transcript stands.
    pub fn snapshot_path(&self, family: &str) -> PathBuf {
        self.root.join("traces").join(format!("{family}.snap"))
    }
}

impl Recorded {
    /// What Go answered to a case.
    pub fn answer(&self, case: &str) -> Option<&CaseTrace> {
        self.trace.as_ref()?.cases.iter().find(|trace| trace.name == case)
    }
}

fn missing<'a>(wanted: &'a [&str], there: &'a [&str]) -> impl Iterator<Item = &'a str> {
    wanted.iter().copied().filter(|name| !there.contains(name))
}

/// The files below a folder that end in `.extension`, by their path without it.
pub(crate) fn files(root: &Path, extension: &str) -> Result<BTreeMap<String, PathBuf>, EvidenceError> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |source| EvidenceError::Folder { path: folder.display().to_string(), source };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder == root => continue, // nothing recorded yet
            entries => entries.map_err(unreadable)?,
        };
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let id = path.with_extension("");
                let id = id.strip_prefix(root).expect("found below the root");
                found.insert(id.to_string_lossy().replace('\\', "/"), path);
            }
        }
    }
    Ok(found)
}
