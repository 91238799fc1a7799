//! `weir` as a process of its own, and the memory that it takes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use super::proxy::address_of;

/// A running `weir`; it is killed with this value.
#[derive(Debug)]
pub(crate) struct Weir {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Weir {
    /// Starts it with a command line, and waits until it is ready.
    pub(crate) fn start(arguments: &[String]) -> Self {
        let mut child = Command::new(binary())
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        stdout.read_line(&mut ready).expect("the ready line is text");
        Self { child, address: address_of(&ready) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        // It may have ended by itself; then the test has failed already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The shipped program, built from the sources as they are now.
///
/// Cargo tells a test only the programs of its own package (`CARGO_BIN_EXE_…`), and one that lies about in the target
/// folder may be an old one. So
/// cargo is asked to build it, which is quick when nothing has changed, and to say where it is. The profile is the tests' own.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package=weir-proxy", "--bin=weir", "--profile=test"])
            .args(["--message-format=json-render-diagnostics"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be run");
        assert!(built.status.success(), "cargo cannot build weir");
        let messages = String::from_utf8(built.stdout).expect("cargo's messages are text");
        let mut executables = messages.lines().filter_map(|message| {
            let message: serde_json::Value = serde_json::from_str(message).ok()?;
            Some(PathBuf::from(message.get("executable")?.as_str()?))
        });
        executables.next_back().expect("cargo says where it put weir")
    })
}

/// A process's memory, in bytes, as Linux counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In memory now.
    pub(crate) resident: u64,
    /// In memory at most, since the start.
    pub(crate) peak: u64,
}

impl Memory {
    /// The memory of a process that runs.
    pub(crate) fn of(process: u32) -> Self {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let kib = |name: &str| -> u64 {
            let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let number = value.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            number.unwrap_or_else(|| panic!("{path} has no {name}")) * 1024
        };
        Self { resident: kib("VmRSS"), peak: kib("VmHWM") }
    }
}
