//! The race: CPU and memory of Weir beside other proxies that do the same work, each a process pinned to a core of its own.
//!
//! To be started by `benches/race/run`, which builds the contenders; `race/README.md` says how to read the tables.

#[path = "race/backend.rs"]
mod backend;
#[path = "race/client.rs"]
mod client;
#[path = "race/contender.rs"]
mod contender;
#[path = "race/far.rs"]
mod far;
#[path = "race/http1.rs"]
mod http1;
#[path = "race/http2.rs"]
mod http2;
#[path = "race/secret.rs"]
mod secret;
#[path = "race/table.rs"]
mod table;
#[path = "race/usage.rs"]
mod usage;

use std::{fs, io, path::PathBuf, thread, time::Duration};

use clap::{Parser, ValueEnum};
use weir_bench::hyper_proxy;

use self::{
    backend::LARGE_BYTES,
    client::Manner,
    contender::{Contender, Kind, Place, beside},
    far::Far,
    http1::Ask,
    secret::Secret,
    table::Table,
};

/// CPU and memory of Weir beside other proxies.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often each contender runs, in turns.
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// The tests; all without.
    #[arg(long, value_enum, value_delimiter = ',')]
    tests: Vec<Test>,
    /// The contenders by the start of their names; all that are installed without.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Another build of Weir to race, too.
    #[arg(long, value_name = "FILE")]
    also: Vec<PathBuf>,
    /// The core of the contenders. Everything else runs on another: start this program with taskset.
    #[arg(long, default_value_t = 0)]
    core: usize,
    /// Be the hyper-util proxy: LISTEN URL, and a PEM file for TLS.
    #[arg(long, hide = true, num_args = 2..=3)]
    contender: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Test {
    /// Small requests on 64 connections of HTTP/1.
    Plain,
    /// Small requests on 8 connections of HTTP/2 over TLS, 8 at a time on each.
    Http2,
    /// Answers of 16 MiB.
    Large,
    /// 16 MiB at a time through a tunnel.
    Tunnel,
    /// Idle connections of HTTP/1.
    Idle,
    /// Idle connections of HTTP/1 over TLS.
    IdleTls,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if let Some(hyper) = &arguments.contender {
        return be_hyper_util(hyper);
    }
    let folder = beside("race-files");
    fs::create_dir_all(&folder)?;
    let secret = Secret::create(&folder)?;
    let tests = if arguments.tests.is_empty() { Test::value_variants().to_vec() } else { arguments.tests.clone() };
    let mut raw = "test,contender,run,figure\n".to_owned();
    let mut tables = Vec::new();
    for test in tests {
        let table = match test {
            Test::Idle | Test::IdleTls => memory(&arguments, test, &secret)?,
            Test::Plain | Test::Http2 | Test::Large | Test::Tunnel => cpu(&arguments, test, &secret)?,
        };
        println!("{}", table.markdown());
        raw.push_str(&table.csv());
        tables.push(table);
    }
    println!("{}", table::overview(&tables));
    let file = folder.join("raw.csv");
    fs::write(&file, raw)?;
    println!("Raw figures: {}", file.display());
    Ok(())
}

/// CPU per answer or per MiB, all contenders in turns.
fn cpu(arguments: &Arguments, test: Test, secret: &Secret) -> io::Result<Table> {
    let (title, unit, manner, connections, answers, units_per_answer) = match test {
        Test::Http2 => {
            ("TLS and HTTP/2, small answers", "us of CPU a request", Manner::Http2(secret.client(), 8), 8, 40_000, 1.0)
        }
        Test::Large => ("Large answers", "us of CPU a MiB", Manner::Plain(Ask::Large), 4, 24, MIB_PER_ANSWER),
        Test::Tunnel => ("Tunnels", "us of CPU a MiB", Manner::Plain(Ask::Tunnel), 4, 24, MIB_PER_ANSWER),
        _ => ("HTTP/1, small answers", "us of CPU a request", Manner::Plain(Ask::Small), 64, 40_000, 1.0),
    };
    let mut far = Far::new()?;
    let place = Place {
        folder: secret.folder(),
        backend: far.backend()?,
        tls: (test == Test::Http2).then(|| secret.pem()),
        core: arguments.core,
    };
    let contenders: Vec<Contender> =
        kinds(arguments, test).iter().map(|(name, kind)| kind.start(name, &place)).collect();
    let mut table = Table::new(title, unit);
    for run in 0..=arguments.runs {
        for contender in &contenders {
            far.connect(contender.address, &manner, connections)?;
            far.ask(answers / 10)
                .and_then(|()| {
                    let before = usage::cpu_nanoseconds(contender.pid());
                    far.ask(answers)?;
                    let nanoseconds = usage::cpu_nanoseconds(contender.pid()) - before;
                    if run > 0 {
                        table.add(&contender.name, nanoseconds as f64 / 1e3 / (answers as f64 * units_per_answer));
                    } // the first run warms up
                    Ok(())
                })
                .map_err(|error| io::Error::other(format!("{}: {error}", contender.name)))?;
            far.disconnect();
        }
    }
    Ok(table)
}

/// Memory per idle connection, the slope between few and many.
fn memory(arguments: &Arguments, test: Test, secret: &Secret) -> io::Result<Table> {
    let tls = test == Test::IdleTls;
    let (title, manner) = if tls {
        ("Idle connections, TLS", Manner::Tls(secret.client_http1()))
    } else {
        ("Idle connections, plain", Manner::Plain(Ask::Small))
    };
    let mut table = Table::new(title, "KiB a connection");
    for (name, kind) in kinds(arguments, test) {
        let mut far = Far::new()?;
        let place = Place {
            folder: secret.folder(),
            backend: far.backend()?,
            tls: tls.then(|| secret.pem()),
            core: arguments.core,
        };
        let contender = kind.start(&name, &place);
        let mut resident = [0; 2];
        for (at, count) in IDLE.into_iter().enumerate() {
            let mut connected = if at == 0 { 0 } else { IDLE[at - 1] };
            while connected < count {
                far.connect(contender.address, &manner, IDLE_STEP)?;
                far.ask_once(connected).map_err(|error| io::Error::other(format!("{name}: {error}")))?;
                connected += IDLE_STEP;
            }
            thread::sleep(Duration::from_secs(2));
            resident[at] = usage::resident_bytes(contender.pid());
        }
        let slope = (resident[1] as f64 - resident[0] as f64) / (IDLE[1] - IDLE[0]) as f64;
        table.add(&name, slope / 1024.0);
    }
    Ok(table)
}

/// Who takes part in a test.
fn kinds(arguments: &Arguments, test: Test) -> Vec<(String, Kind)> {
    let weir =
        |file: &PathBuf| (format!("Weir, {}", file.display().to_string().replace('/', "_")), Kind::Weir(file.clone()));
    let mut kinds = vec![("Weir".to_owned(), Kind::Weir(beside("weir")))];
    kinds.extend(arguments.also.iter().map(weir));
    kinds.extend(
        [Kind::Nginx, Kind::Haproxy, Kind::HaproxyTcp, Kind::HyperUtil, Kind::Go]
            .map(|kind| (kind.name().to_owned(), kind)),
    );
    // Where TLS ends or tunnels begin there is nothing left for layer 4 to be.
    let layer_4 = matches!(test, Test::Plain | Test::Large | Test::Tunnel | Test::Idle);
    kinds.retain(|(name, kind)| {
        (arguments.only.is_empty() || arguments.only.iter().any(|only| name.starts_with(only)))
            && (layer_4 || !matches!(kind, Kind::HaproxyTcp))
            && kind.is_installed()
    });
    kinds
}

/// Runs the hyper-util proxy, for ever.
fn be_hyper_util(arguments: &[String]) -> io::Result<()> {
    let [listen, to, pem @ ..] = arguments else { return Err(io::ErrorKind::InvalidInput.into()) };
    let backend = to.trim_start_matches("http://").parse().map_err(io::Error::other)?;
    let tls = pem.first().map(|pem| secret::server_config(pem.as_ref())).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::bind(listen).await?;
        hyper_proxy::serve(listener, backend, tls).await;
        Ok(())
    })
}

const MIB_PER_ANSWER: f64 = (LARGE_BYTES >> 20) as f64;
const IDLE: [usize; 2] = [2_000, 9_900];
const IDLE_STEP: usize = 100;
