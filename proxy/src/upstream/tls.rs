//! TLS with backends: whom to trust, who we are, and the handshake.

mod text;
mod trusting;

use std::{io, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::danger::{ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::TlsConnector;

pub(super) use self::text::text;
use self::trusting::Trusting;
use super::Alpn;
use crate::{
    wire::{
        Channel,
        tls::{WorldTime, demand_the_key, provider},
    },
    world::World,
};

/// Which backends are believed to be who they say they are.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those with a certificate that one of these has signed, and that is valid for their name.
    Roots(Arc<RootCertStore>),
    /// Those with a certificate that is one of these itself, or that one of these has signed, and that is valid for their name. There is at
    /// least one, and each can be a root.
    Certificates(Vec<CertificateDer<'static>>),
    /// All of them. Go: `InsecureSkipVerify`.
    Anyone,
}

/// Who we are, for backends that ask.
#[derive(Debug)]
pub struct Identity {
    /// Our certificate, and those that lead from it to a root.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of our certificate.
    pub key: PrivateKeyDer<'static>,
}

/// TLS towards backends. Certificates are held against the world's clock.
///
/// # Errors
/// The key does not fit the certificate, or is of no known kind. A certificate to be trusted cannot be a root, or there is none.
pub fn client_config(world: &World, trust: Trust, identity: Option<Identity>) -> Result<ClientConfig, rustls::Error> {
    let provider = provider();
    let clock = WorldTime::of(&world.clock);
    let builder = ClientConfig::builder_with_details(provider.clone(), clock).with_safe_default_protocol_versions()?;
    let builder = match trust {
        Trust::Roots(roots) => builder.with_root_certificates(roots),
        Trust::Certificates(certificates) => {
            let trusting = Trusting::new(certificates, provider)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(trusting))
        }
        Trust::Anyone => builder.dangerous().with_custom_certificate_verifier(Arc::new(BelieveAnyone { provider })),
    };
    match identity {
        Some(Identity { chain, key }) => builder.with_client_auth_cert(chain, key),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// One configuration in the variants that offer different versions of HTTP. They share their sessions.
#[derive(Clone, Debug)]
pub(super) struct Offers {
    http1: Arc<ClientConfig>,
    http1_by_alpn: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    both: Arc<ClientConfig>,
}

impl Offers {
    pub(super) fn new(config: &ClientConfig) -> Self {
        let offering = |protocols: &[&[u8]]| {
            let mut config = config.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Arc::new(config)
        };
        // Go offers nothing at all where HTTP/1 alone may be spoken.
        Self {
            http1: offering(&[]),
            http1_by_alpn: offering(&[b"http/1.1"]),
            http2: offering(&[b"h2"]),
            both: offering(&[b"h2", b"http/1.1"]),
        }
    }

    pub(super) fn of(&self, alpn: Alpn) -> Arc<ClientConfig> {
        match alpn {
            Alpn::Http1 | Alpn::Http1ForWebSocket => self.http1.clone(),
            Alpn::Http1ByAlpn => self.http1_by_alpn.clone(),
            Alpn::Http2 => self.http2.clone(),
            Alpn::Both => self.both.clone(),
        }
    }
}

/// Shakes hands with a backend.
///
/// # Errors
/// The backend does not speak TLS, or not a TLS that can be agreed on, or cannot be trusted, or left.
pub(super) async fn connect(
    channel: Channel,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
) -> io::Result<Channel> {
    let connector = TlsConnector::from(config);
    Ok(match channel {
        Channel::Plain(stream) => Channel::Client(Box::new(connector.connect(name, stream).await?)),
        tunnel => Channel::Tunnelled(Box::new(connector.connect(name, tunnel).await?)),
    })
}

/// Takes every certificate, but still demands that the backend holds its key.
#[derive(Debug)]
struct BelieveAnyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for BelieveAnyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    demand_the_key!();
}
