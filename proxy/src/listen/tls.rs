//! TLS with clients.

mod ask;
mod clear_text;

use std::{io, sync::Arc};

use arc_swap::ArcSwap;
use rustls::{DistinguishedName, ServerConfig, server::danger::ClientCertVerifier, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use self::ask::AskClients;
use crate::{
    wire::tls::{WorldTime, provider},
    world::{Stream, World},
};

/// What a server shows its clients now. Copies share it.
///
/// Go: `apiserver/pkg/server/dynamiccertificates/tlsconfig.go` `GetConfigForClient`.
#[derive(Clone, Debug)]
pub struct Serving(Arc<ArcSwap<ServerConfig>>);

impl Serving {
    /// This, until it is replaced.
    pub fn new(config: Arc<ServerConfig>) -> Self {
        Self(Arc::new(ArcSwap::new(config)))
    }

    /// What a client is shown that comes now.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.0.load_full()
    }

    /// Shows another to every client that comes from now on. Connections that were made live on.
    pub fn replace(&self, config: Arc<ServerConfig>) {
        self.0.store(config);
    }
}

/// What a server shows its clients: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN. Clients without ALPN get HTTP/1.1.
///
/// # Errors
/// The key does not belong to the certificate.
pub fn server_config(
    world: &World,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    config(world, certificates, key, None)
}

/// The same, and clients are asked for a certificate of one of these authorities. Any certificate is taken, and none too.
///
/// # Errors
/// The key does not belong to the certificate.
pub fn asking_server_config(
    world: &World,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    authorities: Vec<DistinguishedName>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let ask = AskClients { provider: provider(), authorities };
    config(world, certificates, key, Some(Arc::new(ask)))
}

fn config(
    world: &World,
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_details(provider(), WorldTime::of(&world.clock))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?;
    let builder = match clients {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Shakes hands with a client.
///
/// # Errors
/// The client does not speak TLS, or not a TLS that can be agreed on, or left.
pub(super) async fn accept(mut stream: Stream, config: Arc<ServerConfig>) -> io::Result<TlsStream<Stream>> {
    let header = clear_text::first_header(&mut stream).await?;
    let handshake = TlsAcceptor::from(config).accept_with(stream, |session| {
        // It takes what a slice has, and a header is no whole record: what follows it is waited for.
        let _taken = session.read_tls(&mut header.as_slice());
    });
    handshake.await
}

#[cfg(test)]
mod tests;
