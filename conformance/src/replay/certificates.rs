//! TLS of both scripts, with the certificates of `fixtures/certs`.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
    server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use weir::{
    upstream::tls::{Identity, Trust, client_config},
    wire::tls::{WorldTime, provider},
    world::World,
};

use crate::scenario::{Protocol, Shown};

/// The certificates of the tests. Cheap to clone.
#[derive(Clone)]
pub struct Certificates {
    parsed: Arc<Parsed>,
    believes_anyone: bool,
}

struct Parsed {
    folder: PathBuf,
    roots: Arc<RootCertStore>,
    /// Who signed what an aggregator shows to its backends.
    front_proxy: Arc<RootCertStore>,
    serving: Pair,
    client: Pair,
    jane: Pair,
    front: Pair,
    authority: String,
}

/// A chain and its key.
type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct CertificateError {
    path: String,
    reason: String,
}

/// How a client's connection begins.
pub(crate) type Connect = Option<(TlsConnector, ServerName<'static>)>;

impl Certificates {
    /// Reads the folder `certs`.
    ///
    /// # Errors
    /// A file cannot be read, or is no PEM of the kind it should be.
    pub fn read(folder: &Path) -> Result<Self, CertificateError> {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let parsed = Parsed {
            roots: Arc::new(authorities(&folder, "ca")?),
            front_proxy: Arc::new(authorities(&folder, "front-proxy-ca")?),
            serving: pair(&folder, "serving")?,
            client: pair(&folder, "client")?,
            jane: pair(&folder, "jane")?,
            front: pair(&folder, "front-proxy")?,
            authority: STANDARD
                .encode(std::fs::read(folder.join("ca.pem")).map_err(|error| wrong(&folder, "ca", error))?),
            folder,
        };
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
        let (chain, key) = &self.parsed.serving;
        (chain.clone(), key.clone_key())
    }

    /// Where a file of the folder stands.
    pub fn path(&self, file: &str) -> PathBuf {
        self.parsed.folder.join(file)
    }

    /// The authority of the tests as an API object has it: its PEM in base64.
    pub fn authority(&self) -> &str {
        &self.parsed.authority
    }

    fn shown(&self, what: Shown) -> Option<Identity> {
        let (chain, key) = match what {
            Shown::Nothing => return None,
            Shown::Client => &self.parsed.client,
            Shown::Jane => &self.parsed.jane,
            Shown::FrontProxy => &self.parsed.front,
        };
        Some(Identity { chain: chain.clone(), key: key.clone_key() })
    }

    /// How the client begins a connection that speaks `protocol`.
    pub(crate) fn connect(&self, world: &World, protocol: Protocol, shown: Shown) -> Connect {
        let alpn: &[&[u8]] = match protocol {
            Protocol::Http1 => return None,
            Protocol::Http1Tls => &[b"http/1.1"],
            Protocol::Http2 => &[b"h2"],
        };
        let trust = if self.believes_anyone { Trust::Anyone } else { Trust::Roots(self.roots()) };
        let mut config = client_config(world, trust, self.shown(shown)).expect("keys of the tests fit");
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from("proxy.test").expect("a host name");
        Some((TlsConnector::from(Arc::new(config)), name))
    }

    /// How the backend of an aggregator begins a connection: it asks for the certificate of the aggregator.
    pub(super) fn stand(&self, world: &World) -> TlsAcceptor {
        let roots = Arc::clone(&self.parsed.front_proxy);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().expect("it has a root");
        self.acceptor(world, verifier, &[b"http/1.1"])
    }

    /// How the backend begins a connection that speaks `protocol`.
    pub(crate) fn accept(&self, world: &World, protocol: Protocol) -> Option<TlsAcceptor> {
        let alpn: &[&[u8]] = match protocol {
            Protocol::Http1 => return None,
            Protocol::Http1Tls => &[b"http/1.1"],
            Protocol::Http2 => &[b"h2", b"http/1.1"], // Go asks for HTTP/1.1 alone when it upgrades
        };
        Some(self.acceptor(world, Arc::new(NoClientAuth), alpn))
    }

    fn acceptor(&self, world: &World, verifier: Arc<dyn ClientCertVerifier>, alpn: &[&[u8]]) -> TlsAcceptor {
        let (chain, key) = self.serving();
        let mut config = ServerConfig::builder_with_details(provider(), WorldTime::of(&world.clock))
            .with_safe_default_protocol_versions()
            .expect("ring has the default versions")
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .expect("the key of the tests fits its certificate");
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn wrong(folder: &Path, name: &str, reason: impl fmt::Display) -> CertificateError {
    CertificateError { path: folder.join(name).with_extension("pem").display().to_string(), reason: reason.to_string() }
}

fn chain(folder: &Path, name: &str) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    CertificateDer::pem_file_iter(folder.join(format!("{name}.pem")))
        .and_then(Iterator::collect)
        .map_err(|error| wrong(folder, name, error))
}

fn pair(folder: &Path, name: &str) -> Result<Pair, CertificateError> {
    let key = format!("{name}-key");
    let key =
        PrivateKeyDer::from_pem_file(folder.join(format!("{key}.pem"))).map_err(|error| wrong(folder, &key, error))?;
    Ok((chain(folder, name)?, key))
}

fn authorities(folder: &Path, name: &str) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for root in chain(folder, name)? {
        roots.add(root).map_err(|error| wrong(folder, name, error))?;
    }
    Ok(roots)
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificates")
    }
}
