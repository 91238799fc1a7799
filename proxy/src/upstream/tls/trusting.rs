use std::sync::Arc;

use rustls::{
    CertificateError, Error, RootCertStore,
    client::{
        WebPkiServerVerifier,
        danger::{ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::wire::tls::demand_the_key;

/// Believes who shows one of some certificates itself, or one that they have signed. It must be valid now, for its use and the name.
///
/// Go: `crypto/x509/verify.go` `Certificate.Verify`, where `opts.Roots.contains(c)` is a chain of its own.
#[derive(Debug)]
pub(super) struct Trusting {
    certificates: Vec<CertificateDer<'static>>,
    signed: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

impl Trusting {
    /// # Errors
    /// One of them cannot be a root, or there is none.
    pub(super) fn new(
        certificates: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone())?;
        }
        let signed = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        Ok(Self { certificates, signed: signed.map_err(|error| Error::General(error.to_string()))?, provider })
    }
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.certificates.contains(end_entity) {
            verify_itself(end_entity, server_name, now)?;
            return Ok(ServerCertVerified::assertion());
        }
        let verified = self.signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        // What signs itself may be refused as an authority, before it is asked who vouches for it.
        verified.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::Other(_)) if signs_itself(end_entity) => {
                CertificateError::UnknownIssuer.into()
            }
            error => error,
        })
    }

    demand_the_key!();
}

/// Whether a certificate that is trusted itself is valid now, for this name and for servers.
fn verify_itself(certificate: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.validity();
    if seconds < validity.not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if seconds > validity.not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    let uses = parsed.extended_key_usage().map_err(|_| CertificateError::BadEncoding)?;
    if uses.is_some_and(|uses| !uses.value.server_auth && !uses.value.any) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    Ok(())
}

fn signs_itself(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.subject() == parsed.issuer())
}
