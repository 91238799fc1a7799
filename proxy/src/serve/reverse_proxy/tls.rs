//! TLS on both sides of `weir reverse-proxy`: what its files say, at the start and whenever they are read again.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::sync::watch;

use crate::{
    config::{BadFlag, ReverseProxyFlags, certificates::Pair, flags::FlagFile},
    listen::tls::{Serving, server_config},
    upstream::{
        Transport,
        tls::{Trust, client_config},
    },
    world::World,
};

/// Reads the files again when it is asked to. What cannot be used is told of, and what was said before stands.
pub(super) struct Renewal<'a> {
    world: &'a World,
    flags: &'a ReverseProxyFlags,
    serving: Option<Serving>,
    backend: watch::Sender<Option<Arc<ClientConfig>>>,
}

impl<'a> Renewal<'a> {
    /// Of the files that the flags name; `serving` is what clients are shown now.
    pub(super) fn new(world: &'a World, flags: &'a ReverseProxyFlags, serving: Option<Serving>) -> Self {
        Self { world, flags, serving, backend: watch::Sender::new(None) }
    }

    /// How the backend is spoken to from each change on, for [`renew`].
    pub(super) fn backend(&self) -> watch::Receiver<Option<Arc<ClientConfig>>> {
        self.backend.subscribe()
    }

    /// Reads the files.
    pub(super) fn look(&self) {
        match self.read() {
            Ok(()) => tracing::info!("certificates are read again"),
            Err(error) => tracing::error!(%error, "a file cannot be used: what it said before stands"),
        }
    }

    fn read(&self) -> Result<(), BadFlag> {
        let serving = serving(self.world, self.flags)?;
        if self.flags.to_ca_file.is_some() {
            self.backend.send_replace(Some(backend(self.world, self.flags)?));
        }
        if let (Some(shown), Some(now)) = (&self.serving, serving) {
            shown.replace(now);
        }
        Ok(())
    }
}

/// Tells a transport of each change, as long as there can be one.
pub(super) async fn renew(transport: Transport, mut backend: watch::Receiver<Option<Arc<ClientConfig>>>) {
    while backend.changed().await.is_ok() {
        let now = backend.borrow_and_update().clone();
        if let Some(tls) = now {
            transport.renew_tls(&tls);
        }
    }
}

/// What clients are shown; none without the flags.
pub(super) fn serving(world: &World, flags: &ReverseProxyFlags) -> Result<Option<Arc<ServerConfig>>, BadFlag> {
    let certificates = FlagFile::of("tls-cert-file", flags.tls_cert_file.as_ref());
    let Some(key) = FlagFile::of("tls-private-key-file", flags.tls_private_key_file.as_ref()) else { return Ok(None) };
    let Some(pair) = Pair::of_flags(world, certificates, Some(key))? else { return Ok(None) };
    let (chain, private_key) = pair.parsed().map_err(|error| key.bad(error))?;
    server_config(world, chain, private_key).map(Some).map_err(|error| key.bad(error))
}

/// How the backend is spoken to.
pub(super) fn backend(world: &World, flags: &ReverseProxyFlags) -> Result<Arc<ClientConfig>, BadFlag> {
    let trust = if flags.to_insecure_skip_tls_verify {
        Trust::Anyone
    } else if let Some(file) = FlagFile::of("to-ca-file", flags.to_ca_file.as_ref()) {
        let certificates = file.certificates(world)?;
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|error| file.bad(error))?;
        }
        Trust::Certificates(certificates)
    } else {
        Trust::Roots(Arc::new(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()))
    };
    let config = client_config(world, trust, None).map_err(|error| BadFlag::new("to", &flags.to, error))?;
    Ok(Arc::new(config))
}
