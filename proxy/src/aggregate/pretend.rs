//! Backends that speak TLS, in memory, for the tests of this room.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::Method;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use super::{Aggregation, ApiService, Credential, Destination, Proxy, Registrar, Service, Services};
use crate::{
    identity::{Permit, User},
    refusal::Refusal,
    wire::{
        Answer, Body, Exchange, Frame, Gone, Headers, Name, Peer, RequestHead, ResponseHead, Target, Version,
        exchange::Early, pipe, tls::provider, trailers::Announced, url::Url,
    },
    world::{Address, Listener, LocalBoxFuture, Net, Stream, World, real},
};

/// What a backend does with a request.
#[derive(Clone, Debug)]
pub(super) enum Manner {
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
pub(super) struct Seen {
    pub(super) address: String,
    pub(super) server_name: String,
    pub(super) alpn: String,
    pub(super) shows_certificate: bool,
    pub(super) head: String,
}

/// A network of backends. Its authority signs for them all, and for the front proxy.
#[derive(Debug)]
pub(super) struct Backends {
    manners: Mutex<BTreeMap<String, (String, Manner)>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Mutex<usize>,
    cut: Arc<Notify>,
    authority: Authority,
}

/// A certificate authority.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name, and its key.
    pub(super) fn sign(&self, name: &str) -> (String, String) {
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
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            manners: Mutex::default(),
            seen: Arc::default(),
            connections: Mutex::default(),
            cut: Arc::default(),
            authority: Authority::new(),
        })
    }

    /// A backend at an address, with a certificate for a name.
    pub(super) fn put(&self, address: &str, name: &str, manner: Manner) {
        self.manners.lock().unwrap().insert(address.to_owned(), (name.to_owned(), manner));
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Ends every connection that was made so far.
    pub(super) fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// How many connections were made.
    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(super) fn credential(&self) -> Credential {
        let (certificate, key) = self.authority.sign("front-proxy-client");
        Credential::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
    }

    pub(super) fn world(self: &Arc<Self>) -> World {
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
pub(super) fn ok(body: &str) -> Manner {
    Manner::Says(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// An aggregator with one APIService, `v1.example.com`, whose Service `ns/api` is the ExternalName `10.0.0.1`.
pub(super) struct Stage {
    pub(super) backends: Arc<Backends>,
    pub(super) aggregation: Arc<Aggregation>,
    pub(super) registrar: Registrar,
    pub(super) proxy: Proxy,
    pub(super) service: ApiService,
    pub(super) services: Services,
    pub(super) user: Option<User>,
}

impl Stage {
    pub(super) fn new(manner: Manner) -> Self {
        Self::in_world(manner, |_| {})
    }

    pub(super) fn in_world(manner: Manner, change: impl FnOnce(&mut World)) -> Self {
        let backends = Backends::new();
        backends.put("10.0.0.1:443", "api.ns.svc", manner);
        let mut world = backends.world();
        change(&mut world);
        let aggregation = Arc::new(Aggregation::new(None));
        let mut registrar = Registrar::new(world.clone());
        registrar.set_credential(Some(Arc::new(backends.credential())));
        let mut service = api_service("example.com", "api");
        service.spec.ca_bundle = backends.authority().pem().into_bytes();
        let mut services = Services::default();
        put_external_name(&mut services, "api", "10.0.0.1");
        let proxy = Proxy::new(&world, Arc::clone(&aggregation));
        let user = Some(User::named("jane").with_groups(["a"]));
        let mut stage = Self { backends, aggregation, registrar, proxy, service, services, user };
        stage.publish();
        stage
    }

    /// Publishes the APIService and the Services as they stand.
    pub(super) fn publish(&mut self) {
        self.aggregation.publish(self.registrar.table(std::slice::from_ref(&self.service), self.services.clone()));
    }

    pub(super) async fn get(&self, target: &str) -> Result<Answer, Refusal> {
        self.send(&mut exchange("GET", target, &[])).await
    }

    /// Where a request is sent that is routed now.
    pub(super) fn destination(&self) -> Destination {
        let table = self.aggregation.table();
        table.destination(table.backend("example.com", "v1").unwrap())
    }

    pub(super) async fn send(&self, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        self.send_to(&self.destination(), exchange).await
    }

    pub(super) async fn send_to(&self, to: &Destination, exchange: &mut Exchange) -> Result<Answer, Refusal> {
        self.proxy.serve(exchange, to, self.user.as_ref(), Permit::of_a_test()).await
    }

    /// What the client sees of an answer: the status, and the body or why there is none.
    pub(super) async fn said(&self, target: &str) -> (u16, String) {
        read(self.get(target).await).await
    }
}

/// An available APIService of a group, `v1`, served by a Service in `ns`.
pub(super) fn api_service(group: &str, service: &str) -> ApiService {
    ApiService::read(json!({
        "metadata": {"name": format!("v1.{group}")},
        "spec": {"group": group, "version": "v1", "service": {"namespace": "ns", "name": service, "port": 443}},
        "status": {"conditions": [{"type": "Available", "status": "True"}]},
    }))
    .unwrap()
}

/// A Service in `ns` that stands for a name.
pub(super) fn put_external_name(services: &mut Services, service: &str, host: &str) {
    let key = super::ServiceKey { namespace: "ns".to_owned(), name: service.to_owned() };
    let spec = json!({"spec": {"type": "ExternalName", "externalName": host}});
    services.set_service(&key, Some(Service::read(&spec).unwrap()));
}

/// Status and body of an answer or a refusal; a body that is cut says so.
pub(super) async fn read(answered: Result<Answer, Refusal>) -> (u16, String) {
    let (head, mut body) = match answered {
        Ok(Answer::Reply(head, body) | Answer::Last(head, body)) => (head, body),
        Ok(other) => panic!("no reply: {other:?}"),
        Err(refusal) => refusal.render(&crate::refusal::asking("/", "*/*")),
    };
    let mut said = String::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(Frame::Data(bytes)) => said.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(_) => {}
            Err(cut) => {
                said.push_str(&format!("<cut: {cut}>"));
                break;
            }
        }
    }
    (head.status.as_u16(), said)
}

/// A request as it comes in.
pub(super) fn exchange(method: &str, target: &str, fields: &[(&str, &str)]) -> Exchange {
    let raw = Bytes::from(target.to_owned());
    let field = |(name, value): &(&str, &str)| (Name::from_slice(name.as_bytes()), Bytes::from((*value).to_owned()));
    let head = RequestHead {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        target: Target { url: Url::from_request(false, &raw).unwrap(), raw },
        version: Version::Http11,
        host: Bytes::from_static(b"weir.test"),
        headers: fields.iter().map(field).collect::<Headers>(),
        announced: Announced::new(),
    };
    let peer = Peer::new(Some(SocketAddr::from(([192, 0, 2, 7], 4711))), None);
    Exchange::new(head, Body::empty(), peer, Gone::default(), Box::new(Unheard))
}

/// Nobody listens for 1xx heads.
struct Unheard;

impl Early for Unheard {
    fn inform(&mut self, _head: &ResponseHead) {}
}

/// Runs a test where tasks of one worker may be started.
pub(super) async fn on_a_worker(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}
