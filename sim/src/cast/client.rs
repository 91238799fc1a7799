//! A client: asks as its plan says, and writes down what it got.

mod http1;
mod http2;

use std::{cell::RefCell, io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use rustls_pki_types::ServerName;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use weir::{
    upstream::tls::{Trust, client_config},
    wire::Channel,
    world::{Address, World},
};

use crate::{
    history::{Answered, Asked, Event, Got},
    traffic::{ClientPlan, Exchange, Speech, Spot},
};

/// A client of the proxy at `proxy`; cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    world: World,
    proxy: SocketAddr,
    speech: Speech,
    tls: TlsConnector,
    note: Rc<dyn Fn(Event)>,
}

/// What a client asks over, as long as it lasts.
#[derive(Clone)]
enum Line {
    /// One exchange at a time.
    Http1(Rc<RefCell<Option<http1::Connection>>>),
    /// All at a time.
    Http2(Rc<http2::Line>),
}

impl Client {
    pub(crate) fn new(world: World, proxy: SocketAddr, speech: Speech, note: Rc<dyn Fn(Event)>) -> Self {
        let mut tls = client_config(&world, Trust::Anyone, None).expect("a configuration without certificates");
        tls.alpn_protocols = match speech {
            Speech::Http2 => vec![b"h2".to_vec()],
            Speech::Plain | Speech::Tls => Vec::new(),
        };
        Self { world, proxy, speech, tls: TlsConnector::from(Arc::new(tls)), note }
    }

    /// Asks all that is planned, over one connection as long as that lasts: on HTTP/1 one after the other, on HTTP/2 without waiting.
    pub(crate) async fn play(&self, plan: &ClientPlan) {
        tokio::time::sleep(plan.starts).await;
        let line = self.line();
        let mut asking: Vec<JoinHandle<Got>> = Vec::new();
        for exchange in &plan.exchanges {
            tokio::time::sleep(exchange.request.think).await;
            let (this, exchange, on) = (self.clone(), exchange.clone(), line.clone());
            let asked = tokio::task::spawn_local(async move { this.ask(&exchange, &on).await });
            asking.push(asked);
            if let Line::Http1(_) = line {
                end(&mut asking).await;
            }
        }
        end(&mut asking).await;
    }

    /// Asks small things over fresh connections until one is answered in full, at most three times.
    pub(crate) async fn probe(&self, ids: [u64; 3]) {
        for id in ids {
            if self.ask(&Exchange::probe(id), &self.line()).await.is_success() {
                return;
            }
        }
    }

    fn line(&self) -> Line {
        match self.speech {
            Speech::Plain | Speech::Tls => Line::Http1(Rc::default()),
            Speech::Http2 => Line::Http2(Rc::default()),
        }
    }

    async fn ask(&self, exchange: &Exchange, line: &Line) -> Got {
        let request = &exchange.request;
        let leaves_after = match request.leaves {
            Some((Spot::Body(bytes), _)) => Some(bytes),
            Some((Spot::Waiting(_), _)) | None => None,
        };
        (self.note)(Event::Asked(Asked {
            id: exchange.id,
            method: request.method.name().to_owned(),
            body_bytes: request.body.bytes,
            leaves_after,
        }));
        let exchanged = async {
            match line {
                Line::Http1(connection) => {
                    let idle = connection.take();
                    let (got, open) = http1::exchange(self, exchange, idle).await;
                    connection.replace(open);
                    got
                }
                Line::Http2(line) => line.exchange(self, exchange).await,
            }
        };
        let late = Got::Nothing(NO_PATIENCE.to_owned());
        let got = tokio::time::timeout(PATIENCE, exchanged).await.unwrap_or(late);
        (self.note)(Event::Answered(Answered { id: exchange.id, got: got.clone() }));
        got
    }

    async fn dial(&self) -> io::Result<Channel> {
        let stream = self.world.net.dial(&Address::Tcp(self.proxy)).await?;
        if self.speech == Speech::Plain {
            return Ok(Channel::Plain(stream));
        }
        let name = ServerName::try_from("localhost").expect("a name");
        Ok(Channel::Client(Box::new(self.tls.connect(name, stream).await?)))
    }
}

/// Waits until all have been answered.
async fn end(asking: &mut Vec<JoinHandle<Got>>) {
    for asked in asking.drain(..) {
        // A panic is seen by whoever watches for it.
        drop(asked.await);
    }
}

/// What is written down of a client that has waited too long.
pub(crate) const NO_PATIENCE: &str = "no patience left";
/// How long a client waits for an answer: longer than a dead backend may go unnoticed.
const PATIENCE: Duration = Duration::from_secs(20);
