//! A network of one backend, in memory, for the tests of this room.

mod messages;
mod net;

use std::{cell::RefCell, sync::Arc};

use tokio::sync::mpsc;

pub(super) use self::{
    messages::{data, fed, frame, get, post, read, request},
    net::{Dial, Peer, PretendNet},
};
use super::{
    Alpn, Incoming, Origin, Outgoing, Reply, SendError, Transport, TransportConfig,
    tls::{Trust, client_config},
};
use crate::{wire::ResponseHead, world::real};

/// A transport, and the backend it sends to.
pub(super) struct Stage {
    pub(super) transport: Transport,
    pub(super) net: Arc<PretendNet>,
    pub(super) origin: Origin,
    accepted: RefCell<mpsc::UnboundedReceiver<Peer>>,
}

impl Stage {
    pub(super) fn new(configure: impl FnOnce(&mut TransportConfig)) -> Self {
        Self::with_sockets(64 << 10, configure)
    }

    /// With sockets that hold so many bytes that nobody has read.
    pub(super) fn with_sockets(socket_bytes: usize, configure: impl FnOnce(&mut TransportConfig)) -> Self {
        let (tell, accepted) = mpsc::unbounded_channel();
        let net = Arc::new(PretendNet::new(socket_bytes, tell));
        let mut world = real::world([7; 32]);
        world.net = Arc::<PretendNet>::clone(&net);
        let tls = client_config(&world, Trust::Anyone, None).unwrap();
        let mut config = TransportConfig::new(Arc::new(tls));
        configure(&mut config);
        let origin = Origin { tls: false, host: "backend.test".to_owned(), port: 80, address: None, alpn: Alpn::Http1 };
        Self { transport: Transport::new(world, config), net, origin, accepted: RefCell::new(accepted) }
    }

    /// The backend's end of the next connection.
    pub(super) async fn accept(&self) -> Peer {
        std::future::poll_fn(|cx| self.accepted.borrow_mut().poll_recv(cx)).await.unwrap()
    }

    /// Whether a connection was made that nobody has accepted yet.
    pub(super) fn has_new_connection(&self) -> bool {
        !self.accepted.borrow().is_empty()
    }

    pub(super) async fn send(&self, request: Outgoing) -> Result<Reply, SendError> {
        self.transport.send(&self.origin, request, &mut |_| {}).await
    }

    /// Sends a request to be answered by a response.
    pub(super) async fn respond(&self, request: Outgoing) -> Result<Incoming, SendError> {
        match self.send(request).await? {
            Reply::Response(incoming) => Ok(incoming),
            Reply::Switched(..) => panic!("the backend switched"),
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn ask(&self, request: Outgoing) -> Result<(ResponseHead, String), SendError> {
        let Incoming { head, body, .. } = self.respond(request).await?;
        Ok((*head, read(body).await.unwrap()))
    }
}

/// Runs a test where tasks of one worker may be started.
pub(super) async fn on_a_worker(test: impl Future<Output = ()>) {
    tokio::task::LocalSet::new().run_until(test).await;
}
