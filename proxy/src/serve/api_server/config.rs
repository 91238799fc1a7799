use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use rustls::DistinguishedName;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{
    admin::Admin,
    users::{self, Trusted},
};
use crate::{
    chain,
    config::{
        BadFlag, ServeFlags,
        certificates::{Certificates, Keep, Pair},
        flags::{AggregationFlags, FlagFile, ServingFlags},
        parse_duration,
    },
    listen::{self, Http2Limits, Settings},
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
    /// What clients have to trust, as PEM.
    pub(super) authority: Bytes,
    /// What is accepted beyond Go's rules.
    pub(super) allow: Allow,
    /// Who we are for the servers behind this one.
    pub(super) front_proxy: Arc<Pair>,
}

impl ApiServerConfig {
    /// What the flags say, with the files that they name, and those of the data folder, which are made where they are not there.
    ///
    /// # Errors
    /// A flag or file cannot be used; the error names it.
    pub(super) fn from_flags(world: &World, flags: &ServeFlags, keep: &Keep) -> Result<Self, BadFlag> {
        let certificates = Certificates::kept_or_made(world, keep, flags.bind_address)
            .map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
        let admin =
            Admin::kept_or_made(world, keep).map_err(|error| BadFlag::new("data-dir", &flags.data_dir, error))?;
        let trusted = Trusted::from_flags(world, flags, &certificates)?;
        let ServingFlags { tls_cert_file, tls_private_key_file } = &flags.serving;
        let given = Pair::of_flags(
            world,
            FlagFile::of("tls-cert-file", tls_cert_file.as_ref()),
            FlagFile::of("tls-private-key-file", tls_private_key_file.as_ref()),
        )?;
        let (serving, authority) = match given {
            Some(pair) => (pair.clone(), pair.certificates),
            None => (certificates.serving.clone(), certificates.ca.clone()),
        };
        let AggregationFlags { proxy_client_cert_file, proxy_client_key_file } = &flags.aggregation;
        let front_proxy = Pair::of_flags(
            world,
            FlagFile::of("proxy-client-cert-file", proxy_client_cert_file.as_ref()),
            FlagFile::of("proxy-client-key-file", proxy_client_key_file.as_ref()),
        )?;
        let mut server = Settings::bounded(Some(server_tls(world, flags, &serving, &trusted)?));
        server.http2 = Http2Limits::of_apiserver();
        Ok(Self {
            listen: Address::Tcp(SocketAddr::new(flags.bind_address, flags.secure_port)),
            bind: flags.bind_address,
            workers: if flags.workers == 0 { world.process.workers() } else { flags.workers },
            server,
            parts: parts(world, flags, trusted, &admin)?,
            admin,
            authority,
            allow: if flags.allow_loopback_endpoints { Allow::LoopbackEndpoints } else { Allow::Nothing },
            front_proxy: Arc::new(front_proxy.unwrap_or(certificates.front_proxy)),
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

fn parts(world: &World, flags: &ServeFlags, trusted: Trusted, admin: &Admin) -> Result<chain::Parts, BadFlag> {
    let bad_timeout = |reason: &dyn std::fmt::Display| BadFlag::new("request-timeout", &flags.request_timeout, reason);
    let request_timeout = match parse_duration(&flags.request_timeout) {
        Ok(Some(timeout)) if !timeout.is_zero() => timeout,
        Ok(_) => return Err(bad_timeout(&"expected more than no time")),
        Err(error) => return Err(bad_timeout(&error)),
    };
    Ok(chain::Parts {
        authorizer: users::authorizer(flags.users.authorization_mode),
        identity_fields: Some(trusted.header_names.clone()),
        authenticator: users::authenticator(world, flags, trusted, admin)?,
        request_timeout,
        seats: Arc::new(chain::Seats::new(flags.max_requests_inflight, flags.max_mutating_requests_inflight)),
        metrics: Metrics::default(),
    })
}

fn server_tls(
    world: &World,
    flags: &ServeFlags,
    serving: &Pair,
    trusted: &Trusted,
) -> Result<Arc<rustls::ServerConfig>, BadFlag> {
    let file = flags.serving.tls_private_key_file.as_ref().map_or_else(String::new, |file| file.display().to_string());
    let bad = |error: &dyn std::fmt::Display| BadFlag::new("tls-private-key-file", &file, error);
    let (chain, key) = serving.parsed().map_err(|error| bad(&error))?;
    let authorities = trusted.authorities().filter_map(subject).collect();
    listen::tls::asking_server_config(world, chain, key, authorities).map_err(|error| bad(&error))
}

fn subject(authority: &CertificateDer<'_>) -> Option<DistinguishedName> {
    let (_, parsed) = X509Certificate::from_der(authority).ok()?;
    Some(DistinguishedName::from(parsed.subject().as_raw().to_vec()))
}
