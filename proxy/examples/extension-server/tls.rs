//! A certificate made for this run, and the front proxy as the only client.

use std::{error::Error, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

/// TLS for this server, and the PEM certificate that an APIService has to trust for it.
pub(crate) fn server(front_proxy_ca: &[u8]) -> Result<(Arc<ServerConfig>, String), Box<dyn Error>> {
    let mut ca = CertificateParams::new([])?;
    ca.distinguished_name.push(DnType::CommonName, "extension-server-ca");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    // An aggregator asks for the name of the Service, whatever address it dials.
    let certificate = CertificateParams::new(["wardle.default.svc".to_owned()])?.signed_by(&key, &ca)?;

    let provider = Arc::new(ring::default_provider());
    let mut clients = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(front_proxy_ca) {
        clients.add(certificate?)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider)).build()?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), ca.pem()))
}
