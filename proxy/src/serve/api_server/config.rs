use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use super::{admin::Admin, files::Files, renewal::Renewal, users};
use crate::{
    chain,
    config::{BadFlag, ServeFlags, certificates::Keep, flags::send_timeout, parse_duration},
    listen::{Http2Limits, Settings},
    observe::Metrics,
    rest::Allow,
    world::{Address, World},
};

/// An API server, as configured.
#[derive(Clone, Debug)]
pub(super) struct ApiServerConfig {
    /// Where it listens.
    pub(super) listen: Address,
    bind: IpAddr,
    /// How many workers serve.
    pub(super) workers: usize,
    /// How connections of clients are treated.
    pub(super) server: Settings,
    /// What the filters need to know.
    pub(super) parts: chain::Parts,
    /// Who may do everything, from the first start on.
    pub(super) admin: Admin,
    /// What is accepted beyond Go's rules.
    pub(super) allow: Allow,
    /// What may change while it runs.
    pub(super) renewal: Renewal,
}

impl ApiServerConfig {
    /// What the flags say, with the files that they name, and those of the data folder, which are made where they are not there.
    ///
    /// # Errors
    /// A flag or file cannot be used; the error names it.
    pub(super) fn from_flags(world: &World, flags: &ServeFlags, keep: &Keep) -> Result<Self, BadFlag> {
        let renewal = Renewal::first(world, Files::new(flags.clone(), keep.clone()))?;
        let admin =
            Admin::kept_or_made(world, keep).map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
        let mut server = Settings::bounded(None);
        server.tls = Some(renewal.serving.clone());
        server.http2 = Http2Limits::of_apiserver();
        server.send_timeout = send_timeout(&flags.send_timeout)?;
        Ok(Self {
            listen: Address::Tcp(SocketAddr::new(flags.bind_address, flags.secure_port)),
            bind: flags.bind_address,
            workers: if flags.workers == 0 { world.process.workers() } else { flags.workers },
            server,
            parts: parts(world, flags, &renewal, &admin)?,
            admin,
            allow: if flags.allow_loopback_endpoints { Allow::LoopbackEndpoints } else { Allow::Nothing },
            renewal,
        })
    }

    /// Where clients of this machine reach it.
    pub(super) fn address(&self, port: u16) -> SocketAddr {
        let host = match self.bind {
            every if every.is_unspecified() && every.is_ipv4() => Ipv4Addr::LOCALHOST.into(),
            every if every.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            one => one,
        };
        SocketAddr::new(host, port)
    }
}

fn parts(world: &World, flags: &ServeFlags, renewal: &Renewal, admin: &Admin) -> Result<chain::Parts, BadFlag> {
    let bad_timeout = |reason: &dyn std::fmt::Display| BadFlag::new("request-timeout", &flags.request_timeout, reason);
    let request_timeout = match parse_duration(&flags.request_timeout) {
        Ok(Some(timeout)) if !timeout.is_zero() => timeout,
        Ok(_) => return Err(bad_timeout(&"expected more than no time")),
        Err(error) => return Err(bad_timeout(&error)),
    };
    let names = users::header_names(&flags.front_proxy)?;
    Ok(chain::Parts {
        authorizer: users::authorizer(flags.users.authorization_mode),
        authenticator: users::authenticator(world, flags, renewal, names.clone(), admin)?,
        identity_fields: Some(names),
        request_timeout,
        seats: Arc::new(chain::Seats::new(flags.max_requests_inflight, flags.max_mutating_requests_inflight)),
        metrics: Metrics::default(),
    })
}
