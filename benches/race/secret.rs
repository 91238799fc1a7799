//! The certificate of all contenders, and how both ends use it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// A certificate for `localhost`, its key, and the folder they stand in.
#[derive(Debug)]
pub(crate) struct Secret {
    folder: PathBuf,
    pem: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Secret {
    /// Makes a certificate (ECDSA, P-256), and writes it and its key into one file.
    pub(crate) fn create(folder: &Path) -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).map_err(io::Error::other)?;
        let pem = folder.join("localhost.pem");
        fs::write(&pem, made.cert.pem() + &made.signing_key.serialize_pem())?;
        Ok(Self { folder: folder.to_owned(), pem, certificate: made.cert.der().clone() })
    }

    /// Where files may be written.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file with both.
    pub(crate) fn pem(&self) -> &Path {
        &self.pem
    }

    /// A client that speaks HTTP/2.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        self.client_of(b"h2")
    }

    /// A client that speaks HTTP/1.
    pub(crate) fn client_http1(&self) -> Arc<ClientConfig> {
        self.client_of(b"http/1.1")
    }

    fn client_of(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate of our own");
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}

/// A server that shows the certificate of a file.
pub(crate) fn server_config(pem: &Path) -> io::Result<Arc<ServerConfig>> {
    let certificate = CertificateDer::from_pem_file(pem).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(pem).map_err(io::Error::other)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    let mut config = config.map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
