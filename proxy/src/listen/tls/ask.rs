use std::sync::Arc;

use rustls::{
    DistinguishedName,
    crypto::CryptoProvider,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::wire::tls::demand_the_key;

/// Asks clients for a certificate and takes every one, or none; but who shows one has to hold its key.
///
/// Whether it says anything of a user is asked for every request, in `identity`: a stranger's certificate does not end the handshake of a
/// client that has a token too. Go: `tls.RequestClientCert`.
#[derive(Debug)]
pub(super) struct AskClients {
    pub(super) provider: Arc<CryptoProvider>,
    /// The authorities that are told to clients, so that they choose among their certificates.
    pub(super) authorities: Vec<DistinguishedName>,
}

impl ClientCertVerifier for AskClients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    demand_the_key!();
}
