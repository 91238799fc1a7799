//! What both sides of TLS share: the provider, the time, and certificates from files.

mod signatures;

use std::{sync::Arc, time::Duration};

use rustls::{crypto::CryptoProvider, sign::CertifiedKey, time_provider::TimeProvider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _};

pub(crate) use self::signatures::demand_the_key;
use crate::world::{Clock, Wall};

/// The TLS provider: ring, whose randomness the simulator can hold still.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The world's time, as TLS asks for it.
#[derive(Debug)]
pub struct WorldTime(Arc<dyn Clock>);

impl WorldTime {
    /// The time of `clock`.
    pub fn of(clock: &Arc<dyn Clock>) -> Arc<dyn TimeProvider> {
        Arc::new(Self(Arc::clone(clock)))
    }
}

impl TimeProvider for WorldTime {
    fn current_time(&self) -> Option<UnixTime> {
        let Wall(since_epoch) = self.0.wall();
        Some(UnixTime::since_unix_epoch(Duration::from_secs(since_epoch.as_secs())))
    }
}

/// A file that does not hold what TLS needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPem {
    /// The file is no PEM.
    #[error("not PEM: {0}")]
    Malformed(String),
    /// There is no certificate in it.
    #[error("no certificate in it")]
    NoCertificate,
    /// There is no private key in it.
    #[error("no private key in it")]
    NoKey,
}

/// The certificates of a PEM file, in their order; at least one.
///
/// # Errors
/// The bytes are no PEM, or hold no certificate.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadPem> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| BadPem::Malformed(error.to_string()))?;
    if found.is_empty() { Err(BadPem::NoCertificate) } else { Ok(found) }
}

/// Whether a key belongs to the first of these certificates. Go: `crypto/tls` `X509KeyPair`.
///
/// # Errors
/// It belongs to another, or is of no known kind.
pub fn check_pair(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<(), rustls::Error> {
    CertifiedKey::from_der(chain, key, &provider()).map(|_| ())
}

/// The first private key of a PEM file.
///
/// # Errors
/// The bytes are no PEM, or hold no private key.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, BadPem> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => BadPem::NoKey,
        other => BadPem::Malformed(other.to_string()),
    })
}
