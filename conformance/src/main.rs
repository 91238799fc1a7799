//! `weir-conformance`: holds Weir, or any proxy at an address, against what Go was recorded doing, and attacks it.

mod attacking;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use weir::world::{Address, World};
use weir_conformance::{
    evidence::{Evidence, EvidenceError},
    exceptions::{self, Verdict},
    manifest,
    pattern::Pattern,
    scenario::{Case, Kind, Mode, Protocol, Subject},
    simulator,
    target::{NotOffered, Target},
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

#[derive(clap::Args)]
struct RunArguments {
    /// Where the proxy listens.
    #[arg(long, value_name = "http[s]://HOST:PORT")]
    target: String,
    /// Where the proxy finds its backend: the cases' backends listen there.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9000")]
    backend: SocketAddr,
    /// What the proxy speaks with its backend.
    #[arg(long, value_enum, default_value = "http1")]
    back: Back,
    /// How the proxy rewrites: Go's `Director` of NewSingleHostReverseProxy, or `Rewrite` with SetURL and SetXForwarded.
    #[arg(long, value_enum, default_value = "director")]
    mode: RewriteMode,
    /// The proxy is Weir: where it is known to differ, it may.
    #[arg(long)]
    weir: bool,
    /// Which cases: an id in which `*` stands for any text.
    #[arg(default_value = "*")]
    cases: Pattern,
}

#[derive(clap::Args)]
struct AttackArguments {
    /// Where the proxy listens. HTTP/2 is tried over https only.
    #[arg(long, value_name = "http[s]://HOST:PORT")]
    target: String,
    /// Where the proxy finds its backend, which speaks HTTP/1: the recorder listens there.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9000")]
    backend: SocketAddr,
    /// Which probes: an id, class/name, in which `*` stands for any text.
    #[arg(default_value = "*")]
    probes: Pattern,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Back {
    Http1,
    Http1Tls,
    Http2,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RewriteMode {
    Director,
    Rewrite,
    RewriteMin,
    RewriteKeep,
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
        Command::Run(arguments) => run_target(&evidence, &arguments),
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

/// Plays something over sockets of this machine.
fn over_sockets(play: impl AsyncFnOnce(World) -> Result<(), Failure>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Usage(format!("the runtime: {error}")))?;
    tokio::task::LocalSet::new().block_on(&runtime, play(weir::world::real::world([1; 32])))
}

fn run_target(evidence: &Evidence, arguments: &RunArguments) -> Result<(), Failure> {
    over_sockets(async |world| {
        let target = find_target(&world, arguments).await?;
        let certificates = evidence.certificates.clone().believing_anyone();
        let mut report = Report::default();
        for case in chosen(evidence, &arguments.cases)? {
            if let Err(reason) = target.offers(case) {
                report.skip(reason);
                continue;
            }
            let play = target.play(&world, case, &certificates).await;
            let play = play.map_err(|error| Failure::Usage(format!("--backend {}: {error}", arguments.backend)))?;
            match evidence.judge(case, play) {
                Ok((_, verdict)) if arguments.weir => report.note(&case.id, &verdict),
                Ok((_, verdict)) => report.note(&case.id, &verdict.without_exceptions()),
                Err(error) => report.fail(&case.id, &error.to_string()),
            }
            // The proxy learns that the connections of this case are gone before the next one begins.
            tokio::time::sleep(BETWEEN_CASES).await;
        }
        report.end()
    })
}

/// Where a proxy listens, and whether it speaks TLS there.
async fn find_address(world: &World, target: &str) -> Result<(SocketAddr, bool), Failure> {
    let wrong = |reason: &str| Failure::Usage(format!("--target {target}: {reason}"));
    let (tls, authority) = match target.split_once("://") {
        Some(("http", authority)) => (false, authority),
        Some(("https", authority)) => (true, authority),
        _ => return Err(wrong("expected http://HOST:PORT or https://HOST:PORT")),
    };
    let (host, port) = authority.trim_end_matches('/').rsplit_once(':').ok_or_else(|| wrong("expected a port"))?;
    let port = port.parse().map_err(|_| wrong("expected a port from 0 to 65535"))?;
    let addresses =
        world.net.resolve(host.trim_matches(['[', ']'])).await.map_err(|error| wrong(&error.to_string()))?;
    let address = addresses.first().ok_or_else(|| wrong("the host has no address"))?;
    let subject = SocketAddr::new(*address, port);
    world.net.dial(&Address::Tcp(subject)).await.map_err(|error| wrong(&error.to_string()))?;
    Ok((subject, tls))
}

async fn find_target(world: &World, arguments: &RunArguments) -> Result<Target, Failure> {
    let (subject, tls) = find_address(world, &arguments.target).await?;
    let configured = Subject {
        kind: Some(Kind::ReverseProxy),
        back: match arguments.back {
            Back::Http1 => Protocol::Http1,
            Back::Http1Tls => Protocol::Http1Tls,
            Back::Http2 => Protocol::Http2,
        },
        mode: match arguments.mode {
            RewriteMode::Director => Mode::Director,
            RewriteMode::Rewrite => Mode::Rewrite,
            RewriteMode::RewriteMin => Mode::RewriteMin,
            RewriteMode::RewriteKeep => Mode::RewriteKeep,
        },
        ..Subject::default()
    };
    Ok(Target { subject, tls, backend: arguments.backend, configured })
}

/// What is told while cases are played, and at their end.
#[derive(Default)]
struct Report {
    same: usize,
    different: usize,
    skipped: BTreeMap<NotOffered, usize>,
}

impl Report {
    fn note(&mut self, id: &str, verdict: &Verdict) {
        if verdict.is_clean() {
            self.same += 1;
            println!("ok   {id}");
        } else {
            self.different += 1;
            let lines: String = verdict.to_string().lines().map(|line| format!("     {line}\n")).collect();
            print!("DIFF {id}\n{lines}");
        }
    }

    fn fail(&mut self, id: &str, error: &str) {
        self.different += 1;
        println!("FAIL {id}: {error}");
    }

    fn skip(&mut self, reason: NotOffered) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn end(self) -> Result<(), Failure> {
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

/// The cases that a pattern names: at least one.
fn chosen<'a>(evidence: &'a Evidence, pattern: &Pattern) -> Result<Vec<&'a Case>, Failure> {
    let cases: Vec<&Case> = evidence.cases().map(|(case, _)| case).filter(|case| pattern.matches(&case.id)).collect();
    if cases.is_empty() {
        return Err(Failure::Usage(format!("no case matches {pattern}")));
    }
    Ok(cases)
}

const BETWEEN_CASES: Duration = Duration::from_millis(50);
