//! What both sides of TLS share: the provider, the time, and certificates from files.

mod signatures;

use std::{sync::Arc, time::Duration};

use memchr::memmem;
use rustls::{crypto::CryptoProvider, sign::CertifiedKey, time_provider::TimeProvider};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, UnixTime,
    pem::{self, PemObject as _},
};

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
    /// The private key in it is encrypted.
    #[error("the private key in it is encrypted; an unencrypted one is needed")]
    EncryptedKey,
}

impl BadPem {
    fn of(error: pem::Error) -> Self {
        Self::Malformed(match error {
            pem::Error::MissingSectionEnd { end_marker } => {
                format!("the end of {:?} is missing", String::from_utf8_lossy(&end_marker))
            }
            pem::Error::IllegalSectionStart { line } => {
                format!("{:?} begins nothing", String::from_utf8_lossy(&line))
            }
            other => other.to_string(),
        })
    }
}

/// The certificates of a PEM file, in their order; at least one.
///
/// # Errors
/// The bytes are no PEM, or hold no certificate.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BadPem> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(BadPem::of)?;
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
    let is_encrypted = || memmem::find(pem, b"-----BEGIN ENCRYPTED PRIVATE KEY-----").is_some();
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted() => BadPem::EncryptedKey,
        pem::Error::NoItemsFound => BadPem::NoKey,
        other => BadPem::of(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_is_told_in_its_words() {
        let cut = certificates(b"-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap_err();
        assert_eq!(cut.to_string(), "not PEM: the end of \"CERTIFICATE\" is missing");
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(private_key(encrypted.as_bytes()), Err(BadPem::EncryptedKey));
        assert_eq!(private_key(b"nothing"), Err(BadPem::NoKey));
    }
}
