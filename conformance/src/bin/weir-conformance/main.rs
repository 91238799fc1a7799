//! `weir-conformance`: holds Weir, or any proxy at an address, against what Go was recorded doing, and attacks it.

mod attacking;
mod progress;
mod reach;
mod report;
mod running;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use weir_conformance::{
    evidence::{Evidence, EvidenceError},
    exceptions, manifest,
    pattern::Pattern,
    scenario::Case,
    simulator, transcript,
};

use self::{attacking::AttackArguments, report::Report, running::RunArguments};

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
    /// Plays cases with Weir in the simulator, and shows where it differs from Go.
    Diff {
        /// Which cases: an id in which `*` stands for any text.
        cases: Pattern,
        /// Shows what is not listed yet as entries for gaps.toml.
        #[arg(long)]
        gaps: bool,
    },
    /// Plays cases against a proxy that runs somewhere, and shows where it differs from Go.
    Run(RunArguments),
    /// Attacks a proxy that runs somewhere, and judges what comes of it by what client and backend see.
    Attack(AttackArguments),
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
        Command::Diff { cases, gaps } => diff(&evidence, &cases, gaps),
        Command::Run(arguments) => running::run(&evidence, &arguments),
        Command::Attack(arguments) => attacking::run(&evidence, &arguments),
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

fn diff(evidence: &Evidence, pattern: &Pattern, gaps: bool) -> Result<(), Failure> {
    let mut report = Report::default();
    for case in chosen(evidence, pattern)? {
        let play = simulator::play(case, &evidence.certificates, None).map_err(|error| error.to_string());
        let judged = play.and_then(|play| evidence.judge(case, play).map_err(|error| error.to_string()));
        match judged {
            Ok((_, verdict)) if gaps => print!("{}", exceptions::as_gaps(&case.id, &verdict.unlisted)),
            Ok((_, verdict)) => report.note(&case.id, &verdict),
            Err(error) => report.fail(&case.id, &error),
        }
    }
    if gaps { Ok(()) } else { report.end() }
}

/// The cases that a pattern names: at least one.
fn chosen<'a>(evidence: &'a Evidence, pattern: &Pattern) -> Result<Vec<&'a Case>, Failure> {
    let cases: Vec<&Case> = evidence.cases().map(|(case, _)| case).filter(|case| pattern.matches(&case.id)).collect();
    if cases.is_empty() {
        return Err(Failure::Usage(format!("no case matches {pattern}")));
    }
    Ok(cases)
}
