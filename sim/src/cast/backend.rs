//! A backend: reads requests strictly, writes down what it saw, answers as the exchange's plan says.

mod goaway;
mod http1;
mod http2;

use std::{cell::RefCell, collections::BTreeSet, future::poll_fn, rc::Rc, sync::Arc};

use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use weir::{
    listen::tls::server_config,
    wire::Channel,
    world::{Address, Stream, World},
};

use crate::{
    history::{Delivered, Event, History, Replied, ReplyEnd},
    traffic::{Exchange, Speech, Traffic, Unseen},
};

/// The port that backends listen on.
pub(crate) const PORT: u16 = 8080;

/// A backend, whenever its machine is up; cheap to clone.
#[derive(Clone)]
pub(crate) struct Backend {
    name: String,
    traffic: Rc<Traffic>,
    speech: Speech,
    pair: Rc<Pair>,
    note: Rc<dyn Fn(Event)>,
    /// Requests that it did not see at first.
    unseen: Rc<RefCell<BTreeSet<u64>>>,
}

/// A certificate that nobody is asked to trust, and its key.
pub(crate) struct Pair {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// Both, as PEM.
    pub(crate) pem: [String; 2],
}

impl Pair {
    pub(crate) fn new() -> Self {
        let own = rcgen::generate_simple_self_signed(vec!["weir".to_owned()]).expect("a name that can be certified");
        let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key as it was made");
        let pem = [own.cert.pem(), own.signing_key.serialize_pem()];
        Self { certificate: own.cert.der().clone(), key, pem }
    }
}

impl Backend {
    pub(crate) fn new(
        name: String,
        traffic: &Rc<Traffic>,
        speech: Speech,
        pair: &Rc<Pair>,
        note: Rc<dyn Fn(Event)>,
    ) -> Self {
        Self { name, traffic: Rc::clone(traffic), speech, pair: Rc::clone(pair), note, unseen: Rc::default() }
    }

    /// Answers until the machine stops.
    pub(crate) async fn serve(self, world: World) {
        let mut tls = server_config(&world, vec![self.pair.certificate.clone()], self.pair.key.clone_key())
            .expect("the certificate goes with the key");
        Arc::make_mut(&mut tls).alpn_protocols = self.speech.alpn();
        let tls = TlsAcceptor::from(tls);
        let all = Address::Tcp(([0, 0, 0, 0], PORT).into());
        let mut listener = world.net.listen(&all, 1).expect("the machine has just started").remove(0);
        while let Ok(stream) = poll_fn(|cx| listener.poll_accept(cx)).await {
            let (this, tls) = (self.clone(), tls.clone());
            tokio::task::spawn_local(async move { this.converse(stream, tls).await });
        }
    }

    async fn converse(&self, stream: Stream, tls: TlsAcceptor) {
        if self.speech == Speech::Plain {
            return http1::converse(self, Channel::Plain(stream)).await;
        }
        // A connection that fails shows at its other end.
        let Ok(stream) = tls.accept(stream).await else { return };
        let speaks_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let channel = Channel::Server(Box::new(stream));
        match speaks_http2 {
            true => http2::converse(self, channel).await,
            false => http1::converse(self, channel).await,
        }
    }

    /// What keeps it from seeing a request: what is planned, the first time.
    fn unseen(&self, path: &str) -> Unseen {
        let Some(exchange) = id_of(path).and_then(|id| self.traffic.exchange(id)) else { return Unseen::No };
        let first = exchange.reply.unseen != Unseen::No && self.unseen.borrow_mut().insert(exchange.id);
        if first { exchange.reply.unseen } else { Unseen::No }
    }

    /// Writes down that a request came; its exchange. None: nobody has planned it.
    fn delivered<'a>(&self, path: &str, fields: impl Iterator<Item = &'a str>) -> Option<Exchange> {
        let id = id_of(path)?;
        let fields = fields.map(str::to_owned).collect();
        (self.note)(Event::Delivered(Delivered { id, backend: self.name.clone(), fields }));
        Some(self.traffic.exchange(id).cloned().unwrap_or_else(|| Exchange::probe(id)))
    }

    fn replied(&self, id: u64, end: ReplyEnd) {
        (self.note)(Event::Replied(Replied { id, backend: self.name.clone(), end }));
    }
}

fn id_of(path: &str) -> Option<u64> {
    path.strip_prefix("/exchange/")?.parse().ok()
}

/// What a machine's actors use to write down what they see.
pub(crate) fn pen(history: &Arc<History>) -> Rc<dyn Fn(Event)> {
    let history = Arc::clone(history);
    Rc::new(move |event| history.add(event))
}
