//! An extension server: serves one group behind TLS, and writes down who asks what.

use std::{future::poll_fn, rc::Rc, sync::Arc, time::Duration};

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;
use weir::{
    listen::tls::server_config,
    world::{Address, Stream, World},
};

use super::{
    EXTENSIONS,
    plan::{Ask, Plan},
};
use crate::{
    cast::speech::{Head, Reader, Unread},
    history::{Delivered, Event},
    traffic::{Whose, bytes_of},
};

/// The port that extension servers listen on.
pub(super) const PORT: u16 = 443;
/// The namespace that their Services stand in.
pub(super) const NAMESPACE: &str = "extensions";

/// The group that an extension serves.
pub(super) fn group(nth: usize) -> String {
    format!("group-{nth}.example.com")
}

/// The name of an extension's machine and of its Service.
pub(super) fn name(nth: usize) -> String {
    format!("{}-{nth}", EXTENSIONS.0)
}

/// An extension server, whenever its machine is up.
#[derive(Clone)]
pub(super) struct Extension {
    nth: usize,
    name: String,
    plan: Rc<Plan>,
    note: Rc<dyn Fn(Event)>,
    certificate: CertificateDer<'static>,
    key: Rc<PrivateKeyDer<'static>>,
    authority: String,
}

impl Extension {
    /// It has a certificate for the name of its Service.
    pub(super) fn new(nth: usize, plan: &Rc<Plan>, note: Rc<dyn Fn(Event)>) -> Self {
        let name = name(nth);
        let own = rcgen::generate_simple_self_signed(vec![format!("{name}.{NAMESPACE}.svc")]);
        let own = own.expect("a name that can be certified");
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key as it was made");
        let (plan, authority) = (Rc::clone(plan), own.cert.pem());
        Self { nth, name, plan, note, certificate: own.cert.der().clone(), key: Rc::new(key), authority }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What has to be trusted to believe it, as PEM.
    pub(super) fn authority(&self) -> String {
        self.authority.clone()
    }

    /// Answers until the machine stops.
    pub(super) async fn serve(self, world: World) {
        let mut config = server_config(&world, vec![self.certificate.clone()], self.key.clone_key())
            .expect("the certificate goes with the key");
        config_without_http2(&mut config);
        let acceptor = TlsAcceptor::from(config);
        let all = Address::Tcp(([0, 0, 0, 0], PORT).into());
        let mut listener = world.net.listen(&all, 1).expect("the machine has just started").remove(0);
        while let Ok(stream) = poll_fn(|cx| listener.poll_accept(cx)).await {
            let (this, acceptor) = (self.clone(), acceptor.clone());
            // A connection that fails shows at its other end.
            tokio::task::spawn_local(async move { drop(this.converse(acceptor, stream).await) });
        }
    }

    async fn converse(&self, acceptor: TlsAcceptor, stream: Stream) -> Result<(), Unread> {
        let (from, mut to) = tokio::io::split(acceptor.accept(stream).await?);
        let mut from = Reader::new(from);
        loop {
            let head = from.head().await?;
            let (status, fields, body) = self.answer(&head).await;
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n");
            to.write_all(head.as_bytes()).await?;
            to.write_all(&body).await?;
            to.flush().await?;
        }
    }

    /// The status, the fields and the body of an answer.
    async fn answer(&self, head: &Head) -> (&'static str, String, Vec<u8>) {
        let path = head.first.split(' ').nth(1).unwrap_or_default();
        let root = format!("/apis/{}/v1", group(self.nth));
        if path == root {
            return ("200 OK", "Content-Type: application/json\r\n".to_owned(), self.resources().into_bytes());
        }
        // Whatever group it is asked for: that it was asked is what the run is about.
        let id = path.split_once("/v1/things/").and_then(|(_, id)| id.parse().ok());
        let Some(id) = id else { return ("404 Not Found", String::new(), b"404 page not found\n".to_vec()) };
        let fields = head.fields.iter().map(|(name, _)| name.clone()).collect();
        (self.note)(Event::Delivered(Delivered { id, backend: self.name.clone(), fields }));
        let Ask { bytes, think, .. } = self.plan.ask(id);
        if think > Duration::ZERO {
            tokio::time::sleep(think).await;
        }
        let fields = format!("Content-Type: text/plain\r\nX-Backend: {}\r\nX-Answers: {id}\r\n", self.name);
        ("200 OK", fields, bytes_of(id, Whose::Reply, bytes))
    }

    fn resources(&self) -> String {
        let thing = serde_json::json!({
            "name": "things", "singularName": "thing", "namespaced": false, "kind": "Thing", "verbs": ["get"],
        });
        let list = serde_json::json!({
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": format!("{}/v1", group(self.nth)), "resources": [thing],
        });
        list.to_string()
    }
}

/// It speaks HTTP/1.1 alone.
fn config_without_http2(config: &mut Arc<rustls::ServerConfig>) {
    Arc::make_mut(config).alpn_protocols = vec![b"http/1.1".to_vec()];
}
