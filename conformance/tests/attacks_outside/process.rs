//! `weir reverse-proxy` as a process.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use weir_conformance::replay::Certificates;

/// A running `weir reverse-proxy`; it is killed with this value.
pub(crate) struct Weir {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it says on stderr.
    said: PathBuf,
    _folder: tempfile::TempDir,
}

impl Weir {
    /// Starts it with a backend at this address, and waits until it is ready.
    pub(crate) fn start(certificates: &Certificates, backend: SocketAddr, tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("there is a place for folders");
        let said = folder.path().join("stderr");
        let mut command = Command::new(binary());
        command.args(["reverse-proxy", "--listen=127.0.0.1:0", "--workers=1", "--to"]).arg(format!("http://{backend}"));
        if tls {
            command.arg("--tls-cert-file").arg(certificates.path("serving.pem"));
            command.arg("--tls-private-key-file").arg(certificates.path("serving-key.pem"));
        }
        let stderr = File::create(&said).expect("the folder is ours");
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("weir can be started");
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        stdout.read_line(&mut ready).expect("the ready line is text");
        let address = ready.rsplit_once("://").and_then(|(_, address)| address.trim_end().parse().ok());
        let address = address.unwrap_or_else(|| panic!("not a ready line: {ready:?}"));
        Self { child, address, said, _folder: folder }
    }

    /// Whether it runs no more.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it told of a panic.
    pub(crate) fn panicked(&self) -> bool {
        fs::read_to_string(&self.said).unwrap_or_default().contains("panicked")
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        let _already_ended = self.child.kill();
        let _already_ended = self.child.wait();
    }
}

/// The program, built from the sources as they are: cargo is asked for it, which is quick when nothing has changed.
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
