//! `weir-conformance`: holds Weir, or any proxy at an address, against what Go was recorded doing.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use weir_conformance::{
    evidence::{Evidence, EvidenceError},
    manifest,
    pattern::Pattern,
    scenario::Case,
    transcript,
};

/// Holds Weir, or any proxy at an address, against what Go was recorded doing.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder of scenarios and traces; looked for from the working folder upwards when not given.
    #[arg(long, global = true, value_name = "FOLDER")]
    fixtures: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the transcript of every trace, and the manifest of hashes.
    Render,
    /// Lists cases, one a line: id and question.
    List {
        /// Which cases: an id in which `*` stands for any text.
        #[arg(default_value = "*")]
        cases: Pattern,
    },
    /// Shows one case: what is asked and what Go answered.
    Explain {
        /// area/family/case
        id: String,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weir-conformance: {error}");
            ExitCode::from(match error {
                Failure::Differs(_) | Failure::Unwritable { .. } => 1,
                Failure::Usage(_) | Failure::Evidence(_) => 2,
            })
        }
    }
}

/// Why the program does not end with 0.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Differs(String),
    #[error("{path}: {source}")]
    Unwritable { path: String, source: std::io::Error },
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let root = match arguments.fixtures {
        Some(root) => root,
        None => find_fixtures()?,
    };
    let evidence = Evidence::read(&root)?;
    match arguments.command {
        Command::Render => render(&evidence),
        Command::List { cases } => list(&evidence, &cases),
        Command::Explain { id } => explain(&evidence, &id),
    }
}

fn find_fixtures() -> Result<PathBuf, Failure> {
    let start = std::env::current_dir().map_err(|error| Failure::Usage(format!("the working folder: {error}")))?;
    start
        .ancestors()
        .map(|folder| folder.join("fixtures"))
        .find(|fixtures| fixtures.join("scenarios").is_dir())
        .ok_or_else(|| {
            Failure::Usage(
                "found no folder fixtures/scenarios here or above, expected one or --fixtures FOLDER".to_owned(),
            )
        })
}

fn render(evidence: &Evidence) -> Result<(), Failure> {
    let mut written = 0;
    for recorded in &evidence.families {
        let Some(trace) = &recorded.trace else { continue };
        let path = evidence.snapshot_path(&recorded.family.id);
        let text = transcript::snapshot(&transcript::of_family(&recorded.family, trace));
        std::fs::write(&path, text)
            .map_err(|source| Failure::Unwritable { path: path.display().to_string(), source })?;
        written += 1;
    }
    manifest::write(&evidence.root)?;
    println!("{written} transcripts written, of {} families", evidence.families.len());
    let unmatched = evidence.unmatched();
    if unmatched.is_empty() { Ok(()) } else { Err(Failure::Differs(unmatched.join("\n"))) }
}

fn list(evidence: &Evidence, pattern: &Pattern) -> Result<(), Failure> {
    for case in chosen(evidence, pattern)? {
        println!("{}\t{}", case.id, case.asks);
    }
    Ok(())
}

fn explain(evidence: &Evidence, id: &str) -> Result<(), Failure> {
    let (case, answer) = evidence
        .cases()
        .find(|(case, _)| case.id == id)
        .ok_or_else(|| Failure::Usage(format!("found no case {id:?}, expected an id that `list` shows")))?;
    let answer = answer.ok_or_else(|| Failure::Differs(format!("{id}: not recorded yet")))?;
    print!("{}", transcript::of_case(case, answer));
    Ok(())
}

/// The cases that a pattern names: at least one.
fn chosen<'a>(evidence: &'a Evidence, pattern: &Pattern) -> Result<Vec<&'a Case>, Failure> {
    let cases: Vec<&Case> = evidence.cases().map(|(case, _)| case).filter(|case| pattern.matches(&case.id)).collect();
    if cases.is_empty() {
        return Err(Failure::Usage(format!("no case matches {pattern}")));
    }
    Ok(cases)
}
