//! Certificates that are made on the first start and kept: two authorities, what the server shows its clients, and what it shows backends.

mod issue;
mod keep;

use std::{io, net::IpAddr, path::PathBuf};

use bytes::Bytes;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use self::issue::{Purpose, Signer};
pub use self::keep::Keep;
use crate::{
    wire::tls::{self, BadPem},
    world::World,
};

/// A certificate, those that lead to its authority, and its key, as PEM.
#[derive(Clone)]
pub struct Pair {
    /// The certificates; the own one first.
    pub certificates: Bytes,
    /// The private key.
    pub key: Bytes,
}

/// Everything that was made, or read again.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// The authority of the server and of clients.
    pub ca: Bytes,
    /// What clients are shown.
    pub serving: Pair,
    /// The authority that backends trust to name users.
    pub front_proxy_ca: Bytes,
    /// What backends are shown.
    pub front_proxy: Pair,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of ours does not hold what we put into it.
    #[error("{}: {reason}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: BadPem,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Issue(#[from] rcgen::Error),
}

impl Certificates {
    /// Reads what is kept; makes what is not, or is no longer of use: a serving certificate that ends soon, or does not name `bind`.
    ///
    /// # Errors
    /// A file cannot be read, written, or understood. A certificate cannot be made.
    pub fn kept_or_made(world: &World, keep: &Keep, bind: IpAddr) -> Result<Self, CertificateError> {
        let names = names(world, bind);
        let ca = Signer::kept_or_made(world, keep, "ca", "weir-ca")?;
        let front_proxy_ca = Signer::kept_or_made(world, keep, "front-proxy-ca", "weir-front-proxy-ca")?;
        Ok(Self {
            serving: ca.kept_or_issued(world, keep, "serving", &Purpose::Server { names })?,
            front_proxy: front_proxy_ca.kept_or_issued(
                world,
                keep,
                "front-proxy-client",
                &Purpose::Client { name: FRONT_PROXY_NAME },
            )?,
            ca: ca.certificate,
            front_proxy_ca: front_proxy_ca.certificate,
        })
    }
}

impl Pair {
    /// The certificates and the key, as TLS takes them.
    ///
    /// # Errors
    /// They are no PEM.
    pub fn parsed(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), BadPem> {
        Ok((tls::certificates(&self.certificates)?, tls::private_key(&self.key)?))
    }
}

impl PartialEq for Pair {
    /// Whether both hold the same certificates and the same key, whatever else stands in their files.
    fn eq(&self, other: &Self) -> bool {
        self.parsed() == other.parsed()
    }
}

impl std::fmt::Debug for Pair {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

/// The common name of the front proxy's certificate, as kubeadm names it.
pub const FRONT_PROXY_NAME: &str = "front-proxy-client";

/// The names under which clients may know the server.
fn names(world: &World, bind: IpAddr) -> Vec<String> {
    let mut names: Vec<String> =
        ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned).into();
    names.push("kubernetes.default.svc.cluster.local".to_owned());
    names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    if !bind.is_unspecified() {
        names.push(bind.to_string());
    }
    names.extend(host_name(world));
    names.sort_unstable();
    names.dedup();
    names
}

/// The name of this machine, if it is one that a certificate may hold.
fn host_name(world: &World) -> Option<String> {
    let file = world.disk.read("/proc/sys/kernel/hostname".as_ref()).ok();
    let name = file.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_lowercase());
    let name = name.or_else(|| world.process.env("HOSTNAME")?.into_string().ok())?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (!name.is_empty() && name.len() <= 253 && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests;
