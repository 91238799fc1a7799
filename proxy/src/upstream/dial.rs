use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{
    ConnectionFault, Ends, Origin, SendCause, TransportConfig,
    egress::{self, Egress, Way},
    tls::{self, Offers},
};
use crate::{
    config::limits,
    wire::{Channel, http1::HeadLimits},
    world::{Address, Net, Stream, World},
};

/// Makes new connections to origins: name, TCP, TLS.
#[derive(Debug)]
pub(super) struct Dialer {
    net: Arc<dyn Net>,
    dial_timeout: Duration,
    tls_handshake_timeout: Duration,
    offers: Offers,
    server_name: Option<ServerName<'static>>,
    egress: Egress,
    head_limits: HeadLimits,
}

impl Dialer {
    pub(super) fn new(world: &World, config: &TransportConfig, tls: &ClientConfig) -> Self {
        Self {
            net: Arc::clone(&world.net),
            dial_timeout: config.dial_timeout,
            tls_handshake_timeout: config.tls_handshake_timeout,
            offers: Offers::new(tls),
            server_name: config.server_name.clone(),
            egress: config.egress.clone(),
            head_limits: HeadLimits { head_bytes_max: config.head_bytes_max },
        }
    }

    /// A connection to `origin`, TLS included, through a proxy where one is needed. It needs nobody to wait for it, so that it can outlive
    /// the request it was meant for.
    ///
    /// # Errors
    /// There is no such host, nobody answers there, TLS fails, or the proxy makes no tunnel.
    pub(super) async fn dial(self: Rc<Self>, origin: Rc<Origin>) -> Result<Channel, SendCause> {
        let channel = match self.egress.way(&origin)? {
            Way::ToProxy => return self.to_proxy(&origin).await,
            Way::Direct => Channel::Plain(self.connect(&origin).await?),
            Way::Connect(proxy) => {
                let mut channel = self.to_proxy(&proxy.origin()).await?;
                let asked = egress::connect(&mut channel, proxy, &origin.host, origin.port, self.head_limits);
                in_time(asked).await?;
                channel
            }
            Way::Socks(proxy) => {
                let mut channel = self.to_proxy(&proxy.origin()).await?;
                in_time(egress::connect_socks(&mut channel, proxy, &origin.host, origin.port)).await?;
                channel
            }
        };
        if !origin.tls {
            return Ok(channel);
        }
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name(&origin.host)?,
        };
        self.shake(channel, &origin, name).await
    }

    /// A connection to a proxy. Its certificate must be valid for its own name.
    async fn to_proxy(&self, at: &Origin) -> Result<Channel, SendCause> {
        let reach = async {
            let channel = Channel::Plain(self.connect(at).await?);
            if !at.tls {
                return Ok(channel);
            }
            self.shake(channel, at, server_name(&at.host)?).await
        };
        reach.await.map_err(|cause| SendCause::Proxy(Box::new(cause)))
    }

    async fn shake(&self, channel: Channel, with: &Origin, name: ServerName<'static>) -> Result<Channel, SendCause> {
        let ends = Ends::of(channel.stream());
        let shaken = tls::connect(channel, self.offers.of(with.alpn), name);
        match tokio::time::timeout(self.tls_handshake_timeout, shaken).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(SendCause::Handshake(ConnectionFault::Ended))
            }
            Ok(Err(error)) => Err(SendCause::Handshake(ConnectionFault::Read(ends, error))),
            Err(_) => Err(SendCause::HandshakeTimeout),
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<Stream, SendCause> {
        let deadline = Instant::now() + self.dial_timeout;
        if let Some(address) = &origin.address {
            return self.one(address.clone(), deadline).await;
        }
        if let Ok(ip) = origin.host.parse::<IpAddr>() {
            return self.one(Address::Tcp(SocketAddr::new(ip, origin.port)), deadline).await;
        }
        let lookup = timeout_at(deadline, self.net.resolve(&origin.host)).await;
        let failed = |error| SendCause::Lookup { host: origin.host.clone(), error };
        let found = lookup.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(failed)?;
        let Some(first) = found.first() else { return Err(failed(io::ErrorKind::NotFound.into())) };
        let (primaries, fallbacks): (Vec<IpAddr>, Vec<IpAddr>) =
            found.iter().partition(|ip| ip.is_ipv4() == first.is_ipv4());
        self.two_families(&primaries, &fallbacks, origin.port, deadline).await
    }

    /// Tries both families of addresses: the second one starts a little later, or at once when the first one has failed.
    ///
    /// Go: `net/dial.go` `sysDialer.dialParallel`.
    async fn two_families(
        &self,
        primaries: &[IpAddr],
        fallbacks: &[IpAddr],
        port: u16,
        deadline: Instant,
    ) -> Result<Stream, SendCause> {
        if fallbacks.is_empty() {
            return self.in_turn(primaries, port, deadline).await;
        }
        let mut first = pin!(self.in_turn(primaries, port, deadline));
        let head_start = Instant::now() + limits::DIAL_FALLBACK_DELAY;
        tokio::select! {
            biased;
            dialled = &mut first => match dialled {
                Ok(stream) => return Ok(stream),
                Err(cause) => return self.in_turn(fallbacks, port, deadline).await.map_err(|_| cause),
            },
            () = sleep_until(head_start) => {}
        }
        let mut second = pin!(self.in_turn(fallbacks, port, deadline));
        tokio::select! {
            biased;
            dialled = &mut first => match dialled {
                Ok(stream) => Ok(stream),
                Err(cause) => second.await.map_err(|_| cause),
            },
            dialled = &mut second => match dialled {
                Ok(stream) => Ok(stream),
                Err(_) => first.await,
            },
        }
    }

    /// Tries addresses one after the other, each with its share of the time that is left. The first error is the one that is told.
    ///
    /// Go: `net/dial.go` `sysDialer.dialSerial`, `partialDeadline`.
    async fn in_turn(&self, addresses: &[IpAddr], port: u16, deadline: Instant) -> Result<Stream, SendCause> {
        let mut first_cause = None;
        for (at, ip) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let share = (left / (addresses.len() - at) as u32).max(limits::DIAL_SHARE_MIN).min(left);
            match self.one(Address::Tcp(SocketAddr::new(*ip, port)), Instant::now() + share).await {
                Ok(stream) => return Ok(stream),
                Err(cause) => {
                    first_cause.get_or_insert(cause);
                }
            }
        }
        Err(first_cause.unwrap_or(SendCause::NoHost))
    }

    async fn one(&self, address: Address, deadline: Instant) -> Result<Stream, SendCause> {
        let dialled = timeout_at(deadline, self.net.dial(&address)).await;
        dialled
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| SendCause::Dial { address, error })
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, SendCause> {
    ServerName::try_from(host.to_owned()).map_err(|_| SendCause::ServerName(host.to_owned()))
}

/// Bounds what a proxy may take to make a tunnel.
async fn in_time(tunnel: impl Future<Output = Result<(), SendCause>>) -> Result<(), SendCause> {
    tokio::time::timeout(limits::EGRESS_TUNNEL_TIMEOUT, tunnel).await.unwrap_or(Err(SendCause::ProxyTimeout))
}
