use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};

/// Speaks HTTP/1 over TLS, in bytes of one's own choice.
#[derive(Clone, Debug)]
pub struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

/// A client's certificate and its key, as PEM in one file.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a>(pub &'a [u8]);

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status; 0 if nothing came that is an answer.
    pub status: u16,
    /// Its head, as it came.
    pub head: String,
    /// What stands behind the head.
    pub body: String,
}

impl Client {
    /// A client that trusts `authorities` (PEM).
    ///
    /// # Panics
    /// A file holds something else.
    pub fn new(address: SocketAddr, authorities: &[u8], identity: Option<Identity<'_>>) -> Self {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(authorities) {
            roots.add(authority.expect("it is PEM")).expect("it is an authority");
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(Identity(pem)) => {
                let chain = CertificateDer::pem_slice_iter(pem).map(|one| one.expect("it is PEM")).collect();
                let key = PrivateKeyDer::from_pem_slice(pem).expect("it holds a key");
                builder.with_client_auth_cert(chain, key).expect("the key fits")
            }
        };
        Self { address, config: Arc::new(config) }
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What TLS is configured with, for clients that speak something else over it.
    pub fn tls(&self) -> ClientConfig {
        (*self.config).clone()
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(&self) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost").expect("it is a name");
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// Sends bytes and reads what comes until the end of the connection, which the bytes had better ask for.
    pub fn send(&self, bytes: &[u8]) -> Answer {
        match self.try_send(bytes) {
            Ok(answer) => answer,
            Err(error) => Answer { status: 0, head: error.to_string(), body: String::new() },
        }
    }

    /// The same.
    ///
    /// # Errors
    /// The connection failed before anything came.
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<Answer> {
        let mut stream = self.connect()?;
        stream.write_all(bytes)?;
        stream.flush()?;
        let mut all = Vec::new();
        // An end without close_notify, or a reset, may stand behind a whole answer.
        match stream.read_to_end(&mut all) {
            Err(error) if all.is_empty() => return Err(error),
            _ => {}
        }
        let text = String::from_utf8_lossy(&all).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    /// Asks for a path with a token, or without.
    pub fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.send(request("GET", path, token, "", "").as_bytes())
    }
}

/// The bytes of a request that ends its connection. `fields` are whole lines.
pub fn request(method: &str, path: &str, token: Option<&str>, fields: &str, body: &str) -> String {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{authorization}{fields}{length}\r\n{body}"
    )
}

/// Longer than any answer takes on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);
