//! The programs under test, as processes: built, started, spoken to, killed, started again.

mod client;
mod program;
mod reverse_proxy;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::Duration,
};

pub use self::{
    client::{Answer, Client, Identity, request},
    program::{command, embedded_proxy, extension_server},
    reverse_proxy::{ReverseProxy, address_in},
};

/// A `weir serve` process. It is killed when it is dropped.
#[derive(Debug)]
pub struct WeirProcess {
    child: Child,
    /// Where it answers.
    pub url: String,
    /// The kubeconfig of its admin.
    pub kubeconfig: PathBuf,
}

impl WeirProcess {
    /// Starts `weir serve` on a free port with this data folder, and waits until it is ready.
    ///
    /// # Panics
    /// It does not get ready; the message has what it said.
    pub fn start(data_dir: &Path, more: &[&str]) -> Self {
        let mut child = command()
            .args(["serve", "--secure-port", "0", "--data-dir"])
            .arg(data_dir)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("weir can be started");
        let stdout = child.stdout.take().expect("it is piped");
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            let _nobody_waits = tell.send(read.map(|_| line));
        });
        let line = match told.recv_timeout(READY_WITHIN) {
            Ok(Ok(line)) if line.starts_with("weir serve: ") => line,
            other => {
                let _already_ended = child.kill();
                let mut said = String::new();
                let _unreadable = child.stderr.take().expect("it is piped").read_to_string(&mut said);
                panic!("weir did not get ready: {other:?}\n{said}");
            }
        };
        drop_in_the_background(child.stderr.take());
        let (url, kubeconfig) = read_ready_line(&line);
        Self { child, url, kubeconfig }
    }

    /// The address that it listens at.
    pub fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("https://").parse().expect("the ready line holds an address")
    }

    /// The admin's token.
    pub fn token(&self) -> String {
        field(&self.kubeconfig, "token: ")
    }

    /// The authority of its certificate, as PEM in base64.
    pub fn authority(&self) -> String {
        field(&self.kubeconfig, "certificate-authority-data: ")
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Takes the power from the process: nothing of it runs any more.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process runs");
        self.child.wait().expect("the process was ours");
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        self.signal("-TERM");
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().expect("the process was ours")
    }

    /// Asks it to stop, and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.ended()
    }

    /// Asks it to read its files again.
    pub fn reload(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let asked = Command::new("kill").args([signal, &self.id().to_string()]).status().expect("kill can be run");
        assert!(asked.success(), "the process runs");
    }
}

impl Drop for WeirProcess {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_waited_for = self.child.wait();
    }
}

/// The address and the kubeconfig of `weir serve: https://127.0.0.1:6443 kubeconfig /path/admin.kubeconfig`.
fn read_ready_line(line: &str) -> (String, PathBuf) {
    let words: Vec<&str> = line.trim_end().splitn(5, ' ').collect();
    match words[..] {
        ["weir", "serve:", url, "kubeconfig", path] => (url.to_owned(), path.into()),
        _ => panic!("not a ready line: {line:?}"),
    }
}

/// What stands behind a key in a file of lines.
fn field(path: &Path, key: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = text.lines().find_map(|line| line.trim().strip_prefix(key));
    line.unwrap_or_else(|| panic!("{}: no {key}", path.display())).to_owned()
}

/// Reads and forgets: a full pipe would stop the process.
fn drop_in_the_background(stderr: Option<impl std::io::Read + Send + 'static>) {
    if let Some(mut stderr) = stderr {
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    }
}

/// Longer than any start takes on a machine that does much else.
const READY_WITHIN: Duration = Duration::from_secs(30);
