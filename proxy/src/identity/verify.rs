use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::{
    RootCertStore,
    server::{VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    wire::{Peer, tls::provider},
    world::{Clock, Wall},
};

/// The authorities whose client certificates count.
///
/// A certificate is held against them for every request, not once for a connection: one that ends while its connection lives ends there.
///
/// Copies share them: what is put in their place counts for all.
#[derive(Clone, Debug)]
pub struct ClientRoots {
    verifier: Arc<ArcSwap<Verifier>>,
    clock: Arc<dyn Clock>,
}

type Verifier = Arc<dyn ClientCertVerifier>;

impl ClientRoots {
    /// The authorities of a CA file.
    ///
    /// # Errors
    /// There is none that can be used.
    pub fn new(authorities: Vec<CertificateDer<'static>>, clock: Arc<dyn Clock>) -> Result<Self, BadAuthorities> {
        Ok(Self { verifier: Arc::new(ArcSwap::from_pointee(verifier(authorities)?)), clock })
    }

    /// Trusts these authorities from the next request on, and no others.
    ///
    /// # Errors
    /// There is none that can be used. Those from before still count.
    pub fn replace(&self, authorities: Vec<CertificateDer<'static>>) -> Result<(), BadAuthorities> {
        self.verifier.store(Arc::new(verifier(authorities)?));
        Ok(())
    }

    /// The client's own certificate, if these authorities vouch for it now and for its use by a client.
    ///
    /// That the client has its key was shown in the handshake. None where it showed no certificate.
    ///
    /// # Errors
    /// It is not vouched for, or cannot be read.
    pub(super) fn verified(&self, peer: &Peer) -> Option<Result<Subject, String>> {
        let tls = peer.tls.as_ref()?;
        let (own, others) = tls.certificates.split_first()?;
        let Wall(since_epoch) = self.clock.wall();
        let verdict = self.verifier.load().verify_client_cert(own, others, UnixTime::since_unix_epoch(since_epoch));
        Some(match verdict {
            Ok(_) => Subject::of(own),
            Err(error) => Err(format!("x509: {error}")),
        })
    }
}

fn verifier(authorities: Vec<CertificateDer<'static>>) -> Result<Verifier, BadAuthorities> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority).map_err(BadAuthorities::Certificate)?;
    }
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?)
}

/// Certificates that cannot be authorities of clients.
#[derive(Debug, thiserror::Error)]
pub enum BadAuthorities {
    /// One of them cannot be used.
    #[error("a certificate that cannot be an authority: {0}")]
    Certificate(rustls::Error),
    /// All of them together cannot be used.
    #[error(transparent)]
    Together(#[from] VerifierBuilderError),
}

/// Whom a certificate speaks of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) common_name: String,
    pub(super) organizations: Vec<String>,
    /// SHA-256 of the certificate, in lower-case hex.
    pub(super) fingerprint: String,
}

impl Subject {
    fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| format!("x509: {error}"))?;
        let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            attribute.as_str().map(str::to_owned).map_err(|error| format!("x509: {error}"))
        };
        // Go keeps the last common name, and every organization.
        let common_name = parsed.subject().iter_common_name().map(text).last().transpose()?.unwrap_or_default();
        let organizations = parsed.subject().iter_organization().map(text).collect::<Result<_, _>>()?;
        let fingerprint = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { common_name, organizations, fingerprint })
    }
}
