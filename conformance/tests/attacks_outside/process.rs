//! `weir reverse-proxy` as a process, and what it says.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
};

use weir_conformance::{
    process::{ReverseProxy, command},
    replay::Certificates,
};

/// A running `weir reverse-proxy`.
pub(crate) struct Weir {
    pub(crate) process: ReverseProxy,
    /// What it says on stderr.
    said: PathBuf,
    _folder: tempfile::TempDir,
}

impl Weir {
    /// Starts it with a backend at this address, and waits until it is ready.
    pub(crate) fn start(certificates: &Certificates, backend: SocketAddr, tls: bool) -> Self {
        let folder = tempfile::tempdir().expect("there is a place for folders");
        let said = folder.path().join("stderr");
        let mut command = command();
        command.args(["reverse-proxy", "--listen=127.0.0.1:0", "--workers=1", "--to"]).arg(format!("http://{backend}"));
        if tls {
            command.arg("--tls-cert-file").arg(certificates.path("serving.pem"));
            command.arg("--tls-private-key-file").arg(certificates.path("serving-key.pem"));
        }
        let process = ReverseProxy::start(command.stderr(File::create(&said).expect("the folder is ours")));
        Self { process, said, _folder: folder }
    }

    /// Whether it told of a panic.
    pub(crate) fn panicked(&self) -> bool {
        fs::read_to_string(&self.said).unwrap_or_default().contains("panicked")
    }
}
