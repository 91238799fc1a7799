//! TLS of both scripts, with the certificates of `fixtures/certs`.

use std::{fmt, path::Path, sync::Arc};

use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use weir::{
    upstream::tls::{Trust, client_config},
    wire::tls::{WorldTime, provider},
    world::World,
};

use crate::scenario::Protocol;

/// The certificates of the tests. Cheap to clone.
#[derive(Clone)]
pub struct Certificates {
    parsed: Arc<Parsed>,
    believes_anyone: bool,
}

struct Parsed {
    roots: Arc<RootCertStore>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct CertificateError {
    path: String,
    reason: String,
}

/// How a client's connection begins.
pub(super) type Connect = Option<(TlsConnector, ServerName<'static>)>;

impl Certificates {
    /// Reads the folder `certs`.
    ///
    /// # Errors
    /// A file cannot be read, or is no PEM of the kind it should be.
    pub fn read(folder: &Path) -> Result<Self, CertificateError> {
        let wrong =
            |file: &str, reason: String| CertificateError { path: folder.join(file).display().to_string(), reason };
        let chain = |file: &str| {
            CertificateDer::pem_file_iter(folder.join(file))
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| wrong(file, error.to_string()))
        };
        let mut roots = RootCertStore::empty();
        for root in chain("ca.pem")? {
            roots.add(root).map_err(|error| wrong("ca.pem", error.to_string()))?;
        }
        let key = PrivateKeyDer::from_pem_file(folder.join("serving-key.pem"))
            .map_err(|error| wrong("serving-key.pem", error.to_string()))?;
        let parsed = Parsed { roots: Arc::new(roots), chain: chain("serving.pem")?, key };
        Ok(Self { parsed: Arc::new(parsed), believes_anyone: false })
    }

    /// The same for clients that take any certificate: a proxy that somebody else started has its own.
    #[must_use]
    pub fn believing_anyone(self) -> Self {
        Self { believes_anyone: true, ..self }
    }

    /// The authorities that clients trust.
    pub fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(&self.parsed.roots)
    }

    /// What servers show: the chain, and its key.
    pub fn serving(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.parsed.chain.clone(), self.parsed.key.clone_key())
    }

    /// How the client begins a connection that speaks `protocol`.
    pub(super) fn connect(&self, world: &World, protocol: Protocol) -> Connect {
        let alpn: &[&[u8]] = match protocol {
            Protocol::Http1 => return None,
            Protocol::Http1Tls => &[b"http/1.1"],
            Protocol::Http2 => &[b"h2"],
        };
        let trust = if self.believes_anyone { Trust::Anyone } else { Trust::Roots(self.roots()) };
        let mut config = client_config(world, trust, None).expect("no identity, so none that is wrong");
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from("proxy.test").expect("a host name");
        Some((TlsConnector::from(Arc::new(config)), name))
    }

    /// How the backend begins a connection that speaks `protocol`.
    pub(super) fn accept(&self, world: &World, protocol: Protocol) -> Option<TlsAcceptor> {
        let alpn: &[&[u8]] = match protocol {
            Protocol::Http1 => return None,
            Protocol::Http1Tls => &[b"http/1.1"],
            Protocol::Http2 => &[b"h2", b"http/1.1"], // Go asks for HTTP/1.1 alone when it upgrades
        };
        let (chain, key) = self.serving();
        let mut config = ServerConfig::builder_with_details(provider(), WorldTime::of(&world.clock))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("the key of the tests fits its certificate");
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Some(TlsAcceptor::from(Arc::new(config)))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}
