//! TLS with clients.

use std::{io, sync::Arc};

use rustls::{ServerConfig, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    wire::tls::{WorldTime, provider},
    world::{Stream, World},
};

/// What a server shows its clients: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN. Clients without ALPN get HTTP/1.1.
///
/// # Errors
/// The key does not belong to the certificate.
pub fn server_config(
    world: &World,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_details(provider(), WorldTime::of(&world.clock))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Shakes hands with a client.
///
/// # Errors
/// The client does not speak TLS, or not a TLS that can be agreed on, or left.
pub(super) async fn accept(stream: Stream, config: Arc<ServerConfig>) -> io::Result<TlsStream<Stream>> {
    TlsAcceptor::from(config).accept(stream).await
}
