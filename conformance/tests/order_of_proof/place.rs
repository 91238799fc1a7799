//! Where a conversation is played.

use std::{
    cell::Cell,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{sync::oneshot, task::LocalSet};
use weir::world::{LocalBoxFuture, real};
use weir_conformance::process::{ReverseProxy, command};
use weir_sim::Stage;

use super::{
    backend::Backend,
    client::Client,
    proxy::{self, Between, Proxy},
};

/// Where a conversation is played. Its parts do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Three simulated machines.
    Simulator,
    /// Sockets of this machine; the proxy runs in threads of this process.
    Sockets,
    /// Sockets of this machine; the proxy is a process of its own.
    Process,
}

type Part<T> = Box<dyn FnOnce(T) -> LocalBoxFuture<'static, ()>>;

impl Place {
    /// Plays a conversation to the end of both parts, through a proxy of its own.
    pub(crate) fn play(
        self,
        between: Between,
        client: impl AsyncFnOnce(Client) + 'static,
        backend: impl AsyncFnOnce(Backend) + 'static,
    ) {
        let client: Part<Client> = Box::new(|it| Box::pin(async move { client(it).await }));
        let backend: Part<Backend> = Box::new(|it| Box::pin(async move { backend(it).await }));
        match self {
            Self::Simulator => simulate(between, client, backend),
            Self::Sockets | Self::Process => over_sockets(self, between, client, backend),
        }
    }

    /// The longest time in which word of something gets from one end of a conversation to the other, when nobody sits on it.
    pub(crate) fn promptly(self) -> Duration {
        match self {
            // Two links of 1 ms, and a tick for every machine.
            Self::Simulator => Duration::from_millis(10),
            // The machine may be busy.
            Self::Sockets | Self::Process => Duration::from_secs(2),
        }
    }
}

fn simulate(between: Between, client: Part<Client>, backend: Part<Backend>) {
    let mut stage = Stage::new(1);
    let (tell, told) = oneshot::channel();
    let part = Cell::new(Some((backend, tell)));
    stage.host(BACKEND, move |world| {
        let (backend, tell) = part.take().expect("it starts once");
        Box::pin(async move {
            backend(Backend::listen(&world, ANY_ADDRESS, between.back)).await;
            tell.send(()).expect("the client waits");
        })
    });
    stage.host(PROXY, move |world| {
        let arguments = proxy::arguments(between, &ANY_ADDRESS.to_string(), &format!("{BACKEND}:{PORT}"));
        proxy::install_certificates(&world);
        Box::pin(proxy::serve(world, arguments, oneshot::channel().0))
    });
    stage.client("client", move |world| {
        Box::pin(async move {
            let address = world.net.resolve(PROXY).await.expect("it has a name")[0];
            let proxy = Proxy { address: (address, PORT).into(), front: between.front, process: None };
            client(Client::new(world, proxy).await).await;
            told.await.map_err(|_| "the backend was dropped".to_owned())
        })
    });
    stage.run(PATIENCE).unwrap_or_else(|error| panic!("{error}"));
}

fn over_sockets(place: Place, between: Between, client: Part<Client>, backend: Part<Backend>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async move {
        let world = real::world(real::seed().expect("the machine has randomness"));
        let at_backend = Backend::listen(&world, LOOPBACK, between.back);
        let arguments = proxy::arguments(between, &LOOPBACK.to_string(), &format!("127.0.0.1:{}", at_backend.port()));
        let process = (place == Place::Process).then(|| ReverseProxy::start(command().args(&arguments)));
        let address = match &process {
            Some(weir) => weir.address,
            None => {
                let (tell, ready) = oneshot::channel();
                tokio::task::spawn_local(proxy::serve(world.clone(), arguments, tell));
                ready.await.expect("the proxy starts")
            }
        };
        let proxy = Proxy { address, front: between.front, process: process.as_ref().map(ReverseProxy::id) };
        let play = async {
            let client = async { client(Client::new(world.clone(), proxy).await).await };
            tokio::join!(client, backend(at_backend));
        };
        tokio::time::timeout(PATIENCE, play).await.expect("the conversation ends");
    });
}

const BACKEND: &str = "backend.test";
const PROXY: &str = "proxy.test";
const PORT: u16 = 8_000;
const ANY_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A conversation that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);
