//! `weir-conformance run`.

use std::{net::SocketAddr, time::Duration};

use weir::world::World;
use weir_conformance::{
    evidence::Evidence,
    pattern::Pattern,
    scenario::{Kind, Mode, Protocol, Subject},
    target::Target,
};

use crate::{
    Failure, chosen,
    progress::Progress,
    reach::{find_address, over_sockets},
    report::Report,
};

#[derive(clap::Args)]
pub(crate) struct RunArguments {
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

/// Plays cases against a proxy, and tells of each where it differs from Go.
pub(crate) fn run(evidence: &Evidence, arguments: &RunArguments) -> Result<(), Failure> {
    over_sockets(async |world| {
        let target = find_target(&world, arguments).await?;
        let certificates = evidence.certificates.clone().believing_anyone();
        let mut report = Report::default();
        let cases = chosen(evidence, &arguments.cases)?;
        let mut progress = Progress::of(cases.len());
        for case in cases {
            progress.step();
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

const BETWEEN_CASES: Duration = Duration::from_millis(50);
