//! From nothing to ready: a release build of `weir serve` in an empty folder, until `/readyz` says so.
//!
//! Fails when the median of all starts is longer than a second.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, SamplingMode};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};

fn main() {
    let weir = release_build();
    let mut starts: Vec<Duration> = Vec::new();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("readiness");
    group.sample_size(SAMPLES).sampling_mode(SamplingMode::Flat);
    group.bench_function("empty_folder", |bencher| {
        bencher.iter_custom(|count| {
            let took: Vec<Duration> = (0..count).map(|_| time_of_a_start(&weir)).collect();
            starts.extend(&took);
            took.iter().sum()
        });
    });
    group.finish();
    criterion.final_summary();
    judge(starts);
}

/// Prints the median, and fails when it breaks the promise. Of no starts there is nothing to say: another benchmark was asked for.
fn judge(mut starts: Vec<Duration>) {
    starts.sort();
    if let Some(median) = starts.get(starts.len() / 2) {
        println!("ready after {} ms, median of {} starts", median.as_millis(), starts.len());
        assert!(*median <= PROMISED, "ready after {median:?}, promised: {PROMISED:?}");
    }
}

/// The `weir` command, built as it ships.
fn release_build() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--package", "weir-proxy", "--bin", "weir"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.expect("cargo can be run").success(), "weir cannot be built");
    let bench = std::env::current_exe().expect("a benchmark knows its own file");
    bench.parent().and_then(Path::parent).expect("benchmarks stand in target/release/deps").join("weir")
}

/// How long one start takes, from before the process is there until it says that it is ready.
fn time_of_a_start(weir: &Path) -> Duration {
    let folder = tempfile::tempdir().expect("a place for a folder");
    let begun = Instant::now();
    let (_running, url) = Running::start(weir, folder.path());
    let answer = ask(&url, &folder.path().join("ca.crt"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "/readyz said: {answer}");
    begun.elapsed()
}

/// A process that is killed when it is dropped.
struct Running(Child);

impl Running {
    /// Starts `weir serve`, and waits for its ready line; gives its URL too.
    fn start(weir: &Path, folder: &Path) -> (Self, String) {
        let mut command = Command::new(weir);
        command.args(["serve", "--secure-port", "0", "--data-dir"]).arg(folder).stdout(Stdio::piped());
        let mut running = Self(command.spawn().expect("weir can be started"));
        let mut line = String::new();
        let stdout = running.0.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it can be read");
        let url = line.split(' ').nth(2).unwrap_or_else(|| panic!("not a ready line: {line:?}"));
        (running, url.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _already_ended = self.0.kill();
        let _already_waited_for = self.0.wait();
    }
}

/// Asks a server for `/readyz` over TLS.
fn ask(url: &str, authority: &Path) -> String {
    let pem = fs::read(authority).expect("the first start made it");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).expect("it is PEM")).expect("it is an authority");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("the name can be asked for");
    let stream = TcpStream::connect(url.trim_start_matches("https://")).expect("it listens");
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// As few as criterion allows: each is one start or more.
const SAMPLES: usize = 10;
const PROMISED: Duration = Duration::from_secs(1);
