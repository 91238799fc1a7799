//! `weir-conformance attack`.

use std::net::SocketAddr;

use weir_conformance::{
    attack::{self, aggregated, outside::Outside},
    evidence::Evidence,
    pattern::Pattern,
};

use crate::{
    Failure,
    progress::Progress,
    reach::{find_address, over_sockets},
};

#[derive(clap::Args)]
pub(crate) struct AttackArguments {
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

/// Plays probes one after the other against a proxy, and tells of each whether it is safe.
pub(crate) fn run(evidence: &Evidence, arguments: &AttackArguments) -> Result<(), Failure> {
    let probes = attack::read(&evidence.root.join("attacks")).map_err(|error| Failure::Usage(error.to_string()))?;
    over_sockets(async |world| {
        let (subject, tls) = find_address(&world, &arguments.target).await?;
        let outside = Outside::new(world, subject, tls, arguments.backend, evidence.certificates.clone())
            .map_err(|error| Failure::Usage(format!("--backend {}: {error}", arguments.backend)))?;
        let (mut safe, mut convicted, mut skipped) = (0, 0, 0);
        let chosen: Vec<_> = probes.iter().filter(|probe| arguments.probes.matches(&probe.id())).collect();
        let mut progress = Progress::of(chosen.len());
        for probe in chosen {
            progress.step();
            if aggregated::CLASSES.contains(&probe.class()) || !outside.offers(probe) {
                skipped += 1;
                continue;
            }
            match outside.play(probe).await {
                Ok(verdict) if verdict.is_safe() => {
                    safe += 1;
                    println!("ok   {}", probe.id());
                }
                Ok(verdict) => {
                    convicted += 1;
                    println!("FAIL {}\n{verdict}", probe.id());
                }
                Err(error) => {
                    convicted += 1;
                    println!("FAIL {}: {error}", probe.id());
                }
            }
        }
        println!("{safe} safe, {convicted} not, {skipped} not offered");
        match (safe, convicted) {
            (0, 0) => Err(Failure::Usage(format!("no probe that can be played matches {}", arguments.probes))),
            (_, 0) => Ok(()),
            _ => Err(Failure::Differs(format!("{convicted} probes are not safe"))),
        }
    })
}
