use std::{
    collections::BTreeMap,
    fmt, io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::{
    aggregate::Credential,
    wire::{pipe, tls::provider},
    world::{Address, Listener, LocalBoxFuture, Net, Stream, World, real},
};

/// What a backend does with a request.
#[derive(Clone, Debug)]
pub(in crate::aggregate) enum Manner {
    /// Says this to every request.
    Says(String),
    /// Says this and leaves.
    SaysAndLeaves(String),
    /// Says this, and sends back whatever comes then.
    Echoes(String),
    /// Says this, and nothing more.
    Hangs(String),
}

/// A request as a backend saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::aggregate) struct Seen {
    pub(in crate::aggregate) address: String,
    pub(in crate::aggregate) server_name: String,
    pub(in crate::aggregate) alpn: String,
    pub(in crate::aggregate) shows_certificate: bool,
    pub(in crate::aggregate) head: String,
}

/// A network of backends. Its authority signs for them all, and for the front proxy.
#[derive(Debug)]
pub(in crate::aggregate) struct Backends {
    manners: Mutex<BTreeMap<String, (String, Manner)>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Mutex<usize>,
    cut: Arc<Notify>,
    authority: Authority,
}

/// A certificate authority.
pub(in crate::aggregate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(in crate::aggregate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(in crate::aggregate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name, and its key.
    pub(in crate::aggregate) fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let (certificate, key) = self.sign(name);
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let mut config = builder
            .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
            .with_single_cert(
                crate::wire::tls::certificates(certificate.as_bytes()).unwrap(),
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

impl Backends {
    pub(in crate::aggregate) fn new() -> Arc<Self> {
        Arc::new(Self {
            manners: Mutex::default(),
            seen: Arc::default(),
            connections: Mutex::default(),
            cut: Arc::default(),
            authority: Authority::new(),
        })
    }

    /// A backend at an address, with a certificate for a name.
    pub(in crate::aggregate) fn put(&self, address: &str, name: &str, manner: Manner) {
        self.manners.lock().unwrap().insert(address.to_owned(), (name.to_owned(), manner));
    }

    pub(in crate::aggregate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Ends every connection that was made so far.
    pub(in crate::aggregate) fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// How many connections were made.
    pub(in crate::aggregate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(in crate::aggregate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(in crate::aggregate) fn credential(&self) -> Credential {
        let (certificate, key) = self.authority.sign("front-proxy-client");
        Credential::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
    }

    pub(in crate::aggregate) fn world(self: &Arc<Self>) -> World {
        let mut world = real::world([7; 32]);
        world.net = Arc::<Self>::clone(self);
        world
    }
}

impl Net for Backends {
    fn listen(&self, _at: &Address, _workers: usize) -> io::Result<Vec<Listener>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn resolve<'a>(&'a self, _host: &'a str) -> LocalBoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }

    fn dial<'a>(&'a self, to: &'a Address) -> LocalBoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move {
            let address = to.to_string();
            let found = self.manners.lock().unwrap().get(&address).cloned();
            let (name, manner) = found.ok_or(io::ErrorKind::ConnectionRefused)?;
            *self.connections.lock().unwrap() += 1;
            let (theirs, ours, _) = pipe::stream(64 << 10);
            let acceptor = TlsAcceptor::from(self.authority.server(&name));
            let seen = Arc::clone(&self.seen);
            let cut = Arc::clone(&self.cut);
            tokio::task::spawn_local(async move {
                tokio::select! {
                    biased;
                    () = cut.notified() => {}
                    () = serve(acceptor, theirs, &address, &manner, &seen) => {}
                }
            });
            Ok(ours)
        })
    }
}

/// One connection of a backend. Whatever fails ends it.
async fn serve(acceptor: TlsAcceptor, stream: DuplexStream, address: &str, manner: &Manner, seen: &Mutex<Vec<Seen>>) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let tls = stream.get_ref().1;
    let template = Seen {
        address: address.to_owned(),
        server_name: tls.server_name().unwrap_or_default().to_owned(),
        alpn: String::from_utf8_lossy(tls.alpn_protocol().unwrap_or_default()).into_owned(),
        shows_certificate: tls.peer_certificates().is_some(),
        head: String::new(),
    };
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else { return };
            head.push(byte);
        }
        seen.lock().unwrap().push(Seen { head: String::from_utf8(head).unwrap(), ..template.clone() });
        let (Manner::Says(said) | Manner::SaysAndLeaves(said) | Manner::Echoes(said) | Manner::Hangs(said)) = manner;
        let _ = stream.write_all(said.as_bytes()).await;
        let _ = stream.flush().await;
        match manner {
            Manner::Says(_) => {}
            Manner::SaysAndLeaves(_) => return drop(stream.shutdown().await),
            Manner::Hangs(_) => std::future::pending().await,
            Manner::Echoes(_) => {
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let _ = stream.write_all(&buffer[..count]).await;
                }
                return drop(stream.shutdown().await);
            }
        }
    }
}

/// An answer with a body of known length.
pub(in crate::aggregate) fn ok(body: &str) -> Manner {
    Manner::Says(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}
