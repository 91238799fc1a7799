//! TLS of both ends, with the certificates of the fixtures.

use std::{path::PathBuf, sync::Arc};

use rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};
use weir::{
    listen,
    upstream::tls::{Trust, client_config},
    world::{Stream, World},
};
use weir_conformance::replay::Certificates;

/// The folder of certificates.
pub(crate) fn folder() -> PathBuf {
    fixtures().join("certs")
}

/// The evidence.
pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"))
}

fn certificates() -> Certificates {
    Certificates::read(&folder()).unwrap_or_else(|error| panic!("{error}"))
}

/// Shakes hands as a client of HTTP/2 alone.
pub(crate) async fn connect(world: &World, stream: Stream) -> client::TlsStream<Stream> {
    let trust = Trust::Roots(certificates().roots());
    let mut config = client_config(world, trust, None).expect("TLS without an identity");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("proxy.test").expect("a host name");
    let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS with the proxy");
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "the proxy speaks HTTP/2");
    tls
}

/// Shakes hands as a backend that offers HTTP/2.
pub(crate) async fn accept(world: &World, stream: Stream) -> server::TlsStream<Stream> {
    let (chain, key) = certificates().serving();
    let config = listen::tls::server_config(world, chain, key).expect("the key fits its certificate");
    let tls = TlsAcceptor::from(config).accept(stream).await.expect("TLS with the proxy");
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "the proxy speaks HTTP/2");
    tls
}
